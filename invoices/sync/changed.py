"""Rows that changed between the plan and their turn: planned again, never sent as they were.

A run that nobody previewed plans them again by itself; one that was previewed leaves them to a
new preview, which its user is shown.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from invoices.models import Operation, SyncRun
from invoices.sync import gather, plan
from invoices.sync.keeping import (
    keep_closed,
    keep_operations,
    mark_refused,
    move_on,
)
from invoices.sync.plan_figures import counts
from invoices.sync.plan_log import log_refused, log_warnings
from invoices.sync.read import Listed
from invoices.sync.states import OperationState, Origin, RunState

CHANGED = ("changed", "planned_again")
# So often a run plans changed rows again before it leaves them to the next one.
MOST_ROUNDS = 3


def changed_rows(run: SyncRun) -> QuerySet[Operation]:
    """Lines that were edited before their turn, or are no longer as the preview showed them."""
    return run.operations.filter(
        state=OperationState.SKIPPED, reason_code__in=CHANGED, line__isnull=False
    )


def _lines(run: SyncRun) -> list[int]:
    """Those that can still be posted."""
    ids = list(changed_rows(run).values_list("line", flat=True).distinct())
    return list(gather.lines_to_post(run.period, ids).order_by("pk").values_list("pk", flat=True))


def plan_again(run: SyncRun) -> bool:
    """Sends the run back to planning for what changed; False where there is nothing, or no use."""
    rounds = run.plan.get("rounds", 0)
    if run.confirmed_at or run.stop_requested or run.is_undo or rounds >= MOST_ROUNDS:
        return False
    lines = _lines(run)
    if not lines:
        return False
    kept = run.plan | {"again": lines, "rounds": rounds + 1}
    # On condition of the epoch: whoever took the run over decides about it alone.
    going = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.RUNNING)
    return bool(going.update(state=RunState.PLANNING, plan=kept, heartbeat=Now()))


def keep_again(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """Puts the new plan of the changed rows in the place of the old one."""
    kept = {name: value for name, value in run.plan.items() if name != "again"}
    lines = {one.line.id for one in planned if one.line}
    old = changed_rows(run).filter(line__in=lines)
    with transaction.atomic():
        less = old.filter(is_step=False).count()
        # Never sent, and nothing waits for what was set aside but what was set aside with it.
        old.update(waits_for=None)
        old.delete()
        more = sum(counts(one) for one in planned)
        move_on(run, RunState.RUNNING, plan=kept, total=F("total") + more - less)
        keep_operations(run, planned, listed)
        keep_closed(planned)
        mark_refused(run)
    log_refused(run, planned)
    log_warnings(run, planned)


def preview_again(run: SyncRun) -> SyncRun | None:
    """A preview of what was set aside because it was not as shown; None where there is nothing."""
    lines = _lines(run) if run.confirmed_at and not run.is_undo else []
    if not lines:
        return None
    # What a Retry writes over has to be read once more: our books say what we wrote, not what is there.
    overwrite = {"overwrite": True, "fresh": True} if run.scope.get("overwrite") else {}
    return SyncRun.objects.create(
        period=run.period,
        scope={"lines": lines} | overwrite,
        state=RunState.DRAFTING,
        user=run.user,
        origin=Origin.PERSON,
        follows=run,
        heartbeat=Now(),
    )
