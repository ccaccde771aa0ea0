"""What administrators decide about loading and posting: date rules (their own file), names, settings."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from invoices.models import ChargeTypeName, InvoiceSettings
from invoices.rules_admin import ChargeDateRuleAdmin, charge_type_choices

__all__ = ["ChargeDateRuleAdmin", "ChargeTypeNameAdmin", "InvoiceSettingsAdmin"]


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
