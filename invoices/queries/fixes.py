"""Where a person goes to mend a cause, one click away: the addresses of the places that `invoices.causes` names.

The plan's rows, the Dashboard and the grid's chips read it.
"""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from invoices.causes import CAUSES, Way, cause_of
from invoices.models import InvoiceLine


@dataclass(frozen=True, slots=True)
class Fix:
    """A link, and what to do there."""

    label: str
    url: str


# Of all lines of a cause at once, only these lie in one place.
TOGETHER = (Way.ORGANIZATION, Way.PRODUCT, Way.CONFIGURATION, Way.LOAD)


def cause_name(code: str) -> str:
    """ "Product inactive": the cause in words."""
    known = CAUSES.get(code)
    return known.name if known else code.replace("_", " ").capitalize() or "Error"


def fixes_of_line(code: str, line: InvoiceLine) -> list[Fix]:
    """What can be done about this line; where nothing else is known, the line itself."""
    return [Fix(way.value, _address(way, line)) for way in cause_of(code).ways]


def has_one_place(code: str) -> bool:
    """Whether all lines of the cause are mended in one place."""
    return any(way in TOGETHER for way in cause_of(code).ways)


def fix_of_cause(code: str, period: date) -> Fix:
    """What can be done about all lines of a cause: one place, or the lines themselves."""
    lines = in_grid(period, cause=code)
    together = next((way for way in cause_of(code).ways if way in TOGETHER), None)
    places = {
        Way.ORGANIZATION: ("Map the organizations", reverse("mapping:organizations")),
        Way.PRODUCT: ("Map the offers", reverse("mapping:products")),
        Way.CONFIGURATION: (Way.CONFIGURATION.value, reverse("settings_configuration")),
        Way.LOAD: (Way.LOAD.value, f"{in_grid(period)}#load-invoices"),
    }
    label, url = places[together] if together else ("Show the lines", lines)
    return Fix(label, url)


def line_address(line: InvoiceLine) -> str:
    """The line alone in its grid."""
    return in_grid(line.period, line=line.platform_id)


def in_grid(period: date, **filters: str) -> str:
    """The address of the period's lines that meet these filters."""
    return f"{reverse('invoices:lines')}?{urlencode({'period': f'{period:%Y-%m}', **filters})}"


def _address(way: Way, line: InvoiceLine) -> str:
    """What follows a # is opened by the grid's script once the line is there."""
    if way == Way.ORGANIZATION:
        return _tab("mapping:organizations", line.organization_name)
    if way == Way.PRODUCT:
        return _tab("mapping:products", line.offer_name)
    if way == Way.CONFIGURATION:
        return reverse("settings_configuration")
    if way == Way.RECEIPT:
        return reverse("invoices:receipt", args=[line.pk])
    if way == Way.LOAD:
        return f"{in_grid(line.period)}#load-invoices"
    focus = {Way.AGREEMENT: "-agreement", Way.COMPANY: "-company", Way.DATES: ""}
    opened = f"#edit-{line.pk}{focus[way]}" if way in focus else ""
    return line_address(line) + opened


def _tab(name: str, search: str) -> str:
    return f"{reverse(name)}?{urlencode({'q': search})}"
