"""What the log of Django admin says of a change: each field with its value before and after.

Django names the field alone, so nobody could tell later what a rule or a role had been.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

ARROW = " → "


def told_changes(form: forms.BaseForm) -> list[str]:
    """ "Time zone: UTC → Europe/Berlin", a line for each field that a person changed."""
    told = (_told(form, name) for name in form.changed_data)
    return [one for one in told if one]


def told_values(form: forms.BaseForm) -> list[str]:
    """What a new thing was made with; passwords and empty fields are left out."""
    return [
        f"{_label(form, name)}: {_shown(field, form.cleaned_data.get(name))}"
        for name, field in form.fields.items()
        if "password" not in name and form.cleaned_data.get(name)
    ]


class TellsValues(admin.ModelAdmin):  # type: ignore[type-arg]
    """Its log entries tell values, not only fields."""

    def construct_change_message(  # type: ignore[override]  # text is kept as it is
        self, request: HttpRequest, form: forms.BaseForm, formsets: Any, add: bool = False
    ) -> str:
        return "; ".join(told_values(form) if add else told_changes(form)) or "Nothing changed."


def _told(form: forms.BaseForm, name: str) -> str:
    if "password" in name:
        return "Password: changed"
    field = form.fields[name]
    before, after = _shown(field, form[name].initial), _shown(field, form.cleaned_data.get(name))
    # A field with a hidden initial value may count as changed where nobody changed it.
    return f"{_label(form, name)}: {before}{ARROW}{after}" if before != after else ""


def _label(form: forms.BaseForm, name: str) -> str:
    return str(form[name].label)


def _shown(field: forms.Field, value: Any) -> str:
    """A value as its form shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, QuerySet | list | tuple):
        return ", ".join(sorted(_shown(field, one) for one in value)) or "none"
    if value in (None, ""):
        return "none"
    if isinstance(value, Model):
        return str(value)
    choices = getattr(field, "choices", None)
    return _of_choices(choices, value) if choices else str(value)


def _of_choices(choices: Iterable[Any], value: object) -> str:
    """The label of a choice; choices of a model's rows know theirs by primary key."""
    for key, label in choices:
        if str(key) == str(value):
            return str(label)
    return str(value)
