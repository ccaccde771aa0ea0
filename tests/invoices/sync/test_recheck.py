"""Writes that come after they were given up or sent again (P42)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from invoices.models import InvoiceLine, Operation, Period, Posting, SyncRun
from invoices.sync import ending, lanes, run
from invoices.sync.scope import Cancellations, UndoScope
from invoices.sync.states import PostingState
from tests.invoices.sync.mishaps import given_back, other_agreement
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    settle_later,
    sync,
)

Status = InvoiceLine.Status


def test_a_late_write_in_the_agreement_a_line_has_left_is_removed(world: World) -> None:
    line = world.line()
    given_back(world, line)
    InvoiceLine.objects.filter(pk=line.pk).update(
        agreement=other_agreement(world), version=F("version") + 1
    )
    sync(line)
    assert fresh(line).psa_status == Status.SYNCED
    world.connectwise.land_late_writes()
    assert len(world.additions()) == 2

    let_time_pass(3700)
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]


def test_of_two_the_one_with_the_lines_own_money_stays(world: World) -> None:
    line = world.line()
    given_back(world, line)
    InvoiceLine.objects.filter(pk=line.pk).update(
        unit_price=Decimal(99), total_price=Decimal(297), version=F("version") + 1
    )
    sync(line)
    right = fresh(line).addition_id
    world.connectwise.land_late_writes()
    # As if the first one had come just before the second, after it was listed.
    late = max(one["id"] for one in world.additions())
    swap_ids(world, right or 0, late)
    Posting.objects.update(addition_id=late)
    InvoiceLine.objects.update(addition_id=late)

    let_time_pass(3700)
    lanes.sweep()

    (kept,) = world.additions()
    assert (kept["id"], kept["unitPrice"]) == (late, 99)
    assert fresh(line).addition_id == late


def swap_ids(world: World, one: int, other: int) -> None:
    first = dict(world.store.find("additions", one))
    second = dict(world.store.find("additions", other))
    world.store.edit("additions", one, **second | {"id": one})
    world.store.edit("additions", other, **first | {"id": other})


def test_a_given_up_write_that_comes_late_is_the_subscriptions_own(world: World) -> None:
    line = world.line(charge_type="Cycle Fee", subscription_id="SUB-A")
    given_back(world, line)
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    assert fresh(line).psa_status == Status.SYNCED
    posting = Posting.objects.get()
    assert (posting.subscription_id, posting.state) == ("SUB-A", PostingState.OPEN)


def test_a_given_up_write_that_comes_after_an_edit_is_an_error_not_synced(world: World) -> None:
    line = world.line()
    given_back(world, line)
    InvoiceLine.objects.filter(pk=line.pk).update(
        charge_start_date=date(2026, 5, 9), version=F("version") + 1
    )
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    row = fresh(line)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "changed_in_connectwise")
    assert row.addition_id


def test_a_line_whose_addition_differs_says_so_again_and_is_not_posted_twice(world: World) -> None:
    line = world.line()
    given_back(world, line)
    InvoiceLine.objects.filter(pk=line.pk).update(
        charge_start_date=date(2026, 5, 9), version=F("version") + 1
    )
    world.connectwise.land_late_writes()
    sync(line)
    assert fresh(line).error_code == "changed_in_connectwise"

    sync(line)

    assert len(world.additions()) == 1
    assert "Retry this line to write over it" in Operation.objects.latest("pk").reason


def test_an_end_that_came_late_is_not_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 7, 2))
    world.monthly(MAY)
    sync()
    for month in (MAY, JUNE):
        Period.objects.create(month=month, complete=True)
    world.script("late_write", late_write_seconds=7200)
    how: dict[str, Any] = {"period": JUNE, "cancellations": Cancellations.APPLY, "force": True}
    sync(**how)
    SyncRun.objects.update(stop_requested=True)
    assert settle_later().given_back == 1
    world.connectwise.land_late_writes()
    sync(**how)

    let_time_pass(3700)
    lanes.sweep()

    (addition,) = world.additions()
    assert addition["cancelledDate"] == "2026-05-31T00:00:00Z"
    sync(period=JUNE, undo=UndoScope(period=True))
    (addition,) = world.additions()
    assert not addition.get("cancelledDate")


def test_a_late_write_of_what_was_taken_back_since_is_removed(world: World) -> None:
    line = world.line()
    world.script("late_write", late_write_seconds=7200)
    done = sync()
    settle_later()
    assert fresh(line).psa_status == Status.SYNCED
    sync(undo=UndoScope(run=done.pk))
    assert world.additions() == []
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    assert world.additions() == []


def test_a_removal_that_was_given_up_and_came_late_is_done(world: World) -> None:
    line = world.line()
    done = sync()
    world.script("late_write", late_write_seconds=7200)
    run.stop_run(sync(undo=UndoScope(run=done.pk)))
    SyncRun.objects.update(stop_requested=True)
    assert settle_later().given_back == 1
    assert fresh(line).psa_status == Status.SYNCED
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    assert (fresh(line).psa_status, fresh(line).addition_id) == (Status.NOT_SYNCED, None)
    assert Posting.objects.get().state == PostingState.REMOVED
    sync()
    assert len(world.additions()) == 1


def test_two_late_writes_of_what_was_given_up_leave_one(world: World) -> None:
    line = world.line()
    world.script("late_write", "late_write", late_write_seconds=7200)
    sync()
    settle_later()
    SyncRun.objects.update(stop_requested=True)
    settle_later()
    assert fresh(line).psa_status == Status.NOT_SYNCED
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]


def test_a_late_write_beside_one_that_was_deleted_by_hand_is_the_lines_own(world: World) -> None:
    line = world.line()
    world.script("late_write", late_write_seconds=7200)
    sync()
    settle_later()
    world.store.remove("additions", fresh(line).addition_id)
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    (addition,) = world.additions()
    assert addition["id"] == fresh(line).addition_id


def test_it_goes_where_its_line_is_part_of_another_addition_by_now(world: World) -> None:
    june = world.monthly(JUNE)
    given_back(world, june)
    may = world.monthly(MAY)
    sync(period=MAY)
    sync(period=JUNE)  # now it updates what May has opened
    assert fresh(june).posting == fresh(may).posting
    world.connectwise.land_late_writes()
    assert len(world.additions()) == 2

    let_time_pass(3700)
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(june).addition_id]


def test_while_its_line_is_being_posted_it_is_left_for_the_next_look(world: World) -> None:
    line = world.line()
    given_back(world, line)
    world.connectwise.land_late_writes()
    InvoiceLine.objects.update(in_flight=True)
    let_time_pass(3700)
    lanes.sweep()
    InvoiceLine.objects.update(in_flight=False)

    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]
