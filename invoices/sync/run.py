"""A run of Sync: started once, visible to everyone, stopped or finished (P38, P40)."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now

from invoices.loading.queries import LONGEST_SILENCE, load_under_way
from invoices.loading.start import hold_period
from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.queries.run_waits import Waiting, waiting_of
from invoices.queries.runs import IS_END
from invoices.sync import changed, gather, patience, planning, undo
from invoices.sync.keeping import Superseded
from invoices.sync.locks import PLANNING, session_lock
from invoices.sync.outcomes import keep_outcomes
from invoices.sync.scope import RunScope
from invoices.sync.states import (
    AGREEMENT_KINDS,
    GIVEN_UP,
    LIVE_RUN,
    OperationState,
    Origin,
    RunState,
)
from wire.errors import RemoteError, TransientError

logger = logging.getLogger(__name__)

S = OperationState

# So many workers may die of planning one run before it is given up.
MOST_PLANNERS = 5
# So long a worker may need from the ring to its lock.
PICKED_UP_WITHIN = timedelta(seconds=20)


class CantStart(Exception):
    """Why no run can start now, in a sentence."""


class AlreadyRunning(CantStart):
    """One run at a time."""


def live_run() -> SyncRun | None:
    """The one that plans or posts just now, whoever asked for it."""
    return SyncRun.objects.filter(state__in=[state.value for state in LIVE_RUN]).first()


def already_running() -> AlreadyRunning:
    """Which one, and what it waits for; without a time, so that who asks again is told the same."""
    live = live_run()
    if live is None:
        return AlreadyRunning("A sync was running until just now. Try again.")
    what = f"{'An undo' if live.is_undo else 'A sync'} of {live.period:%B %Y} is running already."
    waits = waiting_of(live)
    return AlreadyRunning(f"{what} It waits, for {waits.words}; Stop ends it." if waits else what)


def start_run(
    *,
    period: date,
    user: AbstractBaseUser | None,
    line_ids: Collection[int] | None = None,
    scope: RunScope | None = None,
    origin: Origin = Origin.PERSON,
) -> SyncRun:
    """A new run over the period, over those lines of it, or over `scope`; raises `CantStart`.

    The caller rings the lanes once this is committed.
    """
    if scope is None:
        scope = RunScope(lines=None if line_ids is None else tuple(line_ids))
    try:
        with transaction.atomic():
            # A load takes the same lock before it looks for a run: never do both miss each other.
            hold_period(period)
            if load_under_way(period):
                raise CantStart(f"{period:%B %Y} is being loaded. Sync when the load has finished.")
            started = SyncRun.objects.create(
                period=period, scope=scope.to_json(), user=user, origin=origin, heartbeat=Now()
            )  # type: ignore[misc]
    except IntegrityError as error:
        # `one_live_sync_run`: two people who press at the same moment can't both begin.
        raise already_running() from error
    if scope.undo:
        undo.log_start(started)
    return started


def plan_if_needed(run_id: int, epoch: int) -> bool:
    """Plans a run that isn't planned yet; True when its operations can be worked on."""
    live = SyncRun.objects.filter(pk=run_id, epoch=epoch)
    if live.filter(state=RunState.RUNNING).exists():
        return True
    with session_lock(PLANNING, run_id) as alone:
        # Read by the lock's holder: whoever held it before may have planned it.
        run = live.filter(state=RunState.PLANNING).first() if alone else None
        return run is not None and patience.begin(run) and _plan(run)


def _plan(run: SyncRun) -> bool:
    try:
        planning.plan_run(run)
    except Superseded:
        return False
    except TransientError as error:
        given_up = patience.wait(run, error)
        if given_up:
            fail_run(run.pk, given_up, epoch=run.epoch)
        return False
    except RemoteError as error:
        fail_run(run.pk, str(error), epoch=run.epoch)
        return False
    except Exception:
        logger.exception("run %s could not be planned", run.pk, extra={"run": run.pk})
        fail_run(run.pk, "The plan could not be made; see the System Logs.", epoch=run.epoch)
        raise
    return True


def fail_run(run_id: int, reason: str, *, epoch: int | None = None) -> None:
    """Ends the run; what was not sent stays Not Synced (P41).

    With `epoch`, only if no other worker has taken it over: it may be well in the other's hands.
    """
    live = SyncRun.objects.filter(pk=run_id, state__in=[s.value for s in LIVE_RUN])
    mine = live if epoch is None else live.filter(epoch=epoch)
    with transaction.atomic():
        run = mine.select_for_update(no_key=True).first()
        if run:
            _withdraw_planned(run)
            mine.update(state=RunState.FAILED, message=reason, finished_at=Now())
            keep_outcomes(run_id)
    if run:
        logger.error("The sync was stopped: %s", reason, extra={"run": run_id})


def stop_run(run: SyncRun, *, user: AbstractBaseUser | None = None) -> None:
    """Asks the workers to take nothing more; what was sent stays."""
    live = SyncRun.objects.filter(pk=run.pk, state__in=[s.value for s in LIVE_RUN])
    if live.filter(stop_requested=False).update(stop_requested=True) and user:
        what = "undo" if run.is_undo else "sync"
        logger.info("%s stopped the %s of %s", user, what, f"{run.period:%B %Y}", extra=_link(run))
    finish_if_done(run.pk)


def _link(run: SyncRun) -> dict[str, object]:
    return {"run": run.pk}


def _withdraw_planned(run: SyncRun) -> None:
    # A refusal that was only shown marks no line, so it is no error of a run that did not get to it.
    left = [S.PLANNED, S.REFUSED] if _is_only_shown(run) else [S.PLANNED]
    run.operations.filter(state__in=left).update(state=S.WITHDRAWN, finished_at=Now())


def _is_only_shown(run: SyncRun) -> bool:
    """Its rows are those of its preview: they are held against ConnectWise before one comes true."""
    return run.state == RunState.PLANNING and run.confirmed_at is not None


def _withdraw_orphans(run_id: int) -> None:
    """What waits for an agreement's making or change that won't come: its own run gave it up."""
    Operation.objects.filter(run_id=run_id, state=S.PLANNED, waits_for__state__in=GIVEN_UP).update(
        state=S.WITHDRAWN,
        last_error="What it waited for was not done.",
        finished_at=Now(),
    )


def finish_if_done(run_id: int) -> bool:
    """Ends a run that has nothing left to send and nothing on its way; True when it is over."""
    with transaction.atomic():
        # One lane at a time, and whole: also where it dies, what was not sent is shown again.
        return _finish_if_done(SyncRun.objects.select_for_update(no_key=True).get(pk=run_id))


def _finish_if_done(run: SyncRun) -> bool:
    if run.is_draft:
        return False
    if not run.is_live:
        # Postponed by another lane after the run had failed: nobody would take it up again.
        _withdraw_planned(run)
        keep_outcomes(run.pk)
        return True
    _withdraw_orphans(run.pk)
    if run.stop_requested:
        _withdraw_planned(run)
    if run.state == RunState.PLANNING and not run.stop_requested:
        return False
    # Not what is unknown: the sweep settles that without the run, which would wait for hours.
    left = run.operations.filter(state__in=[S.PLANNED, S.CLAIMED])
    if left.exists() or changed.plan_again(run):
        return False
    state = RunState.STOPPED if run.stop_requested else RunState.FINISHED
    ended = {"ask_again_at": None, "message": "", "finished_at": Now()}
    SyncRun.objects.filter(pk=run.pk).update(state=state, **ended)
    run.state = state
    keep_outcomes(run.pk)
    changed.preview_again(run)
    _log_end(run)
    return True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, in lines."""

    total: int
    posted: int
    errors: int
    unknown: int
    skipped: int
    withdrawn: int
    ended: int = 0  # see IS_END
    undoes: bool = False  # it takes back what other runs did
    waits: Waiting | None = None

    @property
    def done(self) -> int:
        """All that nothing more is sent for; what is unknown is looked for without the run."""
        through = self.posted + self.ended + self.errors + self.unknown
        return through + self.skipped + self.withdrawn

    def sentence(self) -> str:
        """ "12 posted, 3 errors": only what there is."""
        counts = {
            "taken back" if self.undoes else "posted": self.posted,
            "ended": self.ended,
            "with an error": self.errors,
            "not confirmed yet": self.unknown,
            "skipped": self.skipped,
            "not taken back" if self.undoes else "left Not Synced": self.withdrawn,
        }
        told = [f"{n:,} {words}" for words, n in counts.items() if n]
        return ", ".join(told) or f"nothing to {'take back' if self.undoes else 'post'}"


def progress(run: SyncRun) -> Progress:
    """Counted in its rows, now; steps and work on agreements are none of them."""

    def lines(*states: OperationState) -> Count:
        return Count("pk", filter=Q(state__in=[state.value for state in states]))

    done = Q(state=S.DONE)
    counted = run.operations.filter(is_step=False).exclude(kind__in=AGREEMENT_KINDS)
    if _is_only_shown(run):
        counted = counted.none()
    counts = counted.aggregate(
        posted=Count("pk", filter=done & ~IS_END),
        ended=Count("pk", filter=done & IS_END),
        errors=lines(S.FAILED, S.REFUSED),
        unknown=lines(S.UNKNOWN),
        skipped=lines(S.SKIPPED),
        withdrawn=lines(S.WITHDRAWN),
    )
    return Progress(
        total=run.total or _lines_to_plan(run),
        undoes="undo" in run.scope,
        waits=waiting_of(run),
        **counts,
    )


def _lines_to_plan(run: SyncRun) -> int:
    """What a run is about that nobody previewed, until its plan says it more exactly."""
    if run.state != RunState.PLANNING or run.is_undo:
        return 0
    return gather.lines_to_post(run.period, RunScope.from_json(run.scope).lines).count()


def _log_end(run: SyncRun) -> None:
    """One summary; one WARNING that counts the unmapped lines of a whole period (P41)."""
    what = "Undo" if "undo" in run.scope else "Sync"
    ended = "stopped" if run.stop_requested else "finished"
    logger.info("%s %s: %s", what, ended, progress(run).sentence(), extra=_link(run))
    if "lines" in run.scope or "undo" in run.scope:
        return
    unmapped = InvoiceLine.objects.filter(period=run.period, is_mapped=False).exclude(
        psa_status=InvoiceLine.Status.SYNCED
    )
    count = unmapped.count()
    if count:
        logger.warning(
            "%s unmapped lines of %s were left Not Synced",
            count,
            f"{run.period:%B %Y}",
            extra={"run": run.pk},
        )


def take_over_dead_plans() -> list[SyncRun]:
    """Runs in planning that nobody plans: not picked up, or their worker is gone. Planned anew.

    Not those that wait for an answer: they are taken up when their time has come.
    """
    waiting = SyncRun.objects.filter(
        state=RunState.PLANNING, ask_again_at=None, heartbeat__lt=Now() - PICKED_UP_WITHIN
    )
    return [run for run in waiting if _take_over(run)]


def _take_over(run: SyncRun) -> bool:
    """A living planner's session holds the lock; one that hangs is given up after a while."""
    with session_lock(PLANNING, run.pk) as nobody_plans:
        if not nobody_plans and not _is_silent(run):
            return False
    if run.epoch >= MOST_PLANNERS:
        fail_run(run.pk, "Its plan broke off again and again; see the System Logs.")
        return False
    taken = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.PLANNING).update(
        epoch=F("epoch") + 1, heartbeat=Now()
    )
    run.refresh_from_db()
    return bool(taken)


def _is_silent(run: SyncRun) -> bool:
    return SyncRun.objects.filter(pk=run.pk, heartbeat__lt=Now() - LONGEST_SILENCE).exists()
