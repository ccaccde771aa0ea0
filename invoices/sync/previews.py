"""Previews: a run that is planned and shown, and waits for a person's yes (P39).

A draft is a run like any other, only that nobody works on it: saying yes makes it the live one.
"""

import logging
from collections.abc import Collection
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from invoices.loading.queries import load_under_way
from invoices.loading.start import hold_period
from invoices.models import SyncRun
from invoices.queries.ends import ends_of_preview
from invoices.sync import ending, patience, planning, undo
from invoices.sync.keeping import Superseded
from invoices.sync.locks import PLANNING, session_lock
from invoices.sync.run import PICKED_UP_WITHIN, CantStart, already_running
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import DRAFTS, Origin, RunState
from wire.errors import RemoteError, TransientError

logger = logging.getLogger(__name__)

# A preview that nobody said yes to is dropped then.
KEPT_FOR = timedelta(days=1)
# Nobody works on it: it is planned, or waits for an answer.
READY = Q(state=RunState.DRAFT) | Q(state=RunState.DRAFTING, ask_again_at__isnull=False)


def start_draft(*, period: date, user: User | None, scope: RunScope) -> SyncRun:
    """A preview to be planned by a worker; the user's older ones of the same month go.

    The caller rings for it once this is committed.
    """
    with transaction.atomic():
        older = SyncRun.objects.filter(READY, period=period, user=user)
        # Undoing, or writing over one line, leaves the preview of the month alone.
        own = "undo" if scope.undo else "overwrite" if scope.overwrite else ""
        drop(older.filter(scope__has_key=own) if own else older)
        return SyncRun.objects.create(
            period=period,
            scope=scope.to_json(),
            state=RunState.DRAFTING,
            user=user,
            origin=Origin.PERSON,
            heartbeat=Now(),
        )


def plan_if_needed(run_id: int, epoch: int) -> None:
    """Plans a preview that isn't planned yet; what went wrong is told on its page."""
    run = SyncRun.objects.filter(pk=run_id, epoch=epoch, state=RunState.DRAFTING).first()
    if run is None:
        return
    with session_lock(PLANNING, run_id) as alone:
        if alone and patience.begin(run):
            _plan(run)


def _plan(run: SyncRun) -> None:
    try:
        planning.plan_draft(run)
    except Superseded:
        pass
    except TransientError as error:
        given_up = patience.wait(run, error)
        if given_up:
            _tell(run, given_up)
    except RemoteError as error:
        _tell(run, str(error))
    except Exception:
        logger.exception("preview %s could not be planned", run.pk, extra={"run": run.pk})
        _tell(run, "The plan could not be made; see the System Logs.")


def _tell(run: SyncRun, message: str) -> None:
    SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.DRAFTING).update(
        state=RunState.DRAFT, planned_at=None, message=message, unanswered_since=None
    )


def plan_anew(run: SyncRun, *, fresh: bool) -> bool:
    """Plans it once more, after reading ConnectWise where `fresh`; False where it is no preview.

    Also one that waits for an answer: it need not be read, or may be there again by now.
    """
    scope = {name: value for name, value in run.scope.items() if name != "fresh"}
    ticks = dict(ends_of_preview(run).values_list("key", "ticked"))
    with transaction.atomic():
        taken = SyncRun.objects.filter(READY, pk=run.pk, epoch=run.epoch).update(
            state=RunState.DRAFTING,
            epoch=F("epoch") + 1,
            scope=scope | ({"fresh": True} if fresh else {}),
            plan={"asked_at": timezone.now().isoformat(), "ticks": ticks},
            message="",
            planned_at=None,
            unanswered_since=None,
            ask_again_at=None,
            heartbeat=Now(),
        )
        if taken:
            _drop_operations([run.pk])
    return bool(taken)


def tick(run: SyncRun, *, ticked: bool, row: int | None = None) -> bool:
    """One of the ends that it lists, or all of them; False where it lists them no more."""
    mine = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.DRAFT)
    with transaction.atomic():
        # Held, so that it isn't planned anew in between: its ends would be other rows then.
        if not mine.select_for_update(no_key=True):
            return False
        ends = ends_of_preview(run)
        return bool((ends if row is None else ends.filter(pk=row)).update(ticked=ticked))


def confirm(run: SyncRun, *, user: User, ends: Collection[str] = (), force: bool = False) -> None:
    """A person's yes to what is shown: it becomes the live run. Raises `CantStart`.

    `ends` are the keys of the Additions of vanished subscriptions that were ticked, `force` the
    second yes to ending more than the usual share of them.
    """
    scope = dict(run.scope)
    if not run.is_undo:
        policy = {"cancellations": Cancellations.ASK.value, "ends": sorted(ends), "force": force}
        scope |= policy
    try:
        with transaction.atomic():
            # A load takes the same lock before it looks for a run: never do both miss each other.
            hold_period(run.period)
            if load_under_way(run.period):
                raise CantStart(
                    f"{run.period:%B %Y} is being loaded. Post when the load has finished."
                )
            if not _begin(run, user, scope):
                raise CantStart("This preview was planned anew meanwhile. Look at it again.")
    except IntegrityError as error:
        raise already_running() from error
    if run.is_undo:
        run.user = user
        undo.log_start(run)


def _begin(run: SyncRun, user: User, scope: dict[str, object]) -> bool:
    """False where it is no longer the preview that was looked at."""
    shown = SyncRun.objects.filter(
        pk=run.pk, epoch=run.epoch, state=RunState.DRAFT, planned_at__isnull=False
    )
    return bool(
        shown.update(
            state=RunState.PLANNING, confirmed_at=Now(), heartbeat=Now(), user=user, scope=scope
        )
    )


def needs_second_yes(ends: Collection[str]) -> bool:
    """Whether these are more Additions than usually end at once (P49)."""
    policy = ending.policy_of(RunScope())
    return len(ends) * 100 > policy.live * policy.share


def unpicked() -> list[SyncRun]:
    """Previews that nobody plans: their worker died, or none came. To be rung for once more."""
    silent = SyncRun.objects.filter(
        state=RunState.DRAFTING, ask_again_at=None, heartbeat__lt=Now() - PICKED_UP_WITHIN
    )
    return [run for run in silent if _is_nobodys(run)]


def _is_nobodys(run: SyncRun) -> bool:
    with session_lock(PLANNING, run.pk) as nobody_plans:
        return nobody_plans


def drop_old() -> None:
    """Those that nobody said yes to within a day."""
    drop(
        SyncRun.objects.filter(state__in=[s.value for s in DRAFTS], created_at__lt=Now() - KEPT_FOR)
    )


def drop(drafts: QuerySet[SyncRun]) -> None:
    """Nothing of them was ever sent."""
    with transaction.atomic():
        # Locked before their rows go: one that somebody says yes to just now is none any more.
        ids = list(
            drafts.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)
        )
        _drop_operations(ids)
        SyncRun.objects.filter(pk__in=ids).delete()


def _drop_operations(run_ids: Collection[int]) -> None:
    # In one statement: they may be many, and wait for one another.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM invoices_operation WHERE run_id = ANY(%s)", [list(run_ids)])
