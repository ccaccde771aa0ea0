"""Sync: its dialog, one line at once, the progress everyone sees, and Stop (P38–P41)."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from invoices.models import InvoiceLine, SyncRun
from invoices.services.selection import selected_lines
from invoices.sync import planning, run
from invoices.sync.scope import RunScope
from invoices.sync.summary import Summary, summarize
from invoices.tasks.sync import ring
from mapping.http import HtmxHttpRequest, toast
from wire.errors import RemoteError

# So long the result of the last run stays above the grid.
RESULT_STAYS = timedelta(minutes=10)

may_sync = permission_required("invoices.sync_invoices", raise_exception=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one press of Sync takes: the ticked lines, or (`line_ids` None) the whole period.

    `ends` are the keys of the Additions that the user wants ended, `force` a second yes to them.
    """

    period: date
    line_ids: list[int] | None
    ends: tuple[str, ...] = ()
    force: bool = False

    @property
    def of_run(self) -> RunScope:
        lines = None if self.line_ids is None else tuple(self.line_ids)
        return RunScope(lines=lines, ends=self.ends, force=self.force)


@require_http_methods(["GET", "POST"])
@may_sync
def sync(request: HtmxHttpRequest) -> HttpResponse:
    """GET asks, with what would happen; POST starts."""
    scope = _scope(request)
    if request.method == "POST":
        if request.POST.get("ticked", _ticked(scope)) != _ticked(scope):
            # Without this, ticks that another tab cleared would turn into the whole period.
            refused = toast(
                HttpResponse(status=204),
                "The ticked lines have changed meanwhile. Nothing was sent; open Sync again.",
                kind="error",
            )
            return trigger_client_event(refused, "closeDialog")
        if scope.ends and not scope.force and _preview(scope).needs_second_yes:
            return _ask(request, scope)
        return _start(request, scope)
    return _ask(request, scope)


@require_POST
@may_sync
def sync_line(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Posts one line at once; asks first where it would also make an agreement or end an Addition."""
    line = get_object_or_404(InvoiceLine, pk=pk)
    scope = Scope(line.period, [line.pk])
    refusal = line_refusal(line)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    try:
        asks = "confirmed" not in request.POST and _preview(scope).does_more_than_post
    except RemoteError as problem:
        return toast(HttpResponse(status=204), f"{problem} Nothing was sent.", kind="error")
    return _ask(request, scope, line=line) if asks else _start(request, scope)


@require_GET
def run_bar(request: HtmxHttpRequest) -> HttpResponse:
    """The live run's progress, or the last one's result; asked for again while it is open."""
    return _bar(request, was_live=request.GET.get("was") == "live")


@require_POST
@may_sync
def run_stop(request: HtmxHttpRequest) -> HttpResponse:
    """Stops the live run, if there is one; what was sent stays."""
    live = run.live_run()
    if live:
        run.stop_run(live)
    return _bar(request, was_live=live is not None)


def _bar(request: HtmxHttpRequest, *, was_live: bool) -> HttpResponse:
    live = run.live_run()
    seen = _number(request.GET.get("seen", ""))
    shown = live or _fresh_result(seen)
    response = render(
        request,
        "invoices/_run_bar.html",
        {
            "run": shown,
            "seen": seen,
            "live": live is not None,
            "flipped": was_live != (live is not None),
            "progress": run.progress(shown) if shown else None,
            "may_stop": request.user.has_perm("invoices.sync_invoices"),
        },
    )
    if live or was_live:
        trigger_client_event(response, "runTick", {"live": live is not None})
    if was_live and not live:
        trigger_client_event(response, "linesChanged")
    return response


def _scope(request: HtmxHttpRequest) -> Scope:
    """The period of the page, and the ticked lines of it, if any."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        period = date.fromisoformat(f"{asked.get('period', '')}-01")
    except ValueError as error:
        raise Http404("no such period") from error
    ticked = list(selected_lines(user=request.user, period=period).values_list("pk", flat=True))
    return Scope(
        period,
        ticked or None,
        ends=tuple(request.POST.getlist("ends")),
        force="force" in request.POST,
    )


def _preview(scope: Scope) -> Summary:
    """Raises `wire.errors.RemoteError` where the Platform can't say who we are."""
    return summarize(planning.preview(scope.period, scope=scope.of_run))


def _ticked(scope: Scope) -> str:
    """How many lines the dialog speaks of, as it posts it; "0" is the whole period."""
    return str(len(scope.line_ids or ()))


def _ask(
    request: HtmxHttpRequest, scope: Scope, *, line: InvoiceLine | None = None
) -> HttpResponse:
    summary: Summary | None = None
    error = ""
    try:
        summary = _preview(scope)
    except RemoteError as problem:
        error = str(problem)
    return _dialog(
        request,
        {
            "scope": scope,
            "ticked": _ticked(scope),
            "line": line,
            "summary": summary,
            "error": error,
        },
    )


def _start(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    try:
        with transaction.atomic():
            started = run.start_run(period=scope.period, scope=scope.of_run, user=request.user)
            transaction.on_commit(lambda: ring(started))
    except run.CantStart as error:
        response = toast(HttpResponse(status=204), str(error), kind="error")
        return trigger_client_event(response, "closeDialog")
    response = trigger_client_event(HttpResponse(status=204), "closeDialog")
    return trigger_client_event(response, "runStarted")


def _dialog(request: HtmxHttpRequest, context: dict[str, object]) -> HttpResponse:
    response = render(request, "invoices/_sync_dialog.html", context)
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


def line_refusal(line: InvoiceLine) -> str:
    """Why this line can't be posted now; "" when it can."""
    if line.psa_status == InvoiceLine.Status.SYNCED:
        return "This line is Synced already."
    if line.in_flight:
        return "This line is being posted or checked already."
    if not line.is_mapped:
        return "This line is Unmapped. Complete its PSA values first."
    return "A sync is running already." if run.live_run() else ""


def _fresh_result(seen: int) -> SyncRun | None:
    """The last run's, unless it is old or was dismissed (`seen`) on this page."""
    since = timezone.now() - RESULT_STAYS
    return SyncRun.objects.filter(finished_at__gte=since, pk__gt=seen).order_by("-pk").first()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
