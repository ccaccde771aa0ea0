"""Which columns of the Invoices grid a user sees, and how wide they are."""

from itertools import groupby

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from invoices.queries.columns import BY_KEY, COLUMNS, clamped
from invoices.views.grid import GRID, grid_context, layout_for, period_or_404, state_of
from mapping.http import HtmxHttpRequest
from mapping.numbers import is_number
from mapping.services.grid_choices import choose_columns, reset_layout, set_width


@require_http_methods(["GET", "POST"])
def columns(request: HtmxHttpRequest) -> HttpResponse:
    """The chooser; a POST keeps the choice, or with `reset` the grid's own, and answers the grid."""
    period = period_or_404(request)
    if request.method == "POST":
        chosen = [key for key in request.POST.getlist("column") if key in BY_KEY]
        if request.POST.get("reset"):
            reset_layout(user=request.user, grid=GRID)
        elif chosen:
            choose_columns(user=request.user, grid=GRID, columns=chosen)
        return render(request, "invoices/_line_grid.html", grid_context(request, period))
    groups = [(name, list(some)) for name, some in groupby(COLUMNS, lambda column: column.group)]
    context = {
        "groups": groups,
        "shown": layout_for(request.user).keys,
        "grid": state_of(request, period),
    }
    return render(request, "invoices/_column_chooser.html", context)


@require_POST
def width(request: HtmxHttpRequest) -> HttpResponse:
    """Keeps the width of a column that was dragged."""
    key, pixels = request.POST.get("column", ""), request.POST.get("width", "")
    if key not in BY_KEY or not is_number(pixels, digits=5):
        return HttpResponseBadRequest("A column and its width in pixels, please.")
    set_width(user=request.user, grid=GRID, column=key, width=clamped(int(pixels)))
    return HttpResponse(status=204)
