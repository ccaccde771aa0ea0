"""Recurring lines month after month, against the stand-in: one Addition, changed and not repeated."""

from datetime import date
from decimal import Decimal

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import run
from invoices.sync.states import OperationKind, PostingState, RunState
from psa_connectwise.models import Agreement
from tests.invoices.sync.mishaps import another_product
from tests.invoices.sync.world import (
    FOUR,
    JULY,
    JUNE,
    MAY,
    World,
    fresh,
    sync,
)

Status = InvoiceLine.Status


def test_the_next_months_line_changes_only_what_differs(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)

    sync(period=JUNE)

    (addition,) = world.additions()
    assert world.patches() == [[{"op": "replace", "path": "quantity", "value": 4}]]
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
    assert "unit price is 99, not 12.5" in row.error
    assert world.patches() == []
    sync(period=JUNE)
    assert world.patches() == []


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
