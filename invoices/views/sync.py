"""Sync: begins a preview, posts one line at once, the progress everyone sees, Stop (P38–P41)."""

from datetime import date

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from invoices.loading.progress import RESULT_STAYS
from invoices.models import InvoiceLine, SyncRun
from invoices.queries.runs import posted
from invoices.services.selection import selected_lines
from invoices.sync import planning, run
from invoices.sync.remote import throttled
from invoices.sync.scope import RunScope
from invoices.sync.summary import Summary, summarize
from invoices.tasks.sync import ring
from invoices.views.preview import begin, to_page
from invoices.views.run_context import zone
from mapping.http import HtmxHttpRequest, toast
from mapping.numbers import number_in
from wire.errors import RemoteError

# Who may stop a run: one that undoes, or not.
STOPS = {True: "invoices.undo_sync", False: "invoices.sync_invoices"}
may_sync = permission_required("invoices.sync_invoices", raise_exception=True)


@require_POST
@may_sync
def sync(request: HtmxHttpRequest) -> HttpResponse:
    """Begins a preview of the ticked lines, or of the whole period, and leads to its page (P39)."""
    period = _period(request)
    live = run.live_run()
    if live:
        return to_page(request, live)
    ticked = selected_lines(user=request.user, period=period).values_list("pk", flat=True)
    scope = RunScope(lines=tuple(ticked) or None)
    return to_page(request, begin(period=period, user=request.user, scope=scope))


@require_POST
@may_sync
def sync_line(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Posts one line at once; asks first where it would also make an agreement or end an Addition."""
    line = get_object_or_404(InvoiceLine, pk=pk)
    refusal = line_refusal(line)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    try:
        summary = summarize(planning.preview(line.period, scope=_only(line)))
    except RemoteError as problem:
        return toast(HttpResponse(status=204), f"{problem} Nothing was sent.", kind="error")
    if "confirmed" not in request.POST and summary.does_more_than_post:
        return _ask(request, line, summary)
    return _start(request, line)


@require_GET
def run_bar(request: HtmxHttpRequest) -> HttpResponse:
    """The live run's progress, or the last one's result; asked for again while it is open."""
    return _bar(request, was_live=request.GET.get("was") == "live")


@require_POST
def run_stop(request: HtmxHttpRequest) -> HttpResponse:
    """Stops the live run, if there is one; what was sent stays."""
    live = run.live_run()
    if not request.user.has_perm(STOPS[live is not None and live.is_undo]):
        raise PermissionDenied
    if live:
        run.stop_run(live, user=request.user)
    # Each page asks for its own part anew: the run's page has no bar and no Sync button.
    return trigger_client_event(HttpResponse(), "runStarted")


def _bar(request: HtmxHttpRequest, *, was_live: bool) -> HttpResponse:
    live = run.live_run()
    seen = number_in(request.GET.get("seen", ""))
    shown = live or _fresh_result(seen)
    told = run.progress(shown) if shown else None
    response = render(
        request,
        "invoices/_run_bar.html",
        {
            "run": shown,
            "seen": seen,
            "live": live is not None,
            "flipped": was_live != (live is not None),
            "progress": told,
            "money": () if shown is None or live or shown.is_undo else posted(shown),
            "waits": (told.waits or throttled()) if told and live else None,
            "zone": zone(),
            "may_stop": request.user.has_perm(STOPS[shown is not None and shown.is_undo]),
        },
    )
    if live or was_live:
        trigger_client_event(response, "runTick", {"live": live is not None})
    if not live and (was_live or _ended_unseen(request, shown)):
        trigger_client_event(response, "linesChanged")
    return response


def _ended_unseen(request: HtmxHttpRequest, shown: SyncRun | None) -> bool:
    """A short run begins and ends between two looks of the page."""
    told = request.GET.get("told")
    return told is not None and shown is not None and shown.pk != number_in(told)


def _period(request: HtmxHttpRequest) -> date:
    try:
        return date.fromisoformat(f"{request.POST.get('period', '')}-01")
    except ValueError as error:
        raise Http404("no such period") from error


def _only(line: InvoiceLine) -> RunScope:
    return RunScope(lines=(line.pk,))


def _ask(request: HtmxHttpRequest, line: InvoiceLine, summary: Summary) -> HttpResponse:
    response = render(
        request, "invoices/_sync_line_dialog.html", {"line": line, "summary": summary}
    )
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


def _start(request: HtmxHttpRequest, line: InvoiceLine) -> HttpResponse:
    try:
        with transaction.atomic():
            started = run.start_run(period=line.period, scope=_only(line), user=request.user)
            transaction.on_commit(lambda: ring(started))
    except run.CantStart as error:
        response = toast(HttpResponse(status=204), str(error), kind="error")
        return trigger_client_event(response, "closeDialog")
    response = trigger_client_event(HttpResponse(status=204), "closeDialog")
    return trigger_client_event(response, "runStarted")


def line_refusal(line: InvoiceLine) -> str:
    """Why this line can't be posted now; "" when it can."""
    if line.psa_status == InvoiceLine.Status.SYNCED:
        return "This line is Synced already."
    if line.in_flight:
        return "This line is being posted or checked already."
    if not line.is_mapped:
        return "This line is Unmapped. Complete its PSA values first."
    return str(run.already_running()) if run.live_run() else ""


def _fresh_result(seen: int) -> SyncRun | None:
    """The run's that ended last, unless that is long ago or was dismissed (`seen`) on this page."""
    since = timezone.now() - RESULT_STAYS
    # Not the highest number: a preview has its own from when it was made.
    last = SyncRun.objects.filter(finished_at__gte=since).order_by("-finished_at", "-pk").first()
    return None if last is None or last.pk == seen else last
