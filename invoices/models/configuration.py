"""What administrators decide: charge-date rules, display names, time zone, policies, schedule."""

from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


def validate_time_zone(name: str) -> None:
    """Raises ValidationError for what the zone database doesn't know."""
    if name not in available_timezones():
        raise ValidationError(
            "“%(name)s” is not a time zone: choose one such as UTC or Europe/Berlin.",
            params={"name": name},
        )


class ChargeDateRule(models.Model):
    """Which date a charge type's start or end takes when its line is loaded (P7).

    What each kind means is told, once, in `invoices.charge_dates`.
    """

    class Slot(models.TextChoices):
        """Which of the two dates it sets."""

        START = "start", "Charge Start Date"
        END = "end", "Charge End Date"

    class Kind(models.TextChoices):
        """What the date becomes (P7); `invoices.charge_dates` has a function for each."""

        PLATFORM = "platform", "Platform's date"
        START_MONTH_FIRST = "start_month_first", "First day of the start month"
        NEXT_MONTH_FIRST = "next_month_first", "First day of the following month"
        INVOICE_MONTH_FIRST = "invoice_month_first", "First day of the invoice month"
        INVOICE_MONTH_LAST = "invoice_month_last", "Last day of the invoice month"
        START_MONTH_LAST = "start_month_last", "Last day of the start month"
        END_MONTH_LAST = "end_month_last", "Last day of the end month"
        FIXED_DAY = "fixed_day", "Fixed day of month"
        NO_DATE = "no_date", "No date (end only)"

    # The charge type as it is called here ("Cycle Fee"); "" for all.
    charge_type = models.CharField(max_length=32, blank=True)
    slot = models.CharField(max_length=8, choices=Slot)
    kind = models.CharField(max_length=24, choices=Kind)
    day = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )

    class Meta:
        verbose_name = "charge-date rule"
        constraints = [
            models.UniqueConstraint(
                fields=["charge_type", "slot"],
                name="one_rule_per_charge_type_and_slot",
                violation_error_message="This charge type has a rule for this date already. "
                "Change that one instead.",
            ),
            models.CheckConstraint(
                condition=~models.Q(slot="start", kind="no_date"),
                name="a_start_needs_a_date",
                violation_error_message="A Charge Start Date is always sent: "
                "choose another rule, or make this one for the Charge End Date.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="fixed_day", day__isnull=False, day__gte=1, day__lte=31)
                | (~models.Q(kind="fixed_day") & models.Q(day__isnull=True)),
                name="a_fixed_day_has_a_day",
                violation_error_message="Give a day (1 to 31) with “Fixed day of month”, "
                "and none with any other rule.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_type or 'All charge types'}: {self.get_slot_display()}"


class ChargeTypeName(models.Model):
    """What a charge type is called in the grid and in ConnectWise (P8)."""

    charge_type = models.CharField(max_length=32, unique=True)
    display_name = models.CharField(max_length=64)

    class Meta:
        verbose_name = "charge-type display name"

    def __str__(self) -> str:
        return f"{self.charge_type} → {self.display_name}"


class InvoiceSettings(models.Model):
    """The one row of settings of loading and posting (P6); `load()` makes it when it is missing."""

    class CancellationPolicy(models.TextChoices):
        """What becomes of Additions whose subscription is gone (P49)."""

        ASK = "ask", "Ask: list them in the preview"
        APPLY = "apply", "Apply"
        SKIP = "skip", "Skip"

    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    daily_sync = models.BooleanField(default=False)
    daily_sync_hour = models.PositiveSmallIntegerField(
        default=5, validators=[MaxValueValidator(23)]
    )
    monthly_load = models.BooleanField(default=False)
    monthly_load_day = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1), MaxValueValidator(28)]
    )
    monthly_load_hour = models.PositiveSmallIntegerField(
        default=3, validators=[MaxValueValidator(23)]
    )
    cancellation_policy = models.CharField(
        max_length=8, choices=CancellationPolicy, default=CancellationPolicy.ASK
    )
    # More than this share of our open persistent Additions at once is ended only on a second yes.
    cancellation_share = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    # A charge whose agreement bills more often than it ends after one agreement period (P45).
    end_long_cycles = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "invoice settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_invoice_settings")
        ]

    def __str__(self) -> str:
        return "Invoice settings"

    @classmethod
    def load(cls) -> "InvoiceSettings":
        """The row, made with its defaults when it isn't there; queries."""
        return cls.objects.get_or_create(pk=1)[0]

    def business_day(self, moment: datetime) -> date:
        """The calendar day of an aware moment where the business is (P16)."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()
