"""Text as an enemy of the Platform, of ConnectWise or of ours would write it, and what finds it."""

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.db import models

MARKUP = (
    '</td><script>planted()</script><img src=x onerror=planted()>"\' onmouseover="planted()" '
    "x='{{ 7|add:7 }}${planted()}\u202egnp.\u2066 😀"
)
LONG = "W" * 10_000
# What only we write, or what must stay a code for the page to find its way.
OURS = {"key", "currency", "currency_code", "error_code", "reason_code", "state", "grid", "kind"}
OURS |= {"codename", "password", "reference_field", "time_zone", "logger", "session_key", "mapping"}
APPS = ("invoices", "mapping", "psa_connectwise", "system_log", "auth")
NOT_OURS_TO_SPOIL = {"ConnectWiseSettings", "InvoiceSettings", "Permission", "Group"}


def plant(text: str) -> None:
    """Puts it into every text of every row, as far as it fits."""
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if model.__name__ not in NOT_OURS_TO_SPOIL:
                _plant_in(model, text)


def _plant_in(model: type[models.Model], text: str) -> None:
    names = [field for field in model._meta.concrete_fields if _takes_text(field)]
    for row in model._default_manager.all():
        values: dict[str, Any] = {}
        for field in names:
            own = f"{row.pk}{text}" if field.unique or field.name == "charge_type" else text
            values[field.name] = own[: field.max_length]
        if values:
            model._default_manager.filter(pk=row.pk).update(**values)


def _takes_text(field: "models.Field[Any, Any]") -> bool:
    is_text = isinstance(field, models.CharField | models.TextField)
    return is_text and not field.choices and field.name not in OURS and not field.generated


class Finder(HTMLParser):
    """Reads a page as a browser does, and notes what nobody of us has written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.texts = 0

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or "planted" in name:
                self.found.append(f"<{tag} {name}>")
            if (value or "").strip().lower().startswith(("javascript:", "x'")):
                self.found.append(f'<{tag} {name}="{value}">')
        if tag == "script" and "src" not in dict(attrs):
            self.found.append("<script> without an address")
        if tag == "img" and dict(attrs).get("src") == "x":
            self.found.append("<img src=x>")

    def handle_data(self, data: str) -> None:
        self.texts += "planted" in data


def markup_of(page: str) -> tuple[list[str], int]:
    """What got through as markup, and in how many texts the enemy was shown as text."""
    finder = Finder()
    finder.feed(page)
    finder.close()
    return finder.found, finder.texts
