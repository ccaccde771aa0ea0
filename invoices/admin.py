"""What administrators decide about loading: date rules (their own file) and display names.

Settings are changed on their own page only, which keeps who changed what.
"""

from typing import Any

from django import forms
from django.contrib import admin

from invoices.admin_log import TellsValues
from invoices.models import ChargeTypeName
from invoices.rules_admin import ChargeDateRuleAdmin, charge_type_choices

__all__ = ["ChargeDateRuleAdmin", "ChargeTypeNameAdmin"]


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
class ChargeTypeNameAdmin(TellsValues):
    form = ChargeTypeNameForm
    list_display = ("charge_type", "display_name")
