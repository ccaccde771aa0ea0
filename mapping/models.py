"""The Platform's organizations and offers, what they are called in ConnectWise, and how that came.

Nothing here is ever deleted: lines and history point at it.
"""

from django.conf import settings
from django.db import models


class Organization(models.Model):
    """A customer of the Seller on the Platform; `company` is who it is in ConnectWise."""

    platform_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    reference_number = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, default="Active")
    company = models.ForeignKey(
        "psa_connectwise.Company", models.PROTECT, null=True, blank=True, related_name="+"
    )
    # What ConnectWise last said when this mapping could not be checked ("" when it could).
    response_error = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        permissions = [("edit_mappings", "Can map organizations, offers and agreements")]

    def __str__(self) -> str:
        return self.name


class Offer(models.Model):
    """What the Platform sells; `product` is what it is in ConnectWise's catalog."""

    platform_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    vendor_name = models.CharField(max_length=255)
    sku = models.CharField(max_length=64, blank=True)
    product = models.ForeignKey(
        "psa_connectwise.Product", models.PROTECT, null=True, blank=True, related_name="+"
    )
    response_error = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class OrganizationOffer(models.Model):
    """The product of an offer for one organization only; it beats the offer's own (P19)."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="offer_products")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="organization_products")
    product = models.ForeignKey("psa_connectwise.Product", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "offer"], name="one_product_per_organization_and_offer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.offer} for {self.organization}"


class AgreementDefault(models.Model):
    """The agreement of an organization's contract, for one offer or (`offer` None) for all (P33).

    Either `agreement` or `create_agreement`, never both.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="agreements")
    contract_id = models.CharField(max_length=64)
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, blank=True, related_name="+")
    agreement = models.ForeignKey(
        "psa_connectwise.Agreement", models.PROTECT, null=True, blank=True, related_name="+"
    )
    create_agreement = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "contract_id", "offer"],
                nulls_distinct=False,
                name="one_agreement_per_organization_contract_and_offer",
            ),
            models.CheckConstraint(
                condition=models.Q(agreement__isnull=True) ^ models.Q(create_agreement=False),
                name="agreement_or_create_agreement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.contract_id}"


class MappingChange(models.Model):
    """One change of a mapping: who, when, from what, to what, how many lines it filled (P13)."""

    class Kind(models.TextChoices):
        """What was mapped: an offer also for one organization alone."""

        ORGANIZATION = "organization"
        OFFER = "offer"
        AGREEMENT = "agreement"

    class Origin(models.TextChoices):
        """How it came about, in the words of the history."""

        PICKER = "picker", "chosen on the tab"
        LINE = "line", "saved on an invoice line"
        BULK = "bulk", "bulk update"
        IMPORT = "import", "imported"
        SUGGESTION = "suggestion", "suggestion accepted"
        REVERT = "revert", "reverted"

    kind = models.CharField(max_length=16, choices=Kind)
    origin = models.CharField(max_length=16, choices=Origin)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, related_name="+")
    contract_id = models.CharField(max_length=64, blank=True)
    # {"id": our row's id, "connectwise_id": …, "name": …} or {"create": true}; null when unmapped.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    batch = models.UUIDField(null=True, db_index=True)
    # The change that this one took back.
    reverts = models.ForeignKey("self", models.PROTECT, null=True, related_name="reverted_by")
    lines_affected = models.IntegerField(default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.organization or self.offer}"


class Suggestion(models.Model):
    """What a record may be in ConnectWise, as last worked out; only a person's yes maps it (P11).

    A dismissed one stays, so that it isn't proposed again.
    """

    # 1 is the best of the record, 2 the runner-up.
    place = models.PositiveSmallIntegerField()
    score = models.PositiveSmallIntegerField()
    reason = models.TextField()
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class OrganizationSuggestion(Suggestion):
    """A company that an organization may be."""

    record = models.ForeignKey(Organization, models.CASCADE, related_name="suggestions")
    target = models.ForeignKey("psa_connectwise.Company", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "target"], name="one_suggestion_per_organization_and_company"
            )
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.target} {self.score} %"


class OfferSuggestion(Suggestion):
    """A product that an offer may be."""

    record = models.ForeignKey(Offer, models.CASCADE, related_name="suggestions")
    target = models.ForeignKey("psa_connectwise.Product", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "target"], name="one_suggestion_per_offer_and_product"
            )
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.target} {self.score} %"


class DirectoryRefresh(models.Model):
    """One refresh of the directory, with its progress; at most one is under way."""

    class State(models.TextChoices):
        """FAILED keeps what was read before, and every mapping."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    # Which parts, in order: organizations, offers, agreement_types, companies, products, agreements.
    parts = models.JSONField(default=list)
    months = models.PositiveSmallIntegerField(default=16)
    # {part: {"read": n, "new": n, "changed": n, "missing": n, "bad": n}}
    counts = models.JSONField(default=dict)
    message = models.TextField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Who works on it: a worker that finds another token here gives up.
    token = models.UUIDField(null=True)
    heartbeat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(state__in=["queued", "running"]),
                name="one_directory_refresh_at_once",
            )
        ]

    def __str__(self) -> str:
        return f"refresh of {', '.join(self.parts)}"


class MappingFile(models.Model):
    """An uploaded file of mappings with what it would change, as it is shown; imported at most once."""

    name = models.CharField(max_length=255)
    text = models.TextField()
    # Its letters were guessed: it said nothing of its encoding.
    is_guessed = models.BooleanField(default=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    shown_at = models.DateTimeField()
    mappings = models.IntegerField(default=0)
    # {"line", "kind", "organization", "offer", "contract", "before", "after", "lines"} of each change,
    # pictures as in MappingChange; and {"line", "words"} of each fault.
    changes = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    # Whose import may follow: it changes whenever the changes do.
    mark = models.CharField(max_length=64, blank=True)
    # Of the changes that were made of it; None until then.
    batch = models.UUIDField(null=True)

    def __str__(self) -> str:
        return self.name


class GridPreference(models.Model):
    """How a user wants to see one grid: rows on a page, columns, their widths."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    grid = models.CharField(max_length=32)
    page_size = models.PositiveSmallIntegerField(default=20)
    columns = models.JSONField(default=list)  # keys; none: the grid's own choice
    widths = models.JSONField(default=dict)  # pixels by key, of those that were dragged

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "grid"], name="one_preference_per_grid")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.grid}: {self.page_size}"


class SavedView(models.Model):
    """A look at one grid that a user has given a name: what is searched, filtered, sorted, shown."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    grid = models.CharField(max_length=32)
    name = models.CharField(max_length=60)
    # {name: [values]} as in the URL, without period, page and page size.
    params = models.JSONField(default=dict)
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "grid", "name"], name="one_view_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name
