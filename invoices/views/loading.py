"""Load: its dialog, and the progress everyone sees (P15, P15a, P18)."""

from datetime import datetime

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from invoices.loading.forms import LoadForm
from invoices.loading.progress import RESULT_STAYS, loads_ended_since, loads_in_progress
from invoices.loading.queries import business_today
from invoices.loading.start import LoadRefused, start_loads
from invoices.tasks.loading import ring
from mapping.http import HtmxHttpRequest


@require_http_methods(["GET", "POST"])
@permission_required("invoices.load_invoices", raise_exception=True)
def load(request: HtmxHttpRequest) -> HttpResponse:
    """GET asks which periods; POST starts loading them."""
    if not request.htmx:
        return redirect("invoices:lines")
    posted = request.POST if request.method == "POST" else None
    form = LoadForm(posted, today=business_today(timezone.now()))
    if form.is_valid():
        try:
            loads = start_loads(months=form.months, user=request.user)
        except LoadRefused as refusal:
            form.add_error("periods", str(refusal))
        else:
            ring(loads)
            return _started()
    status = 200 if posted is None else 422
    return render(request, "invoices/_load_dialog.html", {"form": form}, status=status)


@require_GET
def load_progress(request: HtmxHttpRequest) -> HttpResponse:
    """The bars of running loads and the results of those that ended while this page was open.

    `since` is when the page began to look, `told` the loads whose result it shows already.
    """
    now = timezone.now()
    since = _moment(request.GET.get("since", "")) or now - RESULT_STAYS
    ended = loads_ended_since(since)
    told = set(request.GET.get("told", "").split("_"))
    context = {
        "running": loads_in_progress(now),
        "ended": ended,
        "since": since.isoformat(),
        "now": now.isoformat(),
        "told": "_".join(str(load.pk) for load in ended),
    }
    response = render(request, "invoices/_load_progress.html", context)
    if "since" in request.GET and any(str(load.pk) not in told for load in ended):
        trigger_client_event(response, "periodsChanged")
    return response


def _started() -> HttpResponse:
    response = HttpResponse(status=204)
    trigger_client_event(response, "closeDialog")
    trigger_client_event(response, "loadStarted")
    return response


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
