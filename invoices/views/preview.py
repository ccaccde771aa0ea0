"""What a person does with a preview: begin it, say yes to it, have it planned anew, end what bills too long."""

import logging
from collections.abc import Collection
from datetime import date

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from invoices.models import SyncRun
from invoices.queries.ends import Ticks, mark_of, ticks_of
from invoices.queries.runs import figures, long_cycle_rows
from invoices.services.lines import LinesRefused
from invoices.services.long_cycles import end_after_one_period
from invoices.sync import previews, run
from invoices.sync.scope import RunScope
from invoices.sync.states import RunState
from invoices.tasks.sync import ring
from invoices.views.run_context import may_change
from mapping.http import HtmxHttpRequest, toast
from mapping.numbers import number_in
from wire.errors import RemoteError

logger = logging.getLogger(__name__)

MEANWHILE = "This preview was planned anew meanwhile. Look at it again."
TICKED_MEANWHILE = "The ticks were changed meanwhile, as you see them now. Look at them again."


@require_POST
def run_confirm(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """A person's yes to the plan as it was shown; a second one where many Additions would end."""
    preview = changeable(request, pk)
    if request.POST.get("epoch") != str(preview.epoch):
        return _refused(MEANWHILE)
    ticks = ticks_of(preview)
    if request.POST.get("ends", mark_of(())) != ticks.mark:
        return trigger_client_event(_refused(TICKED_MEANWHILE), "runMoved")
    ends, force = ticks.keys, "force" in request.POST
    if ends and not force and previews.needs_second_yes(ends):
        return _ask_again(request, preview, ticks)
    try:
        go_ahead(preview, user=request.user, ends=ends, force=force)
    except run.CantStart as error:
        return _refused(str(error))
    return to_page(request, preview)


@require_POST
def run_again(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Plans it once more; `fresh` reads ConnectWise before."""
    preview = changeable(request, pk)
    with transaction.atomic():
        if previews.plan_anew(preview, fresh="fresh" in request.POST):
            _ring_once_committed(preview)
    return to_page(request, preview)


@require_POST
@permission_required("invoices.sync_invoices", raise_exception=True)
def run_rest(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """A preview of what a run that broke off left Not Synced: it covers the same, as it stands now."""
    left = get_object_or_404(SyncRun, pk=pk, state__in=[RunState.STOPPED, RunState.FAILED])
    if left.is_undo:
        raise PermissionDenied
    lines = RunScope.from_json(left.scope).lines
    again = begin(period=left.period, user=request.user, scope=RunScope(lines=lines))
    return to_page(request, again)


@require_POST
@permission_required("invoices.edit_lines", raise_exception=True)
def run_end_long(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Ends after one agreement period what would be billed again and again: one row, or all (P45)."""
    preview = changeable(request, pk)
    rows = long_cycle_rows(preview)
    if row := request.POST.get("row", ""):
        rows = rows.filter(pk=number_in(row))
    try:
        with transaction.atomic():
            seen = dict(rows.values_list("line", "line_version"))
            ended = end_after_one_period(seen=seen, user=request.user)
            if previews.plan_anew(preview, fresh=False):
                _ring_once_committed(preview)
    except LinesRefused as refused:
        told = refused.refusals[0].reason
        return toast(HttpResponse(status=204), f"Nothing was changed: {told}", kind="error")
    except RemoteError as error:
        return toast(HttpResponse(status=204), str(error), kind="error")
    logger.info("%s lines end after one agreement period", ended, extra={"run": pk})
    return to_page(request, preview)


def begin(*, period: date, user: User, scope: RunScope) -> SyncRun:
    """A preview that a worker is asked to plan."""
    with transaction.atomic():
        draft = previews.start_draft(period=period, user=user, scope=scope)
        _ring_once_committed(draft)
    return draft


def go_ahead(
    draft: SyncRun, *, user: User, ends: Collection[str] = (), force: bool = False
) -> None:
    """Makes it the live run and has workers take it up; raises `CantStart`."""
    with transaction.atomic():
        previews.confirm(draft, user=user, ends=ends, force=force)
        _ring_once_committed(draft)


def to_page(request: HtmxHttpRequest, a_run: SyncRun) -> HttpResponse:
    """Leads to the run's page, whoever asked: HTMX by a header, a browser by 302."""
    page = reverse("invoices:run_page", args=[a_run.pk])
    return HttpResponseClientRedirect(page) if request.htmx else redirect(page)


def _ring_once_committed(a_run: SyncRun) -> None:
    """By then its state tells whether it is to be planned or posted."""
    transaction.on_commit(lambda: ring(SyncRun.objects.get(pk=a_run.pk)))


def changeable(request: HtmxHttpRequest, pk: int) -> SyncRun:
    """The run, for who may change it: else 403, and 404 where it was dropped meanwhile."""
    preview = get_object_or_404(SyncRun, pk=pk)
    if not may_change(request.user, preview):
        raise PermissionDenied
    return preview


def _ask_again(request: HtmxHttpRequest, preview: SyncRun, ticks: Ticks) -> HttpResponse:
    context = {"run": preview, "ticks": ticks, "figures": figures(preview)}
    response = render(request, "invoices/_second_yes_dialog.html", context)
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


def _refused(reason: str) -> HttpResponse:
    """Nothing was sent; the page shows at once how things stand now."""
    response = toast(HttpResponse(status=204), f"{reason} Nothing was sent.", kind="error")
    trigger_client_event(response, "closeDialog")
    return trigger_client_event(response, "runStarted")
