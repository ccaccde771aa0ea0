"""What we know of ConnectWise: how to reach it, and a local directory of its records.

Directory rows are never deleted: mappings and postings point at them. A row that the last
complete refresh did not list is `missing`.
"""

from datetime import date

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from wire.fields import EncryptedTextField


class DirectoryRecord(models.Model):
    """One record of ConnectWise, as last read; `search_name` is normalised for pickers."""

    connectwise_id = models.PositiveIntegerField(unique=True)
    identifier = models.CharField(max_length=156, blank=True)
    name = models.CharField(max_length=255)
    search_name = models.TextField(blank=True)
    missing = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Company(DirectoryRecord):
    """A customer; deleted ones stay listed by ConnectWise and are not offered."""

    status = models.CharField(max_length=100, blank=True)
    deleted = models.BooleanField(default=False)
    inactive = models.BooleanField(default=False)
    city = models.CharField(max_length=100, blank=True)
    currency_id = models.PositiveIntegerField(null=True, blank=True)
    currency_code = models.CharField(max_length=10, blank=True)
    default_contact_id = models.PositiveIntegerField(null=True, blank=True)
    site_id = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "companies"
        indexes = (
            GinIndex(fields=["search_name"], name="company_search", opclasses=["gin_trgm_ops"]),
        )

    @property
    def is_offered(self) -> bool:
        """May be chosen for a mapping."""
        return not (self.deleted or self.inactive or self.missing)


class Product(DirectoryRecord):
    """A catalog item; `identifier` is its code, `name` its description."""

    inactive = models.BooleanField(default=False)
    taxable = models.BooleanField(default=False)
    product_class = models.CharField(max_length=30, blank=True)

    class Meta:
        indexes = (
            GinIndex(fields=["search_name"], name="product_search", opclasses=["gin_trgm_ops"]),
        )

    @property
    def is_offered(self) -> bool:
        """May be chosen for a mapping; a bundle can't be an addition."""
        return not (self.inactive or self.missing or self.product_class == "Bundle")


class AgreementType(DirectoryRecord):
    """What a new agreement inherits its billing from."""

    inactive = models.BooleanField(default=False)
    prorate = models.BooleanField(default=False)
    billing_cycle = models.CharField(max_length=50, blank=True)


class Agreement(DirectoryRecord):
    """A contract of a company; names are not unique."""

    class Status(models.TextChoices):
        """As ConnectWise spells them; it may know more, which `is_live` takes for closed."""

        ACTIVE = "Active"
        CANCELLED = "Cancelled"
        EXPIRED = "Expired"
        INACTIVE = "Inactive"

    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="agreements"
    )
    agreement_type = models.ForeignKey(
        AgreementType, models.SET_NULL, null=True, blank=True, related_name="agreements"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    status = models.CharField(max_length=20, blank=True, choices=Status)
    cancelled = models.BooleanField(default=False)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    no_end = models.BooleanField(default=False)
    bill_start_date = models.DateField(null=True, blank=True)
    next_invoice_date = models.DateField(null=True, blank=True)
    prorate = models.BooleanField(default=False)
    currency_id = models.PositiveIntegerField(null=True, blank=True)
    currency_code = models.CharField(max_length=10, blank=True)
    billing_cycle = models.CharField(max_length=50, blank=True)

    @property
    def is_live(self) -> bool:
        """ConnectWise bills it, so additions may be posted to it."""
        return self.status == self.Status.ACTIVE and not (self.cancelled or self.missing)

    def has_ended(self, today: date) -> bool:
        """Its last day has passed."""
        return not self.no_end and self.end_date is not None and self.end_date < today


class ConnectWiseSettings(models.Model):
    """The one row of connection and posting settings."""

    class PriceDecimals(models.IntegerChoices):
        """To how many places unit prices are sent (P43)."""

        EXACT = 4, "4 places"
        CENTS = 2, "2 places (the accounting export rounds unit prices)"

    SERIAL_NUMBER = "serialNumber"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    url = models.URLField("API URL", max_length=255, blank=True)
    company_id = models.CharField("Company ID", max_length=50, blank=True)
    public_key = EncryptedTextField(blank=True, default="")
    private_key = EncryptedTextField(blank=True, default="")
    client_id = models.CharField("client ID", max_length=64, blank=True)
    default_agreement_type = models.ForeignKey(
        AgreementType, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # True once DEFAULT_AGREEMENT_TYPE was applied or a person chose: it never comes back.
    default_type_seeded = models.BooleanField(default=False, editable=False)
    reference_field = models.CharField(
        max_length=50,
        default=SERIAL_NUMBER,
        help_text="The Addition field that carries our reference: serialNumber, or the caption of a custom text field.",
    )
    price_decimals = models.PositiveSmallIntegerField(
        choices=PriceDecimals, default=PriceDecimals.EXACT
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "ConnectWise settings"
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="connectwise_settings_single"),
        )

    def __str__(self) -> str:
        return "ConnectWise settings"

    @classmethod
    def load(cls) -> "ConnectWiseSettings":
        """The row with its agreement type, made where there is none yet."""
        cls.objects.get_or_create(id=1)
        return cls.objects.select_related("default_agreement_type").get(id=1)
