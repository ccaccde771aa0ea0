"""What administrators decide about loading and posting: date rules, display names, settings."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from invoices.charge_dates import CHARGE_TYPES
from invoices.models import ChargeDateRule, ChargeTypeName, InvoiceSettings

ALL_TYPES = ("", "All charge types")


def charge_type_choices(kept: str) -> list[tuple[str, str]]:
    """The types we know, and the one a row has already, should it be another."""
    names = (*CHARGE_TYPES, kept) if kept and kept not in CHARGE_TYPES else CHARGE_TYPES
    return [(name, name) for name in names]


class ChargeDateRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ChargeDateRule
        fields = ["charge_type", "slot", "kind", "day"]
        labels = {"slot": "Date", "kind": "What to do", "day": "Day of month"}
        help_texts = {
            "charge_type": "A rule for one charge type beats the rule for all.",
            "kind": (
                "“Start month”, “following month” and “end month” are those of the Platform's own "
                "dates. A line without an end on the Platform has no end month: it keeps its date."
            ),
            "day": (
                "Only for “Fixed day of month”. In a shorter month it is the last day; for an end "
                "it is in the month of the Platform's end date."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["charge_type"] = forms.ChoiceField(
            choices=[ALL_TYPES, *charge_type_choices(self.instance.charge_type)],
            required=False,
            help_text=self.fields["charge_type"].help_text,
        )


@admin.register(ChargeDateRule)
class ChargeDateRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ChargeDateRuleForm
    list_display = ("charge_type_or_all", "slot", "kind", "day")
    ordering = ("slot", "charge_type")
    fieldsets = [
        (
            None,
            {
                "fields": ("charge_type", "slot", "kind", "day"),
                "description": (
                    "Rules are applied when lines are loaded. A changed rule leaves the lines that "
                    "are loaded already as they are. What a user sets on a line always wins."
                ),
            },
        )
    ]

    @admin.display(description="Charge type", ordering="charge_type")
    def charge_type_or_all(self, rule: ChargeDateRule) -> str:
        return rule.charge_type or ALL_TYPES[1]


class ChargeTypeNameForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ChargeTypeName
        fields = ["charge_type", "display_name"]
        help_texts = {"display_name": "Shown in the grid, and sent to ConnectWise from then on."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = charge_type_choices(self.instance.charge_type)
        self.fields["charge_type"] = forms.ChoiceField(choices=choices)


@admin.register(ChargeTypeName)
class ChargeTypeNameAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ChargeTypeNameForm
    list_display = ("charge_type", "display_name")


class InvoiceSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
        help_text="Decides which month is the current one.",
    )

    class Meta:
        model = InvoiceSettings
        fields = (
            *("time_zone", "daily_sync", "daily_sync_hour"),
            *("monthly_load", "monthly_load_day", "monthly_load_hour", "cancellation_policy"),
            *("cancellation_share", "end_long_cycles"),
        )


@admin.register(InvoiceSettings)
class InvoiceSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The one row: changed, never added twice, never deleted."""

    form = InvoiceSettingsForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not InvoiceSettings.objects.exists()

    def has_delete_permission(
        self, request: HttpRequest, obj: InvoiceSettings | None = None
    ) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"time_zone": "UTC"}
