"""Undo of a line or of a run: begins with a preview, which its page shows and asks about (P50)."""

from datetime import date

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from invoices.models import InvoiceLine, SyncRun
from invoices.services.receipts import why_no_undo
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.undo import rest_of, why_no_rest, why_run_stays
from invoices.views.preview import begin, to_page
from mapping.http import HtmxHttpRequest, toast

may_undo = permission_required("invoices.undo_sync", raise_exception=True)


@require_POST
@may_undo
def undo_line(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Plans to take back what was posted for this line, and leads to the plan."""
    line = get_object_or_404(InvoiceLine, pk=pk)
    refusal = why_no_undo(line)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    return _planned(request, line.period, UndoScope(line=line.pk))


@require_POST
@may_undo
def undo_run(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Plans to take back what this run did, and leads to the plan."""
    done = get_object_or_404(SyncRun, pk=pk)
    refusal = why_run_stays(done)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    return _planned(request, done.period, UndoScope(run=done.pk))


@require_POST
@may_undo
def undo_rest(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Plans to take back what this undo has left, and leads to the plan."""
    begun = get_object_or_404(SyncRun, pk=pk)
    refusal = why_no_rest(begun)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    return _planned(request, begun.period, rest_of(begun))


def _planned(request: HtmxHttpRequest, period: date, undo: UndoScope) -> HttpResponse:
    """ConnectWise is read first: only what still stands as it was written is taken back."""
    scope = RunScope(undo=undo, fresh=True)
    return to_page(request, begin(period=period, user=request.user, scope=scope))
