"""What mends a cause: where a person goes for it, one click away.

One table from cause to fixes; the plan's rows, the Dashboard and the grid's chips read it.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from urllib.parse import urlencode

from django.urls import reverse

from invoices.fixes import FIXES
from invoices.models import InvoiceLine


class Way(Enum):
    """A place where something can be mended."""

    AGREEMENT = "Choose another agreement"
    COMPANY = "Choose another company"
    DATES = "Change the dates"
    ORGANIZATION = "Map the organization"
    PRODUCT = "Map the offer"
    LOAD = "Load the month again"
    CONFIGURATION = "Open Configuration"
    LINE = "Open the line"


@dataclass(frozen=True, slots=True)
class Fix:
    """A link, and what to do there."""

    label: str
    url: str


WAYS: dict[str, tuple[Way, ...]] = {
    "changed_on_platform": (Way.LOAD,),
    "company_gone": (Way.ORGANIZATION, Way.COMPANY),
    "product_gone": (Way.PRODUCT,),
    "product_inactive": (Way.PRODUCT,),
    "product_bundle": (Way.PRODUCT,),
    "no_agreement_type": (Way.CONFIGURATION, Way.AGREEMENT),
    "no_contact": (Way.AGREEMENT,),
    "currency_unknown": (Way.AGREEMENT,),
    "currency_differs": (Way.AGREEMENT,),
    "contract_too_long": (Way.AGREEMENT,),
    "agreement_gone": (Way.AGREEMENT,),
    "agreement_of_another_company": (Way.AGREEMENT,),
    "agreement_not_active": (Way.AGREEMENT,),
    "agreement_ended": (Way.AGREEMENT,),
    "no_contract": (Way.AGREEMENT,),
    "text_too_long": (Way.LINE,),
    "not_found": (Way.AGREEMENT,),
    "agreement_not_made": (Way.AGREEMENT,),
    "before_billing_start": (Way.DATES, Way.AGREEMENT),
    "period_invoiced": (Way.DATES, Way.AGREEMENT),
}
# What can be mended in ConnectWise, at the line's agreement.
IN_CONNECTWISE = (
    "agreement_not_active",
    "agreement_ended",
    "before_billing_start",
    "period_invoiced",
    "addition_invoiced",
    "changed_in_connectwise",
    "stands_there",
    "refused_by_connectwise",
)
# Of all lines of a cause at once, only these lie in one place.
TOGETHER = (Way.ORGANIZATION, Way.PRODUCT, Way.CONFIGURATION, Way.LOAD)


def cause_name(code: str) -> str:
    """ "Product inactive": the cause in words."""
    known = FIXES.get(code)
    return known.name if known else code.replace("_", " ").capitalize() or "Error"


def fixes_of_line(code: str, line: InvoiceLine) -> list[Fix]:
    """What can be done about this line; where nothing else is known, the line itself."""
    return [Fix(way.value, _address(way, line)) for way in WAYS.get(code, (Way.LINE,))]


def has_one_place(code: str) -> bool:
    """Whether all lines of the cause are mended in one place."""
    return any(way in TOGETHER for way in WAYS.get(code, ()))


def fix_of_cause(code: str, period: date) -> Fix:
    """What can be done about all lines of a cause: one place, or the lines themselves."""
    lines = in_grid(period, cause=code)
    together = next((way for way in WAYS.get(code, ()) if way in TOGETHER), None)
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
    return f"{reverse('invoices:lines')}?{urlencode({'period': f'{period:%Y-%m}', **filters})}"


def _address(way: Way, line: InvoiceLine) -> str:
    """What follows a # is opened by the grid's script once the line is there."""
    if way == Way.ORGANIZATION:
        return _tab("mapping:organizations", line.organization_name)
    if way == Way.PRODUCT:
        return _tab("mapping:products", line.offer_name)
    if way == Way.CONFIGURATION:
        return reverse("settings_configuration")
    if way == Way.LOAD:
        return f"{in_grid(line.period)}#load-invoices"
    focus = {Way.AGREEMENT: "-agreement", Way.COMPANY: "-company", Way.DATES: ""}
    opened = f"#edit-{line.pk}{focus[way]}" if way in focus else ""
    return line_address(line) + opened


def _tab(name: str, search: str) -> str:
    return f"{reverse(name)}?{urlencode({'q': search})}"
