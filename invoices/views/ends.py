"""The ends that a preview lists (P49): their pages, and the ticks, which the server keeps."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from invoices.models import SyncRun
from invoices.queries.ends import page_of_ends
from invoices.queries.runs import figures
from invoices.sync import previews
from invoices.views.preview import changeable
from invoices.views.run_context import button_context, may_change, other_live
from mapping.http import HtmxHttpRequest
from mapping.numbers import number_in


@require_GET
def run_ends(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """One page of them."""
    run = get_object_or_404(SyncRun, pk=pk)
    ends = page_of_ends(run, number_in(request.GET.get("page", ""), 1))
    context = {
        "run": run,
        "ends": ends,
        "ticks": ends.ticks,
        "may_change": may_change(request.user, run),
    }
    return render(request, "invoices/_run_ends.html", context)


@require_POST
def run_tick(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Ticks or unticks one row, or all of them; the button says at once what its yes would do."""
    preview = changeable(request, pk)
    row = number_in(request.POST["row"]) if "row" in request.POST else None
    is_shown = request.POST.get("epoch") == str(preview.epoch)
    if not is_shown or not previews.tick(preview, ticked="ticked" in request.POST, row=row):
        return trigger_client_event(HttpResponse(status=204), "runMoved")
    ends = page_of_ends(preview, number_in(request.POST.get("page", ""), 1))
    context = button_context(figures(preview), ends.ticks) | {
        "run": preview,
        "ends": ends,
        "ticks": ends.ticks,
        "may_change": True,
        "other": other_live(preview),
        "all_at_once": row is None,
    }
    return render(request, "invoices/_run_ticked.html", context)
