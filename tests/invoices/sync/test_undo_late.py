"""An undo that makes a removed Addition again, and whose write comes after it was given up (P42, P50)."""

import pytest

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import lanes, run
from invoices.sync.states import OperationKind, OperationState, PostingState
from tests.invoices.sync.mishaps import another_product
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    settle_later,
    sync,
    take_back,
)

Status = InvoiceLine.Status


@pytest.fixture
def may(world: World) -> InvoiceLine:
    line = world.monthly(MAY, charge_start_date=JUNE)
    sync()
    return line


@pytest.fixture
def june(world: World, may: InvoiceLine) -> InvoiceLine:
    """It moved the Addition by removing it; taking that back was stopped half way."""
    line = world.monthly(JUNE, product=another_product(world))
    sync(period=JUNE)
    world.script("ok", "late_write", late_write_seconds=7200)
    run.stop_run(take_back(line))
    SyncRun.objects.update(stop_requested=True)
    assert settle_later().given_back == 1
    return line


def look_again() -> None:
    let_time_pass(3700)
    lanes.sweep()


def test_the_line_of_an_undo_that_was_stopped_half_way_can_be_posted(
    world: World, june: InvoiceLine
) -> None:
    row = fresh(june)
    assert (row.psa_status, row.in_flight, row.error) == (Status.NOT_SYNCED, False, "")
    assert world.additions() == []

    sync(period=JUNE)

    assert [one["id"] for one in world.additions()] == [fresh(june).addition_id]


def test_it_is_taken_up_for_those_that_stood_on_it(
    world: World, may: InvoiceLine, june: InvoiceLine
) -> None:
    world.connectwise.land_late_writes()
    (late,) = world.additions()

    look_again()

    posting = Posting.objects.get(state=PostingState.OPEN)
    assert (posting.addition_id, posting.line, posting.subscription_id) == (
        late["id"],
        may,
        "SUB-A",
    )
    assert (fresh(may).posting, fresh(may).addition_id) == (posting, late["id"])
    assert fresh(june).psa_status == Status.NOT_SYNCED
    made = Operation.objects.get(undoes__isnull=False, kind=OperationKind.CREATE)
    assert (made.state, made.posting) == (OperationState.DONE, posting)


def test_the_next_sync_goes_on_from_it(world: World, june: InvoiceLine) -> None:
    world.connectwise.land_late_writes()
    look_again()

    sync(period=JUNE)

    assert [one["id"] for one in world.additions()] == [fresh(june).addition_id]


def test_an_undo_that_is_asked_for_again_makes_it_once(
    world: World, may: InvoiceLine, june: InvoiceLine
) -> None:
    take_back(june)
    assert fresh(may).addition_id == world.additions()[0]["id"]
    world.connectwise.land_late_writes()

    look_again()

    assert [one["id"] for one in world.additions()] == [fresh(may).addition_id]


def test_it_goes_where_the_subscription_was_posted_again_meanwhile(
    world: World, june: InvoiceLine, caplog: pytest.LogCaptureFixture
) -> None:
    sync(period=JUNE)
    world.connectwise.land_late_writes()
    assert len(world.additions()) == 2

    look_again()

    assert [one["id"] for one in world.additions()] == [fresh(june).addition_id]
    assert Posting.objects.get(state=PostingState.OPEN).line == june
    assert "after a late write" in caplog.text
