"""Invoice lines, their search text, and what each user has ticked."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class DateSource(models.TextChoices):
    """Who set a charge date: the Platform, a rule, a user. User beats rule, always (P23)."""

    NONE = "none", ""
    SYSTEM = "system", "System Updated"
    USER = "user", "User Updated"


class ValueSource(models.TextChoices):
    """Who set a ConnectWise value of a line; only DEFAULT is refilled from the mappings (P12)."""

    NONE = "none", ""
    DEFAULT = "default", "from the mapping"
    USER = "user", "chosen on the line"
    BULK = "bulk", "User Updated"


# What the grid counts, filters and sorts by, read without the table (`queries/tallies.py`). Columns
# that depend on each other share an index: equal keys are stored once, with a list of their rows,
# so that each costs a load a tenth of what an index that ends in the id would.
TALLIES = [
    *(
        models.Index(fields=["period", *fields], name=f"line_tally_{name}")
        for name, fields in (
            (
                "organization",
                ["organization_name", "organization_reference", "invoice_number"],
            ),
            ("contract", ["contract_id"]),
            ("offer", ["offer_name", "offer_platform_id", "vendor_name"]),
            (
                "status",
                ["billing_cycle", "commitment_term", "charge_type", "is_mapped", "psa_status"],
            ),
            ("dates", ["charge_start_date", "charge_end_date"]),
            ("company", ["company_name", "company_connectwise_id", "agreement_name"]),
            ("product", ["product_name", "product_connectwise_id"]),
        )
    ),
    # What repeats too seldom for that, and what repeats so often that one value is half the month,
    # lies beside the id in the order in which lines come: a fifth of the table, and only appended to.
    models.Index(
        fields=["period", "id"],
        include=[
            "quantity",
            "unit_cost",
            "unit_price",
            "total_cost",
            "total_price",
            "charge_start_date",
            "charge_end_date",
            "billing_cycle",
            "commitment_term",
            "charge_type",
            "is_mapped",
            "psa_status",
        ],
        name="line_tally_narrow",
    ),
]


class InvoiceLine(models.Model):
    """One line of a Platform invoice, to become or to change one Addition in ConnectWise."""

    class Status(models.TextChoices):
        """Status in PSA: these three and nothing else (P27)."""

        NOT_SYNCED = "not_synced", "Not Synced"
        SYNCED = "synced", "Synced"
        ERROR = "error", "Error"

    class Source(models.TextChoices):
        """Custom invoices are written by hand on the Platform: all their lines are Corrections (P19)."""

        STANDARD = "standard", "Standard"
        CUSTOM = "custom", "Custom"

    # From the Platform, read-only.
    platform_id = models.CharField(max_length=64, unique=True)
    period = models.DateField()  # first day of the invoice date's month
    invoice_id = models.CharField(max_length=64)
    invoice_number = models.CharField(max_length=64, blank=True)
    invoice_date = models.DateField()
    invoice_status = models.CharField(max_length=32)
    invoice_source = models.CharField(max_length=8, choices=Source)
    organization = models.ForeignKey("mapping.Organization", models.PROTECT, related_name="lines")
    offer = models.ForeignKey("mapping.Offer", models.PROTECT, related_name="lines")
    contract_id = models.CharField(max_length=64)
    subscription_id = models.CharField(max_length=64, blank=True)
    subscription_name = models.CharField(max_length=255, blank=True)
    billing_cycle = models.CharField(max_length=64, blank=True)
    commitment_term = models.CharField(max_length=64, blank=True)
    charge_type = models.CharField(max_length=64)  # as called here: "Cycle Fee" (P25)
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    unit_cost = models.DecimalField(max_digits=20, decimal_places=6)
    unit_price = models.DecimalField(max_digits=20, decimal_places=6)
    total_cost = models.DecimalField(max_digits=20, decimal_places=2)
    total_price = models.DecimalField(max_digits=20, decimal_places=2)
    currency = models.CharField(max_length=3)
    platform_start_date = models.DateField()
    platform_end_date = models.DateField(null=True)
    platform_updated_at = models.DateTimeField(null=True)

    # Copies of names, so that the grid sorts and shows one table; refreshed when renamed.
    organization_name = models.CharField(max_length=255)
    organization_reference = models.CharField(max_length=64, blank=True)
    offer_name = models.CharField(max_length=255)
    offer_platform_id = models.CharField(max_length=64)
    vendor_name = models.CharField(max_length=255)
    company_name = models.CharField(max_length=255, blank=True)
    company_connectwise_id = models.IntegerField(null=True)
    agreement_name = models.CharField(max_length=255, blank=True)
    product_name = models.CharField(max_length=255, blank=True)
    product_connectwise_id = models.IntegerField(null=True)

    # What the date is without a user: the Platform's, or a rule's (source system).
    automatic_start_date = models.DateField()
    automatic_start_date_source = models.CharField(
        max_length=6, choices=DateSource, default=DateSource.NONE
    )
    automatic_end_date = models.DateField(null=True)
    automatic_end_date_source = models.CharField(
        max_length=6, choices=DateSource, default=DateSource.NONE
    )
    # What the date is now.
    charge_start_date = models.DateField()
    charge_start_date_source = models.CharField(
        max_length=6, choices=DateSource, default=DateSource.NONE
    )
    charge_end_date = models.DateField(null=True)
    charge_end_date_source = models.CharField(
        max_length=6, choices=DateSource, default=DateSource.NONE
    )

    # What it is in ConnectWise.
    company = models.ForeignKey(
        "psa_connectwise.Company", models.PROTECT, null=True, related_name="+"
    )
    company_source = models.CharField(max_length=8, choices=ValueSource, default=ValueSource.NONE)
    agreement = models.ForeignKey(
        "psa_connectwise.Agreement", models.PROTECT, null=True, related_name="+"
    )
    agreement_source = models.CharField(max_length=8, choices=ValueSource, default=ValueSource.NONE)
    # The explicit "Create new agreement"; a blank agreement never creates anything (P26).
    create_agreement = models.BooleanField(default=False)
    product = models.ForeignKey(
        "psa_connectwise.Product", models.PROTECT, null=True, related_name="+"
    )
    product_source = models.CharField(max_length=8, choices=ValueSource, default=ValueSource.NONE)
    is_mapped = models.GeneratedField(
        expression=Q(company__isnull=False)  # type: ignore[arg-type]  # the stubs know no Q here
        & Q(product__isnull=False)
        & (Q(agreement__isnull=False) | Q(create_agreement=True)),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    # Where it stands.
    psa_status = models.CharField(max_length=10, choices=Status, default=Status.NOT_SYNCED)
    # True from intent to record or settle: the line is frozen, edits are refused (docs/posting.md, 3).
    in_flight = models.BooleanField(default=False)
    error = models.TextField(blank=True)  # why it stands in Error, in words
    error_code = models.CharField(max_length=40, blank=True)  # groups errors by cause
    note = models.TextField(blank=True)  # a warning on a Synced row
    posting = models.ForeignKey(
        "invoices.Posting", models.SET_NULL, null=True, db_index=False, related_name="lines"
    )
    addition_id = models.IntegerField(null=True)
    synced_at = models.DateTimeField(null=True)
    synced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    gone = models.BooleanField(default=False)  # not on the Platform at the last complete load
    changed_on_platform = models.BooleanField(default=False)  # after it was synced or frozen
    version = models.BigIntegerField(default=1)  # grows with each change
    # The last change by a person. Neither checked nor indexed: a bulk update sets it on every line.
    last_edit = models.ForeignKey(
        "invoices.LineEdit",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [
            ("edit_lines", "Can edit invoice lines"),
            ("load_invoices", "Can load invoice lines"),
            ("sync_invoices", "Can sync invoice lines to ConnectWise"),
            ("undo_sync", "Can undo a sync"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(agreement__isnull=True) | Q(create_agreement=False),
                name="line_agreement_or_create_agreement",
            ),
            models.CheckConstraint(
                condition=Q(agreement__isnull=True) | Q(company__isnull=False),
                name="line_agreement_needs_a_company",
            ),
        ]
        indexes = [
            models.Index(fields=["period", "invoice_date", "id"], name="line_period_date"),
            models.Index(fields=["subscription_id", "period"], name="line_subscription"),
            # Only what was posted: a load writes a month of lines that were not.
            models.Index(
                fields=["posting"], condition=Q(posting__isnull=False), name="line_posting"
            ),
            # What waits for a mapping: a few lines, and none of those that posting touches.
            models.Index(
                fields=["organization"], condition=Q(company=None), name="line_waits_for_company"
            ),
            models.Index(
                fields=["offer"], condition=Q(product=None), name="line_waits_for_product"
            ),
            *TALLIES,
        ]

    def __str__(self) -> str:
        return self.platform_id


class LineSearch(models.Model):
    """The normalised text a line is searched by (P28), apart so that updates stay cheap.

    lower(unaccent(…)) of organization name, its reference, offer name, billing cycle and
    commitment term, joined by a character that no search contains.
    """

    # Not checked: it is written with the line in one statement, and lines are never deleted.
    line = models.OneToOneField(
        InvoiceLine, models.CASCADE, primary_key=True, db_constraint=False, related_name="+"
    )
    period = models.DateField()
    text = models.TextField()

    class Meta:
        # Reading a month's texts takes 20 ms, whatever is searched. A trigram index would find rare
        # words in 2 ms, and cost each load of 100,000 lines as much as all the rest of it.
        indexes = [models.Index(fields=["period"], name="line_search_period")]

    def __str__(self) -> str:
        return self.text


class Selection(models.Model):
    """The lines a user has ticked, in one period; kept on the server (P35)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    period = models.DateField()

    def __str__(self) -> str:
        return f"{self.user} {self.period:%Y-%m}"


class SelectedLine(models.Model):
    """One ticked line.

    Nothing is checked or indexed but what makes it unique: all of a month is ticked in one go.
    """

    selection = models.ForeignKey(
        Selection, models.CASCADE, db_constraint=False, db_index=False, related_name="items"
    )
    line = models.ForeignKey(
        InvoiceLine, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    # The line's last edit when it was ticked: a later one by somebody else is told (P34).
    seen_edit = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["selection", "line"], name="line_selected_once")
        ]

    def __str__(self) -> str:
        return str(self.line_id)
