"""Posting against the stand-in: what each line becomes there, and what the row says then."""

from datetime import date
from decimal import Decimal

import pytest

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync.states import OperationState, PostingState, RunState
from tests.factories import make_line
from tests.invoices.sync.world import MAY, World, fresh, sync

Status = InvoiceLine.Status


def test_a_one_time_line_becomes_one_addition_with_exactly_its_money(world: World) -> None:
    line = world.line(subscription_name="Backup Pro", charge_type="One Time Fee")

    run = sync()

    (addition,) = world.additions()
    assert addition["quantity"] == 3
    assert Decimal(str(addition["unitPrice"])) == Decimal("12.5")
    assert Decimal(str(addition["unitCost"])) == Decimal("8.25")
    assert addition["effectiveDate"] == "2026-05-01T00:00:00Z"
    assert addition["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert addition["billCustomer"] == "Billable"
    assert addition["invoiceDescription"] == "Backup Pro - One Time Fee"
    row = fresh(line)
    assert (row.psa_status, row.addition_id, row.in_flight) == (
        Status.SYNCED,
        addition["id"],
        False,
    )
    posting = Posting.objects.get()
    assert (posting.key, posting.state, posting.line) == (
        addition["serialNumber"],
        PostingState.OPEN,
        line,
    )
    assert run.state == RunState.FINISHED


def test_a_recurring_line_opens_an_addition_without_an_end(world: World) -> None:
    line = world.line(charge_type="Cycle Fee", subscription_id="SUB-A")

    sync()

    (addition,) = world.additions()
    assert not addition.get("cancelledDate")
    assert Posting.objects.get().subscription_id == "SUB-A"
    assert fresh(line).psa_status == Status.SYNCED


def test_a_second_sync_with_nothing_to_do_sends_no_write(world: World) -> None:
    world.line()
    sync()
    before = len(world.writes())

    run = sync()

    assert len(world.writes()) == before
    assert (run.total, run.state) == (0, RunState.FINISHED)


def test_of_two_recurring_lines_in_one_month_the_cycle_fee_owns_the_open_addition(
    world: World,
) -> None:
    world.line(charge_type="Purchase Fee", subscription_id="SUB-A", charge_start_date=MAY)
    owner = world.line(charge_type="Cycle Fee", subscription_id="SUB-A")
    other = InvoiceLine.objects.get(charge_type="Purchase Fee")

    sync()

    ends = {one["id"]: one.get("cancelledDate") for one in world.additions()}
    assert not ends[fresh(owner).addition_id or 0]
    assert ends[fresh(other).addition_id or 0] == "2026-05-31T00:00:00Z"
    assert "another recurring line" in fresh(other).note


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"currency": "SEK"}, "currency_differs"),
        ({"charge_start_date": date(2010, 1, 1)}, "before_billing_start"),
        ({"gone": True}, ""),
    ],
)
def test_what_connectwise_would_refuse_is_refused_before_it_is_sent(
    world: World, overrides: dict[str, object], code: str
) -> None:
    line = world.line(**overrides)

    sync()

    assert fresh(line).error_code == code
    assert fresh(line).psa_status == (Status.ERROR if code else Status.NOT_SYNCED)
    assert world.writes() == []


def test_one_refused_line_never_stops_the_others(world: World) -> None:
    bad = world.line(currency="SEK")
    good = world.line()

    sync()

    assert fresh(bad).psa_status == Status.ERROR
    assert fresh(good).psa_status == Status.SYNCED


def test_connectwises_own_words_stand_on_the_row_when_it_refuses(world: World) -> None:
    line = world.line()
    assert line.agreement
    # Changed there since the directory was read, so that the plan can't know.
    world.store.edit(
        "agreements", line.agreement.connectwise_id, billStartDate="2026-06-01T00:00:00Z"
    )

    sync()

    row = fresh(line)
    assert row.psa_status == Status.ERROR
    assert "effectiveDate cannot be less than the agreement billing start date." in row.error
    assert (row.in_flight, Posting.objects.count()) == (False, 0)
    assert Operation.objects.get().state == OperationState.FAILED


def test_unmapped_lines_stay_as_they_are(world: World) -> None:
    unmapped = make_line(period=MAY)
    world.line()

    sync()

    assert fresh(unmapped).psa_status == Status.NOT_SYNCED


def test_with_ticked_lines_only_those_are_posted(world: World) -> None:
    ticked, other = world.line(), world.line()

    sync(ticked)

    assert fresh(ticked).psa_status == Status.SYNCED
    assert fresh(other).psa_status == Status.NOT_SYNCED


def test_wrong_keys_stop_the_run_and_leave_the_rest_not_synced(world: World) -> None:
    lines = [world.line() for _ in range(3)]
    world.connectwise.faults.set(denied=["additions:add"])

    run = sync()

    assert run.state == RunState.FAILED
    assert "permission" in run.message.lower()
    assert {fresh(line).psa_status for line in lines} == {Status.NOT_SYNCED}
    assert not any(fresh(line).in_flight for line in lines)


def test_a_prorated_line_is_sent_as_quantity_one_with_both_totals(world: World) -> None:
    world.line(total_price=Decimal("21.77"), total_cost=Decimal("14.37"), subscription_name="Box")

    sync()

    (addition,) = world.additions()
    assert addition["quantity"] == 1
    assert Decimal(str(addition["unitPrice"])) == Decimal("21.77")
    assert addition["invoiceDescription"] == "Box - One Time Fee (3 × 12.50 EUR)"


def test_a_negative_correction_is_posted_as_it_is(world: World) -> None:
    world.line(
        charge_type="Correction",
        quantity=Decimal(-2),
        total_price=Decimal("-25.00"),
        total_cost=Decimal("-16.50"),
    )

    sync()

    (addition,) = world.additions()
    assert addition["quantity"] == -2
    assert Decimal(str(addition["extPrice"])) == Decimal(-25)


def test_an_addition_of_ours_that_stands_there_already_is_taken_up_not_made_again(
    world: World,
) -> None:
    line = world.line()
    sync()
    (addition,) = world.additions()
    # Our database is rebuilt; ConnectWise is not.
    Operation.objects.all().delete()
    InvoiceLine.objects.update(psa_status="not_synced", posting=None, addition_id=None)
    Posting.objects.all().delete()

    sync()

    assert [one["id"] for one in world.additions()] == [addition["id"]]
    assert fresh(line).addition_id == addition["id"]


def test_a_price_that_connectwise_computes_otherwise_is_told_on_the_row(world: World) -> None:
    line = world.line(unit_price=Decimal("0.1234"), total_price=Decimal("0.37"))
    world.connectwise.faults.set(store_price_places=2)

    sync()

    assert fresh(line).psa_status in (Status.SYNCED, Status.ERROR)
    assert fresh(line).note or fresh(line).error
