"""The page of the System Log (P51)."""

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integration.system_log import queries
from integration.system_log.links import links
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
    page = grid.at(found.count())
    tiles = queries.tiles(now)
    context = {
        "grid": grid,
        "page": page,
        "level": level if level in queries.LEVELS else "",
        "levels": ("info", "warning", "error"),
        "tiles": tiles,
        "ago": ago(tiles.newest, now) if tiles.newest else "",
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
        "rows": [
            (entry, links(entry))
            for entry in queries.rows(found, offset=page.offset, size=page.size)
        ],
    }
    template = "system_log/_entries.html" if wants_fragment(request) else "system_log/list.html"
    return varying(render(request, template, context))
