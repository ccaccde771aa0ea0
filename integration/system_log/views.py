"""The page of the System Log (P51)."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import retarget

from integration.system_log import queries
from integration.system_log.links import Link, address, links
from integration.system_log.models import LogEntry
from integration.times import ago
from invoices.models import InvoiceSettings
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment
from mapping.numbers import is_number

MOST_NEWS = 100  # at once; who was away longer sees the rest by Refresh


@require_safe
def log_list(request: HtmxHttpRequest) -> HttpResponse:
    """The last 30 days, newest first; HTMX gets the part under the heading."""
    found, context = _asked_for(request)
    page = context["page"]
    known = found.filter(id__lte=context["newest"])  # what comes meanwhile is news
    context["rows"] = _linked(queries.rows(known, offset=page.offset, size=page.size))
    template = "system_log/_entries.html" if wants_fragment(request) else "system_log/list.html"
    return varying(render(request, template, context))


@require_safe
def news(request: HtmxHttpRequest) -> HttpResponse:
    """What came since the page was made: on the first page its rows, on all the counts."""
    since = request.GET.get("since", "")
    found, context = _asked_for(request)
    if context["page"].number == 1 and is_number(since):
        newer = found.filter(id__gt=int(since))
        context["rows"] = _linked(queries.rows(newer, offset=0, size=MOST_NEWS))
    if context.get("rows") and request.GET.get("empty"):
        return retarget(render(request, "system_log/_entries.html", context), "#log")
    return render(request, "system_log/_news.html", {**context, "told": True})


def _asked_for(request: HtmxHttpRequest) -> tuple[QuerySet[LogEntry], dict[str, Any]]:
    """The entries that the address asks for, and what the page says of them."""
    now = timezone.now()
    grid = read_grid(request, grid="system_log", sorts=(), default_sort="", filters=("level",))
    level = next(iter(grid.filters.get("level", ())), "")
    found = queries.entries(now, level=level, search=grid.search)
    tiles = queries.tiles(now)
    return found, {
        "grid": grid,
        "page": grid.at(queries.count_up_to_most(found) if grid.search else tiles.of(level)),
        "level": level if level in queries.LEVELS else "",
        "levels": ("info", "warning", "error"),
        "tiles": tiles,
        "most_found": queries.MOST_FOUND,
        "newest": queries.newest_id(),
        "ago": ago(tiles.newest, now) if tiles.newest else "",
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
    }


def _linked(entries: list[LogEntry]) -> list[tuple[LogEntry, list[Link]]]:
    return [(entry, links(entry)) for entry in entries]


@require_safe
def about(request: HtmxHttpRequest, kind: str, key: str) -> HttpResponse:
    """Leads to what an entry is about, or back to the log where that isn't here."""
    found = address(kind, key)
    if found is None:
        messages.warning(request, f"{kind.capitalize()} {key} is not here: it was never loaded.")
    return redirect(found or "system_log:list")
