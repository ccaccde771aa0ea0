"""The admin page of charge-date rules: each choice in words, its effect before saving, re-apply (P7)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from invoices.admin_log import TellsValues
from invoices.charge_dates import (
    CHARGE_TYPES,
    PlatformDates,
    Rule,
    RuleTable,
    Slot,
    automatic_dates,
    rule_table,
)
from invoices.loading.load import active_rules
from invoices.models import ChargeDateRule
from invoices.services.reapply import effect_of, open_lines, reapply
from mapping.numbers import number_in, numbered

ALL_TYPES = ("", "All charge types")
LIST = "admin:invoices_chargedaterule_changelist"
# The line by which the page tells what each choice does.
EXAMPLE = PlatformDates(
    start=date(2026, 5, 15), end=date(2026, 6, 14), invoice_date=date(2026, 5, 31)
)


def charge_type_choices(kept: str) -> list[tuple[str, str]]:
    """The types we know, and the one a row has already, should it be another."""
    names = (*CHARGE_TYPES, kept) if kept and kept not in CHARGE_TYPES else CHARGE_TYPES
    return [(name, name) for name in names]


def choices_by_example() -> list[tuple[str, date | None, date | None]]:
    """Each choice with what it makes of the example's start and end; None: no date."""
    told = []
    for kind in ChargeDateRule.Kind:
        slots: tuple[Slot, Slot] = ("start", "end")
        rules = [
            Rule(
                charge_type="", slot=slot, kind=kind.value, day=10 if kind == "fixed_day" else None
            )
            for slot in slots
        ]
        made = automatic_dates(rules=rule_table(rules), charge_type="", dates=EXAMPLE)
        label = f"{kind.label}, such as 10" if kind == "fixed_day" else str(kind.label)
        start = None if kind == "no_date" else made.start.value
        told.append((label, start, made.end.value))
    return told


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
class ChargeDateRuleAdmin(TellsValues):
    form = ChargeDateRuleForm
    list_display = ("charge_type_or_all", "which_date", "what_to_do", "day")
    ordering = ("slot", "charge_type")
    change_form_template = "admin/invoices/charge_date_rule.html"
    change_list_template = "admin/invoices/charge_date_rules.html"
    fieldsets = [
        (
            None,
            {
                "fields": ("charge_type", "slot", "kind", "day"),
                "description": (
                    "Rules are applied when lines are loaded. A changed rule leaves the lines that "
                    "are loaded already as they are, unless you re-apply the rules to them. What a "
                    "user sets on a line always wins."
                ),
            },
        )
    ]

    @admin.display(description="Charge type", ordering="charge_type")
    def charge_type_or_all(self, rule: ChargeDateRule) -> str:
        return rule.charge_type or ALL_TYPES[1]

    @admin.display(description="Date", ordering="slot")
    def which_date(self, rule: ChargeDateRule) -> str:
        return rule.get_slot_display()

    @admin.display(description="What to do", ordering="kind")
    def what_to_do(self, rule: ChargeDateRule) -> str:
        return rule.get_kind_display()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("effect/", wrap(self.effect), name="invoices_chargedaterule_effect"),
            path("reapply/", wrap(self.reapply), name="invoices_chargedaterule_reapply"),
        ]
        return own + super().get_urls()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        told = {"choices": choices_by_example(), "example": EXAMPLE}
        return super().changeform_view(request, object_id, form_url, (extra_context or {}) | told)

    # The button says how many lines a re-apply could reach, so that nobody presses it blindly.
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = {"title": "Charge-date rules", "open_lines": open_lines().count()}
        return super().changelist_view(request, (extra_context or {}) | told)

    def effect(self, request: HttpRequest) -> HttpResponse:
        """What the rule as it stands in the form would change, if it were saved and re-applied."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        edited = ChargeDateRule.objects.filter(pk=number_in(request.GET.get("rule", ""))).first()
        form = ChargeDateRuleForm(request.GET, instance=edited)
        context: dict[str, Any] = {"problem": "" if form.is_valid() else _problem(form)}
        if not context["problem"]:
            rules = _with(form.instance, without=edited)
            context["effect"] = effect_of(rules)
        return TemplateResponse(request, "admin/invoices/_rule_effect.html", context)

    def reapply(self, request: HttpRequest) -> HttpResponse:
        """Asks, with what would change; a POST does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            changed = reapply(active_rules(), user=cast(User, request.user))
            lines = numbered(changed, "line")
            messages.success(request, f"The rules were re-applied: {lines} changed.")
            self._keep(request, f"Re-applied the rules: {lines} changed.")
            return redirect(reverse(LIST))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Re-apply the charge-date rules",
            "effect": effect_of(active_rules()),
        }
        return TemplateResponse(request, "admin/invoices/reapply_rules.html", context)

    def _keep(self, request: HttpRequest, words: str) -> None:
        """Under no single rule: it was all of them."""
        LogEntry.objects.create(
            user=cast(User, request.user),
            content_type=get_content_type_for_model(ChargeDateRule),
            object_repr="All charge-date rules",
            action_flag=CHANGE,
            change_message=words,
        )


def _with(rule: ChargeDateRule, *, without: ChargeDateRule | None) -> RuleTable:
    """The rules in force, with this one in the place of that."""
    kept = ChargeDateRule.objects.all()
    if without:
        kept = kept.exclude(pk=without.pk)
    return active_rules([*kept, rule])


def _problem(form: ChargeDateRuleForm) -> str:
    """What is wrong with it; of a form that isn't filled in yet only what to fill in."""
    missing = [
        str(form.fields[name].label) for name in form.errors if form.has_error(name, "required")
    ]
    if missing:
        return f"choose {' and '.join(f'“{label}”' for label in missing)} first."
    errors: Sequence[str] = [str(one) for found in form.errors.values() for one in found]
    return " ".join(errors)
