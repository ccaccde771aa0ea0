"""A line's receipt, and Retry of what was changed in ConnectWise (P37, P41)."""

import logging
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from invoices.models import InvoiceLine, InvoiceSettings, SyncRun
from invoices.services.receipts import CHANGED, receipt_of, retry_rows
from invoices.sync import run
from invoices.sync.scope import RunScope
from invoices.sync.states import RunState
from invoices.views.preview import begin, go_ahead
from invoices.views.sync import line_refusal
from mapping.http import HtmxHttpRequest, toast, varying, wants_fragment

logger = logging.getLogger(__name__)

may_sync = permission_required("invoices.sync_invoices", raise_exception=True)


@require_GET
def receipt(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """What was done for this line in ConnectWise: in a panel beside the grid, or a page of its own."""
    related = InvoiceLine.objects.select_related("posting", "synced_by")
    line = get_object_or_404(related, pk=pk)
    panel = wants_fragment(request) and request.htmx.target == "dialog-body"
    context = {
        "receipt": receipt_of(line),
        "line": line,
        "panel": panel,
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
        "run_is_on": run.live_run() is not None,
    }
    template = "_receipt" if wants_fragment(request) else "receipt"
    return varying(render(request, f"invoices/{template}.html", context))


@require_POST
@may_sync
def retry(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Reads ConnectWise and plans to write over what was changed there; that is shown, and asked."""
    line = get_object_or_404(InvoiceLine, pk=pk)
    refusal = line_refusal(line)
    if not refusal and line.error_code != CHANGED:
        refusal = "This line wasn't changed in ConnectWise. Sync it as any other."
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    scope = RunScope(lines=(line.pk,), overwrite=True, fresh=True)
    draft = begin(period=line.period, user=request.user, scope=scope)
    draft.refresh_from_db()
    return _asked(request, line, draft)


@require_http_methods(["GET", "POST"])
@may_sync
def retry_confirm(request: HtmxHttpRequest, pk: int, run_id: int) -> HttpResponse:
    """GET: what is there now and what would be written; POST: write it."""
    line = get_object_or_404(InvoiceLine, pk=pk)
    draft = get_object_or_404(SyncRun, pk=run_id)
    if draft.scope.get("lines") != [line.pk] or not draft.scope.get("overwrite"):
        raise Http404("no Retry of this line")
    if request.method == "GET":
        return _asked(request, line, draft)
    try:
        go_ahead(draft, user=request.user)
    except run.CantStart as error:
        return toast(HttpResponse(status=204), str(error), kind="error")
    links = {"line": line.platform_id, "run": draft.pk}
    logger.info("%s writes over Addition %s", request.user, line.addition_id, extra=links)
    response = trigger_client_event(HttpResponse(status=204), "closeDialog")
    return trigger_client_event(response, "runStarted")


def _asked(request: HtmxHttpRequest, line: InvoiceLine, draft: SyncRun) -> HttpResponse:
    rows = retry_rows(draft)
    context = {
        "line": line,
        "draft": draft,
        "is_planning": draft.state == RunState.DRAFTING,
        "is_over": not draft.is_draft,
        "rows": rows,
        "may_confirm": rows and not any(row.is_refused for row in rows),
        "makes_again": any(row.is_new for row in rows),
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
    }
    return render(request, "invoices/_receipt_retry.html", context)
