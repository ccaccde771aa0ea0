"""Template tags of the frame and the grids: icons, navigation, query strings, numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration import times
from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER, may_administer
from mapping.grid import GridState
from mapping.markup import amount, icon, quantity, source_badge

register = template.Library()
register.simple_tag(icon)
register.simple_tag(source_badge)
register.filter(amount)
register.filter(quantity)

NEEDS_CREDENTIALS = "Save the ConnectWise credentials in Settings first"
NEEDS_AGREEMENT_TYPE = "Choose an Agreement Type in Settings → Configuration first"


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """One entry of the left navigation; without a url it is shown disabled, and says why."""

    label: str
    icon: str
    url: str
    current: bool
    why: str = ""


# Label, icon, the page it opens, the paths it is current on, the gates that close it (P1, P2).
NAVIGATION = (
    ("Dashboard", "dashboard", "dashboard", "/", ("credentials", "agreement_type")),
    ("Mapping", "mapping", "mapping:organizations", "/mapping/", ("credentials", "agreement_type")),
    ("System Logs", "logs", "system_log:list", "/logs/", ("credentials",)),
    ("Settings", "settings", "settings_authentication", "/settings/", ()),
)


@register.inclusion_tag("_navigation.html", takes_context=True)
def navigation(context: Context) -> dict[str, Any]:
    request: HttpRequest = context["request"]
    items = _items(request, gate=context.get("gate"))
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "user": request.user,
        "role": _role(request.user),
        "items": items,
        "home": next((item.url for item in items if item.url), "/"),
        "logout_url": _url("logout"),
    }


@register.simple_tag
def with_params(grid: GridState, **changes: object) -> str:
    """The query string of the grid's state with `changes`; None takes a parameter away."""
    return grid.with_params(**changes)


@register.simple_tag
def sort_link(grid: GridState, key: str) -> str:
    """Where a click on the head of column `key` leads."""
    return grid.toggled(key)


@register.simple_tag
def sort_direction(grid: GridState, key: str) -> str:
    """What aria-sort says of column `key`."""
    return grid.sorted_by(key)


@register.simple_tag
def without_filter(grid: GridState, name: str) -> str:
    """The query string without the filter of column `name`."""
    return grid.with_params(**{name: None})


@dataclass(frozen=True)
class FilterLink:
    """Where a click on a filter leads, and whether it is on."""

    url: str
    is_on: bool


@register.simple_tag
def toggled_filter(grid: GridState, name: str, value: str) -> FilterLink:
    """A filter of one value: a click sets it, another one takes it away."""
    is_on = grid.filters.get(name) == (value,)
    return FilterLink(grid.with_params(**{name: None if is_on else value}), is_on)


@register.filter
def ago(then: datetime | None) -> str:
    """ "3 hours ago"."""
    return times.ago(then, timezone.now()) if then else "never"


@register.filter
def filters_on(grid: GridState, key: str) -> bool:
    """Whether column `key` filters."""
    return bool(grid.filters.get(key))


@register.filter
def date_value(value: date | str | None) -> str:
    """A date as an input of type date wants it; what a user typed wrongly stays as it is."""
    return value.isoformat() if isinstance(value, date) else value or ""


@register.filter
def add_id(prefix: str, pk: int) -> str:
    return f"{prefix}{pk}"


@register.simple_tag
def hidden_params(grid: GridState, without: str = "", form: str = "") -> SafeString:
    """The state as hidden inputs, but for the page and `without`; of the form with that id."""
    owner = format_html(' form="{}"', form) if form else ""
    return format_html_join(
        "",
        '<input type="hidden" name="{}" value="{}"{}>',
        (
            (name, value, owner)
            for name, values in grid.params().items()
            if name not in ("page", without)
            for value in values
        ),
    )


@register.filter
def of(counts: Mapping[str, int], name: str) -> int:
    """How many of that name; none where it is not there."""
    return counts.get(name, 0)


@register.filter
def grouped(value: int) -> str:
    """A count as it is read: 1,204."""
    return f"{value:,}"


def _items(request: HttpRequest, *, gate: str | None) -> list[NavigationItem]:
    return [
        NavigationItem(
            label=label,
            icon=symbol,
            url="" if gate in gates else _url(_page(name, request)),
            current=request.path == prefix if prefix == "/" else request.path.startswith(prefix),
            why=NEEDS_CREDENTIALS if gate == "credentials" else NEEDS_AGREEMENT_TYPE,
        )
        for label, symbol, name, prefix, gates in NAVIGATION
    ]


def _page(name: str, request: HttpRequest) -> str:
    """Settings open on the page that this user may see."""
    if name == "settings_authentication" and not may_administer(request.user):
        return "settings_dictionary"
    return name


def _role(user: User | AnonymousUser) -> str:
    """The widest role the user has."""
    if not isinstance(user, User):
        return ""
    if user.is_superuser:
        return ADMINISTRATOR
    names = {group.name for group in user.groups.all()}
    return next((role for role in (ADMINISTRATOR, OPERATOR, VIEWER) if role in names), "No role")


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
