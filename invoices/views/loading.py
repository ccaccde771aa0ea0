"""Load: its dialog, and the progress everyone sees (P15, P15a, P18)."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from invoices.loading.forms import LoadForm
from invoices.loading.progress import loads_ended_since, loads_in_progress
from invoices.loading.queries import business_today
from invoices.loading.start import LoadRefused, start_loads
from invoices.tasks.loading import ring
from invoices.views.told import looks_since, tell
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
    """The bars of running loads and the results of those that ended while this page was open."""
    since = looks_since(request)
    return tell(
        request,
        "invoices/_load_progress.html",
        running=loads_in_progress(timezone.now()),
        ended=loads_ended_since(since),
        since=since,
        event="periodsChanged",
    )


def _started() -> HttpResponse:
    response = HttpResponse(status=204)
    trigger_client_event(response, "closeDialog")
    trigger_client_event(response, "loadStarted")
    return response
