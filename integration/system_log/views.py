"""The page of the System Log (P51)."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integration.system_log import queries
from integration.system_log.links import address, links
from integration.times import ago
from invoices.models import InvoiceSettings
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment


@require_safe
def log_list(request: HtmxHttpRequest) -> HttpResponse:
    """The last 30 days, newest first; HTMX gets the part under the heading."""
    now = timezone.now()
    grid = read_grid(request, grid="system_log", sorts=(), default_sort="", filters=("level",))
    level = next(iter(grid.filters.get("level", ())), "")
    found = queries.entries(now, level=level, search=grid.search)
    tiles = queries.tiles(now)
    page = grid.at(queries.count_up_to_most(found) if grid.search else tiles.of(level))
    context = {
        "grid": grid,
        "page": page,
        "level": level if level in queries.LEVELS else "",
        "levels": ("info", "warning", "error"),
        "tiles": tiles,
        "most_found": queries.MOST_FOUND,
        "ago": ago(tiles.newest, now) if tiles.newest else "",
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
        "rows": [
            (entry, links(entry))
            for entry in queries.rows(found, offset=page.offset, size=page.size)
        ],
    }
    template = "system_log/_entries.html" if wants_fragment(request) else "system_log/list.html"
    return varying(render(request, template, context))


@require_safe
def about(request: HtmxHttpRequest, kind: str, key: str) -> HttpResponse:
    """Leads to what an entry is about, or back to the log where that isn't here."""
    found = address(kind, key)
    if found is None:
        messages.warning(request, f"{kind.capitalize()} {key} is not here: it was never loaded.")
    return redirect(found or "system_log:list")
