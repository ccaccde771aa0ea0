"""Looks at the Invoices grid that a user has given a name: search, filters, sort, columns."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseLocation

from invoices.models import Period
from invoices.views.grid import GRID, layout_for, period_or_404, state_of
from mapping.http import HtmxHttpRequest, toast
from mapping.models import SavedView
from mapping.services.grid_choices import choose_columns, delete_view, save_view

LONGEST_NAME = 60
# What belongs to the moment, not to the look.
PASSING = {"period", "page"}


@require_http_methods(["GET", "POST"])
def saved_views(request: HtmxHttpRequest) -> HttpResponse:
    """The user's views; a POST keeps what the URL shows under `name`."""
    period = period_or_404(request)
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:LONGEST_NAME]
    if request.method == "GET" or not name:
        missing = "Give the view a name." if request.method == "POST" else ""
        return _menu(request, period, error=missing)
    params = state_of(request, period).params()
    save_view(
        user=request.user,
        grid=GRID,
        name=name,
        params={key: values for key, values in params.items() if key not in PASSING},
        columns=layout_for(request.user).keys,
    )
    return toast(_menu(request, period), f"The view “{name}” is saved.")


@require_POST
def saved_view_open(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Shows the columns of the view, and leads to its address in the shown period."""
    view = get_object_or_404(SavedView, pk=pk, user=request.user, grid=GRID)
    choose_columns(user=request.user, grid=GRID, columns=view.columns)
    query = QueryDict(mutable=True)
    query["period"] = f"{period_or_404(request).month:%Y-%m}"
    for key, values in view.params.items():
        query.setlist(key, values)
    address = f"{reverse('invoices:lines')}?{query.urlencode()}"
    return HttpResponseLocation(address, target="#grid", swap="outerHTML")


@require_POST
def saved_view_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """A view of another user's stays: it is not found."""
    delete_view(user=request.user, pk=pk)
    return _menu(request, period_or_404(request))


def _menu(request: HtmxHttpRequest, period: Period, *, error: str = "") -> HttpResponse:
    context = {
        "views": SavedView.objects.filter(user=request.user, grid=GRID).order_by("name"),
        "grid": state_of(request, period),
        "error": error,
    }
    status = 422 if error else 200
    return render(request, "invoices/_saved_views.html", context, status=status)
