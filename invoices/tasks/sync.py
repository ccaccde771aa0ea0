"""Doorbells of posting: the work and its truth are in the database (invoices/sync)."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from invoices.models import SyncRun
from invoices.sync import lanes, patience, previews, run
from invoices.sync.states import RunState

logger = logging.getLogger(__name__)


@shared_task
def plan_and_post(run_id: int, epoch: int) -> None:
    """Plans the run, where that is still to be done, and wakes its lanes."""
    if run.plan_if_needed(run_id, epoch):
        wake_lanes(SyncRun.objects.get(pk=run_id))


@shared_task
def plan_draft(run_id: int, epoch: int) -> None:
    """Plans a preview."""
    previews.plan_if_needed(run_id, epoch)


@shared_task
def work_lane(run_id: int, epoch: int, lane: int) -> None:
    """Posts for at most a minute, and rings for itself while there is more."""
    if lanes.work_lane(run_id, epoch, lane, hands=lanes.HANDS):
        work_lane.delay(run_id, epoch, lane)
    else:
        ring_for_what_follows(run_id)


@shared_task
def settle_postings() -> None:
    """The sweep: settles what is not known and wakes runs whose workers died."""
    lanes.sweep_or_log()
    for dead in run.take_over_dead_plans():
        ring(dead)
    for preview in previews.unpicked():
        ring(preview)
    for waiting in patience.due():
        ring(waiting)
    previews.drop_old()
    live = run.live_run()
    if live and live.state == RunState.RUNNING:
        wake_lanes(live)


def ring_for_what_follows(run_id: int) -> None:
    """A run that plans changed rows again, or the preview of those it did not send."""
    again = SyncRun.objects.filter(pk=run_id, state=RunState.PLANNING)
    for one in again | SyncRun.objects.filter(follows=run_id, state=RunState.DRAFTING):
        ring(one)


def ring(a_run: SyncRun) -> None:
    """Asks a worker to take the run up; where the broker is away, the sweep does it later."""
    task = plan_draft if a_run.is_draft else plan_and_post
    try:
        task.delay(a_run.pk, a_run.epoch)
    except OperationalError:
        logger.warning(
            "run %s waits: the broker can't be reached", a_run.pk, extra={"run": a_run.pk}
        )


def wake_lanes(a_run: SyncRun) -> None:
    """A lane that a worker holds already turns its task away."""
    for lane in lanes.lanes_for(a_run):
        work_lane.delay(a_run.pk, a_run.epoch, lane)
