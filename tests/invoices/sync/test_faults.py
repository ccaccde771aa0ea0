"""Whatever breaks on the way: one Addition per line when things are quiet again (P42).

The judge is the stand-in's own ledger, never our tables.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from invoices.causes import NOT_CONFIRMED
from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import lanes, run
from invoices.sync.claim import LeaseLost, claim_next, stamp_sent
from invoices.sync.locks import PLANNING, session_lock
from invoices.sync.states import OperationState, RunState
from tests.invoices.sync.world import MAY, World, fresh, let_time_pass, settle_later, sync

Status = InvoiceLine.Status


def exactly_once(world: World, *lines: InvoiceLine) -> None:
    """Each line Synced with the one Addition that carries its key; nothing else of ours there."""
    rows = [fresh(line) for line in lines]
    assert [row.psa_status for row in rows] == [Status.SYNCED] * len(rows), [r.error for r in rows]
    assert sorted(row.addition_id or 0 for row in rows) == sorted(
        one["id"] for one in world.additions()
    )
    assert not any(row.in_flight for row in rows)


@pytest.mark.parametrize("fault", ["lost_reply", "503_after_write", "500_after_write", "truncated"])
def test_a_write_whose_reply_is_lost_is_found_not_sent_again(world: World, fault: str) -> None:
    line = world.line()
    world.script(fault)

    sync()

    row = fresh(line)
    assert (row.psa_status, row.error, row.in_flight) == (Status.ERROR, NOT_CONFIRMED, True)
    assert settle_later().found == 1
    exactly_once(world, line)
    assert len(world.writes()) == 1


@pytest.mark.parametrize("fault", ["500_before_write", "503_before_write", "drop"])
def test_a_write_that_never_happened_is_sent_again_once_that_is_sure(
    world: World, fault: str
) -> None:
    line = world.line()
    world.script(fault)

    sync()

    assert lanes.sweep().sent_again == 0  # the settle window has not passed
    settle_later()
    exactly_once(world, line)


def test_a_quota_is_waited_out(world: World) -> None:
    lines = [world.line() for _ in range(3)]
    world.script("429", "ok", "429", retry_after_seconds=0)

    sync()

    exactly_once(world, *lines)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoices.sync.call.CONFLICT_SECONDS", 0.0)


def test_a_record_in_use_is_tried_once_more_later(world: World, no_waiting: None) -> None:
    line = world.line()
    world.script("409", "ok")

    sync()

    exactly_once(world, line)


def test_what_was_put_off_before_is_tried_once_more_all_the_same(
    world: World, no_waiting: None
) -> None:
    line = world.line()
    world.script("409", "ok")
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    Operation.objects.update(attempts=1, last_error="ConnectWise could not be reached.")

    lanes.work_lane(started.pk, started.epoch, lane=0)

    exactly_once(world, line)


def test_a_record_still_in_use_is_an_error_with_its_words(world: World, no_waiting: None) -> None:
    line = world.line()
    world.script("409", "409")

    sync()

    row = fresh(line)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "conflict")
    assert world.additions() == []


def test_a_late_write_after_the_second_sending_leaves_one(world: World) -> None:
    line = world.line()
    world.script("late_write", late_write_seconds=3600)
    sync()
    settle_later()
    assert fresh(line).psa_status == Status.SYNCED
    world.connectwise.land_late_writes()
    assert len(world.additions()) == 2

    let_time_pass(3700)
    lanes.sweep()

    exactly_once(world, line)


def test_a_worker_killed_before_it_sent_loses_nothing(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    assert claim_next(started.pk, started.epoch)  # and here the worker dies
    assert fresh(line).in_flight

    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)

    exactly_once(world, line)


def test_a_worker_killed_after_it_sent_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()

    def killed(*args: object, **kwargs: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("invoices.sync.applied.stands", killed)
        sync()
    assert len(world.additions()) == 1

    settle_later()

    exactly_once(world, line)
    assert len(world.writes()) == 1


def test_a_worker_that_wakes_after_its_lease_is_gone_sends_nothing(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    claim = claim_next(started.pk, started.epoch)
    assert claim
    let_time_pass(1000)

    with pytest.raises(LeaseLost):
        stamp_sent(claim)


def test_a_worker_whose_operation_was_taken_over_sends_nothing(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    claim = claim_next(started.pk, started.epoch)
    assert claim
    Operation.objects.update(lease_token=uuid4())

    with pytest.raises(LeaseLost):
        stamp_sent(claim)


def test_a_task_delivered_twice_posts_once(world: World) -> None:
    lines = [world.line() for _ in range(4)]
    started = sync()

    lanes.work_lane(started.pk, started.epoch, lane=0)
    lanes.work_lane(started.pk, started.epoch, lane=1)

    exactly_once(world, *lines)


def test_a_lane_that_is_woken_before_the_plan_stands_leaves_the_run_alone(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)

    assert not lanes.work_lane(started.pk, started.epoch, lane=0)

    started.refresh_from_db()
    assert started.state == RunState.PLANNING
    assert fresh(line).psa_status == Status.NOT_SYNCED


def test_an_unknown_line_is_frozen_and_no_second_sync_takes_it(world: World) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()

    second = sync()

    assert second.total == 0
    assert Operation.objects.filter(line=line).count() == 1
    settle_later()
    exactly_once(world, line)


def test_search_lag_misleads_nobody(world: World) -> None:
    line = world.line()
    world.script("lost_reply", search_lag_seconds=3600)

    sync()
    settle_later()

    exactly_once(world, line)


def test_when_connectwise_is_away_while_settling_it_is_tried_again(world: World) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()
    world.connectwise.faults.set(denied=["additions:read"])
    settle_later()
    assert fresh(line).error == NOT_CONFIRMED

    world.connectwise.faults.set(denied=[])
    settle_later()

    exactly_once(world, line)


def test_a_stopped_run_keeps_what_was_sent_and_leaves_the_rest_not_synced(world: World) -> None:
    lines = [world.line() for _ in range(3)]
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    SyncRun.objects.update(stop_requested=True)

    lanes.work_lane(started.pk, started.epoch, lane=0)

    started.refresh_from_db()
    assert started.state == RunState.STOPPED
    assert {fresh(line).psa_status for line in lines} == {Status.NOT_SYNCED}
    assert world.writes() == []


def test_only_one_run_is_live(world: World) -> None:
    run.start_run(period=MAY, line_ids=None, user=None)

    with pytest.raises(run.AlreadyRunning):
        run.start_run(period=MAY, line_ids=None, user=None)


def test_a_run_whose_planning_worker_died_is_planned_anew(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    SyncRun.objects.update(heartbeat=Now() - timedelta(minutes=5))

    (taken,) = run.take_over_dead_plans()

    assert taken.epoch == started.epoch + 1
    assert not run.plan_if_needed(started.pk, started.epoch)  # the old worker wakes up
    assert run.plan_if_needed(taken.pk, taken.epoch)
    lanes.work_lane(taken.pk, taken.epoch, lane=0)
    exactly_once(world, line)


def test_a_line_edited_after_it_was_planned_is_not_sent(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    InvoiceLine.objects.update(version=F("version") + 1)

    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert world.writes() == []
    assert fresh(line).psa_status == Status.NOT_SYNCED
    assert Operation.objects.get().state == OperationState.SKIPPED
    assert Posting.objects.count() == 0


def test_a_plan_that_takes_long_stays_with_its_living_worker(world: World) -> None:
    started = run.start_run(period=MAY, line_ids=None, user=None)
    SyncRun.objects.update(heartbeat=Now() - timedelta(minutes=5))

    with ThreadPoolExecutor(1) as worker, another_session_plans(worker, started):
        assert run.take_over_dead_plans() == []

    (taken,) = run.take_over_dead_plans()
    assert taken.epoch == started.epoch + 1


def test_a_planner_that_hangs_is_given_up_after_a_while(world: World) -> None:
    started = run.start_run(period=MAY, line_ids=None, user=None)
    SyncRun.objects.update(heartbeat=Now() - timedelta(minutes=11))

    with ThreadPoolExecutor(1) as worker, another_session_plans(worker, started):
        assert [one.pk for one in run.take_over_dead_plans()] == [started.pk]


@contextmanager
def another_session_plans(worker: ThreadPoolExecutor, a_run: SyncRun) -> Iterator[None]:
    """Somebody with a database session of their own is at this run's plan."""
    lock = session_lock(PLANNING, a_run.pk)
    assert worker.submit(lock.__enter__).result()
    yield
    worker.submit(lock.__exit__, None, None, None).result()
    worker.submit(lambda: connection.close()).result()
