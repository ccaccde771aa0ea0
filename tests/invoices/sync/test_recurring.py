"""Recurring lines month after month, against the stand-in: one Addition, changed and not repeated."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import lanes, run
from invoices.sync.record import NOT_CONFIRMED
from invoices.sync.states import OperationKind, OperationState, PostingState, RunState
from psa_connectwise.models import Agreement, Product
from tests.invoices.sync.world import (
    JULY,
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    settle_later,
    sync,
)

Status = InvoiceLine.Status
FOUR = {
    "quantity": Decimal(4),
    "total_price": Decimal("50.00"),
    "total_cost": Decimal("33.00"),
}


def patches(world: World) -> list[list[dict[str, Any]]]:
    return [one["body"] for one in world.writes() if one["method"] == "PATCH"]


def another_product(world: World) -> Product:
    others = Product.objects.filter(inactive=False, product_class="Agreement")
    return others.exclude(pk=world.product.pk).earliest("connectwise_id")


def test_the_next_months_line_changes_only_what_differs(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)

    sync(period=JUNE)

    (addition,) = world.additions()
    assert patches(world) == [[{"op": "replace", "path": "quantity", "value": 4}]]
    assert addition["effectiveDate"] == "2026-05-01T00:00:00Z"
    assert not addition.get("cancelledDate")
    assert fresh(may).addition_id == fresh(june).addition_id == addition["id"]
    assert fresh(june).psa_status == Status.SYNCED
    posting = Posting.objects.get()
    assert (posting.last_period, posting.line) == (JUNE, may)
    operation = Operation.objects.get(kind=OperationKind.UPDATE)
    assert operation.before
    assert operation.after
    assert (operation.before["quantity"], operation.after["quantity"]) == ("3.0000", "4.0000")


def test_where_nothing_differs_nothing_is_sent_and_the_line_is_synced(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE)
    before = len(world.writes())

    done = sync(period=JUNE)

    assert len(world.writes()) == before
    assert fresh(june).psa_status == Status.SYNCED
    assert fresh(june).addition_id == world.additions()[0]["id"]
    assert run.progress(done).posted == done.total == 1
    operation = Operation.objects.latest("pk")
    assert (operation.reason, operation.sent_at) == ("Nothing to change.", None)


def test_a_purchase_fee_then_a_cycle_fee_is_one_addition(world: World) -> None:
    world.monthly(MAY, charge_type="Purchase Fee")
    sync()
    world.monthly(JUNE)

    sync(period=JUNE)

    (addition,) = world.additions()
    assert addition["invoiceDescription"] == "Backup Pro - Cycle Fee"


def test_another_product_ends_the_old_addition_and_makes_a_new_one(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, product=another_product(world))

    done = sync(period=JUNE)

    old, new = sorted(world.additions(), key=lambda one: one["id"])
    assert old["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert new["effectiveDate"] == "2026-06-01T00:00:00Z"
    assert not new.get("cancelledDate")
    assert old["serialNumber"] != new["serialNumber"]
    assert (fresh(may).addition_id, fresh(june).addition_id) == (old["id"], new["id"])
    assert {p.state for p in Posting.objects.all()} == {PostingState.ENDED, PostingState.OPEN}
    assert (run.progress(done).posted, done.total, done.state) == (1, 1, RunState.FINISHED)


def test_a_new_agreement_is_made_first_then_the_old_addition_ends(world: World) -> None:
    world.monthly(MAY, contract_id="C-NEW")  # its first month
    sync()
    june = world.monthly(JUNE, create_agreement=True, contract_id="C-NEW")

    sync(period=JUNE)

    kinds = [(one["kind"], one["method"]) for one in world.writes()[1:]]
    assert kinds == [("agreements", "POST"), ("additions", "PATCH"), ("additions", "POST")]
    assert fresh(june).psa_status == Status.SYNCED
    assert fresh(june).agreement == Agreement.objects.get(name="C-NEW")
    assert not fresh(june).create_agreement
    assert world.addition(june)["agreementId"] == Agreement.objects.get(name="C-NEW").connectwise_id


def test_a_move_of_the_same_start_removes_the_old_one(world: World) -> None:
    world.monthly(MAY, charge_start_date=JUNE)
    sync()
    june = world.monthly(JUNE, product=another_product(world))

    sync(period=JUNE)

    (addition,) = world.additions()
    assert addition["id"] == fresh(june).addition_id
    assert Posting.objects.filter(state=PostingState.REMOVED).count() == 1


def test_one_that_ended_before_is_not_revived(world: World) -> None:
    world.monthly(MAY, charge_end_date=date(2026, 5, 31), charge_end_date_source="user")
    sync()
    june = world.monthly(JUNE)

    sync(period=JUNE)

    assert len(world.additions()) == 2
    assert not world.addition(june).get("cancelledDate")
    assert Posting.objects.get(state=PostingState.OPEN).line == june


def test_a_line_of_an_earlier_month_is_bounded_and_changes_nothing(world: World) -> None:
    june = world.monthly(JUNE)
    sync(period=JUNE)
    may = world.monthly(MAY, **FOUR)

    sync()

    assert world.addition(may)["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert world.addition(june)["quantity"] == 3
    assert "later period" in fresh(may).note


def test_the_month_after_a_gap_updates_the_addition_that_still_runs(world: World) -> None:
    world.monthly(MAY)
    sync()
    world.monthly(JULY, **FOUR)

    sync(period=JULY)

    (addition,) = world.additions()
    assert addition["quantity"] == 4


# --- Changed by hand --------------------------------------------------------------------------------


def changed_by_hand(world: World) -> InvoiceLine:
    world.monthly(MAY)
    sync()
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], unitPrice=Decimal(99))
    june = world.monthly(JUNE, **FOUR)
    sync(period=JUNE)
    return june


def test_what_was_changed_by_hand_is_an_error_and_stays(world: World) -> None:
    june = changed_by_hand(world)

    row = fresh(june)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "changed_in_connectwise")
    assert "unit price is 99, not 12.5000" in row.error
    assert patches(world) == []
    sync(period=JUNE)
    assert patches(world) == []


def test_retry_writes_over_what_was_changed_by_hand(world: World) -> None:
    june = changed_by_hand(world)

    sync(june, period=JUNE, overwrite=True)

    assert fresh(june).psa_status == Status.SYNCED
    addition = world.addition(june)
    assert (addition["quantity"], addition["unitPrice"]) == (4, Decimal("12.5"))
    operation = Operation.objects.latest("pk")
    assert operation.before
    assert operation.before["unit_price"] == "99"


def test_what_was_deleted_by_hand_is_made_again_only_by_a_retry(world: World) -> None:
    world.monthly(MAY)
    sync()
    world.store.remove("additions", world.additions()[0]["id"])
    june = world.monthly(JUNE)
    sync(period=JUNE)
    assert fresh(june).error_code == "changed_in_connectwise"
    assert world.additions() == []

    sync(june, period=JUNE, overwrite=True)

    (addition,) = world.additions()
    assert fresh(june).addition_id == addition["id"]


def test_deleted_by_hand_while_the_run_is_on_is_an_error(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)
    started = run.start_run(period=JUNE, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.store.remove("additions", world.additions()[0]["id"])

    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert fresh(june).error_code == "not_found"
    assert world.additions() == []


# --- Faults -----------------------------------------------------------------------------------------


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
    assert len(patches(world)) == sent


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


def test_a_line_edited_between_the_halves_of_a_move_stops_it(world: World) -> None:
    world.monthly(MAY)
    sync()
    world.monthly(JUNE, product=another_product(world))
    started = run.start_run(period=JUNE, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    InvoiceLine.objects.filter(period=JUNE).update(version=77)

    lanes.work_lane(started.pk, started.epoch, lane=0)

    started.refresh_from_db()
    assert started.state == RunState.FINISHED
    assert {one.state for one in started.operations.all()} == {OperationState.SKIPPED}
    assert len(world.writes()) == 1
