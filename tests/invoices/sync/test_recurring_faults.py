"""Recurring lines when things go wrong: an update is sent once, a move comes through whole (P42, P45)."""

from decimal import Decimal

import pytest

from invoices.causes import NOT_CONFIRMED
from invoices.models import InvoiceLine, Posting, SyncRun
from invoices.sync import lanes, run
from invoices.sync.states import OperationState, RunState
from tests.invoices.sync.mishaps import another_product
from tests.invoices.sync.world import (
    FOUR,
    JULY,
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    settle_later,
    sync,
    work,
)

Status = InvoiceLine.Status


@pytest.fixture
def june(world: World) -> InvoiceLine:
    """May is posted, June's line wants four."""
    world.monthly(MAY)
    sync()
    return world.monthly(JUNE, **FOUR)


def updated_once(world: World, line: InvoiceLine, *, sent: int = 1) -> None:
    (addition,) = world.additions()
    row = fresh(line)
    assert (row.psa_status, row.error, row.in_flight) == (Status.SYNCED, "", False)
    assert (row.addition_id, addition["quantity"]) == (addition["id"], 4)
    assert len(world.patches()) == sent


@pytest.mark.parametrize("fault", ["lost_reply", "503_after_write", "500_after_write", "truncated"])
def test_an_update_whose_reply_is_lost_is_found_by_reading_the_addition(
    world: World, june: InvoiceLine, fault: str
) -> None:
    world.script(fault)

    sync(period=JUNE)

    assert (fresh(june).error, fresh(june).in_flight) == (NOT_CONFIRMED, True)
    assert settle_later().found == 1
    updated_once(world, june)


@pytest.mark.parametrize("fault", ["500_before_write", "503_before_write", "drop"])
def test_an_update_that_never_happened_is_sent_again_once_that_is_sure(
    world: World, june: InvoiceLine, fault: str
) -> None:
    world.script(fault)
    sync(period=JUNE)
    assert lanes.sweep().sent_again == 0

    assert settle_later().sent_again == 1

    updated_once(world, june)


def test_a_quota_is_waited_out(world: World, june: InvoiceLine) -> None:
    world.script("429", "ok", retry_after_seconds=0)

    sync(period=JUNE)

    updated_once(world, june)


def test_a_record_in_use_is_tried_once_more_later(
    world: World, june: InvoiceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoices.sync.call.CONFLICT_SECONDS", 0.0)
    world.script("409", "ok")

    sync(period=JUNE)

    updated_once(world, june)


def test_a_refused_update_is_an_error_with_its_words_and_can_be_sent_again(
    world: World, june: InvoiceLine
) -> None:
    world.script("400_before_write")
    sync(period=JUNE)
    assert (fresh(june).psa_status, fresh(june).error_code) == (
        Status.ERROR,
        "refused_by_connectwise",
    )
    assert Posting.objects.get().last_period == MAY

    sync(period=JUNE)

    updated_once(world, june)


def test_an_older_update_that_lands_late_is_written_over_again(
    world: World, june: InvoiceLine
) -> None:
    world.script("late_write", late_write_seconds=36000)
    sync(period=JUNE)
    settle_later()  # not there after the window: sent again, and confirmed
    july = world.monthly(
        JULY, quantity=Decimal(9), total_price=Decimal("112.50"), total_cost=Decimal("74.25")
    )
    sync(period=JULY)
    assert world.addition(july)["quantity"] == 9
    world.connectwise.land_late_writes()
    assert world.addition(july)["quantity"] == 4

    let_time_pass(3700)
    lanes.sweep()

    assert world.addition(july)["quantity"] == 9


def test_while_an_update_is_unknown_the_next_months_line_is_refused(
    world: World, june: InvoiceLine
) -> None:
    world.script("lost_reply")
    sync(period=JUNE)
    july = world.monthly(JULY)

    sync(period=JULY)

    assert fresh(july).error_code == "addition_busy"
    settle_later()
    sync(period=JULY)
    assert fresh(july).psa_status == Status.SYNCED
    assert len(world.additions()) == 1


def test_an_update_given_back_that_lands_late_is_taken_as_it_is(
    world: World, june: InvoiceLine
) -> None:
    world.script("late_write", late_write_seconds=36000)
    sync(period=JUNE)
    SyncRun.objects.update(stop_requested=True)
    settle_later()
    assert fresh(june).psa_status == Status.NOT_SYNCED
    world.connectwise.land_late_writes()

    sync(period=JUNE)

    updated_once(world, june)


@pytest.mark.parametrize(
    "faults", [["lost_reply"], ["503_before_write"], ["ok", "lost_reply"], ["ok", "drop"]]
)
def test_a_move_comes_through_whichever_half_is_lost(world: World, faults: list[str]) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, product=another_product(world))
    world.script(*faults)

    started = sync(period=JUNE)
    for _ in range(3):
        settle_later()
        lanes.work_lane(started.pk, started.epoch, lane=0)

    old, new = sorted(world.additions(), key=lambda one: one["id"])
    assert old["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert (fresh(june).psa_status, fresh(june).addition_id) == (Status.SYNCED, new["id"])
    started.refresh_from_db()
    assert started.state == RunState.FINISHED


def test_a_move_whose_first_half_is_refused_makes_nothing_new(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, product=another_product(world))
    world.script("400_before_write")

    done = sync(period=JUNE)

    assert len(world.additions()) == 1
    assert fresh(june).error_code == "refused_by_connectwise"
    assert done.state == RunState.FINISHED
    assert {one.state for one in done.operations.all()} == {OperationState.FAILED}


def test_a_move_stopped_in_the_middle_is_finished_by_the_next_sync(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, product=another_product(world))
    world.script("ok", "400_before_write")
    sync(period=JUNE)
    assert fresh(june).psa_status == Status.ERROR

    sync(period=JUNE)

    old, new = sorted(world.additions(), key=lambda one: one["id"])
    assert old["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert (fresh(june).psa_status, fresh(june).addition_id) == (Status.SYNCED, new["id"])


def test_a_line_edited_before_its_move_is_planned_again(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, product=another_product(world))
    started = run.start_run(period=JUNE, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    InvoiceLine.objects.filter(period=JUNE).update(version=77)

    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert {one.state for one in started.operations.all()} == {OperationState.SKIPPED}
    assert len(world.writes()) == 1
    assert work(started).state == RunState.FINISHED
    assert fresh(june).psa_status == Status.SYNCED
    assert len(world.writes()) == 3
