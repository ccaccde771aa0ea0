"""Undo against the stand-in: ConnectWise is what it was, field by field, and the month can be posted again."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.models import InvoiceLine, Operation, Period, Posting, SyncRun
from invoices.sync import ending, lanes, run, undo
from invoices.sync.scope import Cancellations, UndoScope
from invoices.sync.states import OperationKind, OperationState, PostingState, RunState
from tests.invoices.sync.mishaps import another_product
from tests.invoices.sync.world import (
    FOUR,
    JULY,
    JUNE,
    MAY,
    World,
    fresh,
    read_directory,
    settle_later,
    sync,
    take_back,
)

Status = InvoiceLine.Status


def books(world: World) -> dict[int, dict[str, Any]]:
    """Every Addition as it stands, but for ConnectWise's own notes about it."""
    return {
        one["id"]: {name: value for name, value in one.items() if name != "_info"}
        for one in world.store.all("additions")
    }


def assert_free(*lines: InvoiceLine) -> None:
    for row in map(fresh, lines):
        assert (row.psa_status, row.in_flight, row.error) == (Status.NOT_SYNCED, False, "")
        assert (row.posting, row.addition_id, row.synced_at) == (None, None, None)


def test_what_was_created_is_deleted_and_posted_again_with_a_new_reference(world: World) -> None:
    line = world.line()
    before = books(world)
    done = sync()
    key = world.additions()[0]["serialNumber"]

    undone = take_back(done)

    assert books(world) == before
    assert_free(line)
    assert undone.state == RunState.FINISHED
    sync()
    (addition,) = world.additions()
    assert addition["serialNumber"] != key
    assert fresh(line).addition_id == addition["id"]


def test_what_was_updated_gets_its_values_before_back(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    before = books(world)
    june = world.monthly(JUNE, **FOUR)
    done = sync(period=JUNE)

    take_back(done)

    assert books(world) == before
    assert_free(june)
    assert fresh(may).psa_status == Status.SYNCED
    assert Posting.objects.get().last_period == MAY
    sync(period=JUNE)
    assert world.addition(june)["quantity"] == 4
    assert len(world.additions()) == 1


def test_a_line_synced_without_a_write_is_undone_without_one(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE)
    sync(period=JUNE)
    writes = len(world.writes())

    take_back(june)

    assert len(world.writes()) == writes
    assert_free(june)
    sync(period=JUNE)
    assert fresh(june).psa_status == Status.SYNCED


def test_a_move_is_undone_as_a_whole(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    before = books(world)
    june = world.monthly(JUNE, product=another_product(world))
    sync(period=JUNE)

    take_back(june)

    assert books(world) == before
    assert_free(june)
    assert fresh(may).psa_status == Status.SYNCED
    assert Posting.objects.get(state=PostingState.OPEN).line == may
    sync(period=JUNE)
    assert fresh(june).psa_status == Status.SYNCED
    assert len({one["serialNumber"] for one in world.additions()}) == 2


def test_a_move_of_the_same_start_is_undone_by_making_the_old_one_again(world: World) -> None:
    may = world.monthly(MAY, charge_start_date=JUNE)
    sync()
    (old,) = world.additions()
    june = world.monthly(JUNE, product=another_product(world))
    sync(period=JUNE)

    take_back(june)

    (again,) = world.additions()
    same = set(old) - {"id", "serialNumber", "_info", "sequenceNumber"}
    assert {name: again[name] for name in same} == {name: old[name] for name in same}
    assert fresh(may).addition_id == again["id"]
    assert fresh(may).posting == Posting.objects.get(state=PostingState.OPEN)
    assert_free(june)


@pytest.fixture
def in_july(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 7, 2))


def june_with_one_gone(world: World) -> SyncRun:
    """May is posted; June brings a change, a move, a one-time fee, and one subscription is gone."""
    for name in "ABCDEF":
        world.monthly(MAY, subscription_id=f"SUB-{name}")
    sync()
    Period.objects.create(month=JUNE, complete=True)
    world.monthly(JUNE, subscription_id="SUB-A", **FOUR)
    world.monthly(JUNE, subscription_id="SUB-B", product=another_product(world))
    world.monthly(JUNE, subscription_id="SUB-C")
    world.monthly(JUNE, subscription_id="SUB-C", charge_type="Purchase Fee")
    world.monthly(JUNE, subscription_id="SUB-D", unit_price=Decimal("12.51"), total_price=Decimal("37.53"))  # fmt: skip
    world.monthly(JUNE, subscription_id="SUB-E")
    world.line(period=JUNE, charge_start_date=JUNE, charge_end_date=JUNE)
    return sync(period=JUNE, cancellations=Cancellations.APPLY)


def test_a_whole_month_of_updates_creations_and_cancellations(world: World, in_july: None) -> None:
    before: dict[int, dict[str, Any]] = {}
    real = run.start_run

    def remember(**how: Any) -> SyncRun:
        if how["period"] == JUNE and not before:
            before.update(books(world))
        return real(**how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "start_run", remember)
        done = june_with_one_gone(world)
    after = books(world)
    assert after != before
    lines = list(InvoiceLine.objects.filter(period=JUNE))
    assert {line.psa_status for line in lines} == {Status.SYNCED}

    take_back(done)

    assert books(world) == before
    assert_free(*lines)
    sync(period=JUNE, cancellations=Cancellations.APPLY)
    again = books(world)
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    assert sums(again) == sums(after)
    assert len(again) == len(after)


def test_a_second_sync_of_such_a_month_sends_no_write(world: World, in_july: None) -> None:
    done = june_with_one_gone(world)
    assert {one.intent for one in done.operations.all()} >= {"create", "update", "move", "end"}
    writes = len(world.writes())

    again = sync(period=JUNE, cancellations=Cancellations.APPLY)

    assert (len(world.writes()), again.total) == (writes, 0)


def sums(of: dict[int, dict[str, Any]]) -> list[Any]:
    return sorted((one["extPrice"], one["extCost"], one.get("cancelledDate", "")) for one in of.values())  # fmt: skip


def test_later_changes_of_the_same_addition_are_undone_first(world: World) -> None:
    before = books(world)
    lines = [world.monthly(MAY)]
    first = sync()
    lines.append(world.monthly(JUNE, **FOUR))
    sync(period=JUNE)
    lines.append(world.monthly(JULY, product=another_product(world), charge_start_date=JULY))
    sync(period=JULY)
    other = world.line()
    sync()

    planned = undo.preview_undo(UndoScope(run=first.pk), MAY)
    take_back(first)

    assert [one.line.period for one in planned if one.line] == [JULY, JULY, JUNE, MAY]
    assert {number for number in books(world) if number not in before} == {fresh(other).addition_id}
    assert_free(*lines)


def test_what_was_invoiced_is_ended_with_what_was_invoiced(world: World) -> None:
    line = world.monthly(MAY)
    done = sync()
    world.store.invoice(world.additions()[0]["agreementId"], JUNE)
    read_directory()

    take_back(done)

    (addition,) = world.additions()
    assert addition["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert_free(line)
    assert Posting.objects.get().state == PostingState.ENDED


def test_also_where_it_was_invoiced_since_the_agreement_was_read(world: World) -> None:
    line = world.monthly(MAY)
    done = sync()
    world.store.invoice(world.additions()[0]["agreementId"], JUNE)

    take_back(done)

    (addition,) = world.additions()
    assert addition["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert_free(line)
    assert Operation.objects.get(undoes__isnull=False).kind == OperationKind.END


def test_what_was_changed_by_hand_since_is_left_alone(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)
    done = sync(period=JUNE)
    world.store.edit("additions", world.additions()[0]["id"], unitPrice=Decimal(99))

    undone = take_back(done)

    assert world.additions()[0]["quantity"] == 4
    assert fresh(june).psa_status == Status.SYNCED
    assert run.progress(undone).errors == 1
    take_back(done, overwrite=True)
    assert world.additions()[0]["quantity"] == 3
    assert world.additions()[0]["unitPrice"] == 99


def test_nothing_is_undone_twice(world: World) -> None:
    world.line()
    done = sync()
    take_back(done)
    writes = len(world.writes())

    again = take_back(done)

    assert (len(world.writes()), again.total) == (writes, 0)


def test_an_undo_leaves_other_lines_alone(world: World) -> None:
    one, other = world.line(), world.line()
    sync()

    take_back(one)

    assert_free(one)
    assert fresh(other).psa_status == Status.SYNCED
    assert [a["id"] for a in world.additions()] == [fresh(other).addition_id]


@pytest.mark.parametrize(
    "faults",
    [
        ["lost_reply"],
        ["503_before_write"],
        ["drop"],
        ["429"],
        ["ok", "lost_reply"],
        ["ok", "500_after_write"],
        ["ok", "503_before_write"],
    ],
)
def test_whatever_breaks_on_the_way_it_is_undone_once_things_are_quiet(
    world: World, faults: list[str]
) -> None:
    world.monthly(MAY)
    sync()
    before = books(world)
    june = world.monthly(JUNE, product=another_product(world))
    done = sync(period=JUNE)
    world.script(*faults, retry_after_seconds=0)

    undone = take_back(done)
    for _ in range(3):
        settle_later()
        lanes.work_lane(undone.pk, undone.epoch, lane=0)

    assert books(world) == before
    assert_free(june)
    undone.refresh_from_db()
    assert undone.state == RunState.FINISHED
    assert not Operation.objects.filter(state__in=["planned", "claimed", "unknown"]).exists()


def test_a_refused_undo_leaves_the_line_synced_and_says_why(world: World) -> None:
    line = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)
    done = sync(period=JUNE)
    world.script("400_before_write")

    undone = take_back(done)

    assert {fresh(one).psa_status for one in (line, june)} == {Status.SYNCED}
    (operation,) = undone.operations.all()
    assert operation.state == OperationState.FAILED
    assert "Refused" in operation.last_error


def test_a_cancelled_subscription_runs_on(world: World, in_july: None) -> None:
    for name in "ABCDE":
        world.monthly(MAY, subscription_id=f"SUB-{name}")
    sync()
    for name in "ABCD":
        world.monthly(JUNE, subscription_id=f"SUB-{name}")
    Period.objects.create(month=JUNE, complete=True)
    before = books(world)
    done = sync(period=JUNE, cancellations=Cancellations.APPLY)
    assert books(world) != before

    take_back(done)

    assert books(world) == before
    assert Posting.objects.get(subscription_id="SUB-E").state == PostingState.OPEN
