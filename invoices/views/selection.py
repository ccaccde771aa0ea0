"""Ticks rows of the grid and unticks them; the selection is kept on the server (P35)."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from invoices.models import InvoiceLine
from invoices.queries.lines import matching_lines
from invoices.services.selection import clear_selection, select_lines, unselect_lines
from invoices.views.grid import grid_context, period_or_404, selection_context, state_of
from mapping.grid import PAGE_SIZES
from mapping.http import HtmxHttpRequest
from mapping.numbers import is_number

MOST_IDS = 2 * max(PAGE_SIZES)


@permission_required("invoices.edit_lines", raise_exception=True)
@require_POST
def tick(request: HtmxHttpRequest) -> HttpResponse:
    """Ticks (`on`) or unticks the posted `line` ids; answers how many are ticked, of `shown`."""
    period = period_or_404(request)
    ids, shown = _ids(request, "line"), _ids(request, "shown")
    if ids is None or shown is None:
        return HttpResponseBadRequest("Rows are named by their numbers.")
    if request.POST.get("on"):
        chosen = InvoiceLine.objects.filter(pk__in=ids)
        select_lines(user=request.user, period=period.month, lines=chosen)
    else:
        unselect_lines(user=request.user, period=period.month, ids=ids)
    grid = state_of(request, period)
    matching = matching_lines(period.month, grid)
    context = {
        "grid": grid,
        **selection_context(request.user, matching, shown, period.month),
    }
    return render(request, "invoices/_selection_bar.html", context)


@permission_required("invoices.edit_lines", raise_exception=True)
@require_POST
def tick_all(request: HtmxHttpRequest) -> HttpResponse:
    """Ticks every line that the search and filters of the URL leave, as they are at this moment."""
    period = period_or_404(request)
    matching = matching_lines(period.month, state_of(request, period))
    select_lines(user=request.user, period=period.month, lines=matching)
    return render(request, "invoices/_line_grid.html", grid_context(request, period))


@permission_required("invoices.edit_lines", raise_exception=True)
@require_POST
def untick_all(request: HtmxHttpRequest) -> HttpResponse:
    """Also what this page, or its filters, don't show."""
    period = period_or_404(request)
    clear_selection(user=request.user)
    return render(request, "invoices/_line_grid.html", grid_context(request, period))


def _ids(request: HtmxHttpRequest, name: str) -> list[int] | None:
    """The posted ids; None when one isn't a number or there are more than a page has."""
    texts = request.POST.getlist(name)
    if len(texts) > MOST_IDS or not all(map(is_number, texts)):
        return None
    return [int(text) for text in texts]
