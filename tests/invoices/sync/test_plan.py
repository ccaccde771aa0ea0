"""The plan as a table (P25, P43, P44, P47): a line and what is known of ConnectWise in, an operation out."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.amounts import to_cents
from invoices.sync import plan
from invoices.sync.states import OperationKind, OperationState
from invoices.sync.summary import summarize
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    DIRECTORY,
    MAY,
    PRODUCT,
    SETTINGS,
    line,
)


def plan_one(of: plan.Line, directory: plan.Directory = DIRECTORY) -> plan.Planned:
    (*_, planned) = plan.make_plan([of], directory, SETTINGS)
    return planned


def with_agreement(**changes: Any) -> plan.Directory:
    return replace(DIRECTORY, agreements={30: replace(AGREEMENT, **changes)})


def with_product(**changes: Any) -> plan.Directory:
    return replace(DIRECTORY, products={20: replace(PRODUCT, **changes)})


def test_on_an_agreement_that_prorates_it_warns() -> None:
    planned = plan_one(line(), with_agreement(prorate=True))

    (warning,) = planned.warnings
    assert (warning.code, warning.text) == (
        "prorates",
        "Agreement Cloud prorates: ConnectWise may prorate this again.",
    )


def test_a_line_that_is_gone_is_skipped_whatever_else_is_wrong() -> None:
    planned = plan_one(line(gone=True), with_product(inactive=True))

    assert (planned.state, planned.code) == (OperationState.SKIPPED, "gone")


@pytest.mark.parametrize(
    ("overrides", "end"),
    [
        ({}, None),
        ({"charge_type": "Purchase Fee"}, None),
        ({"charge_type": "Usage Fee"}, date(2026, 5, 31)),
        ({"charge_type": "Usage Fee", "start": date(2024, 2, 10)}, date(2024, 2, 29)),
        ({"charge_type": "Rounding Fee"}, date(2026, 5, 31)),
        ({"end_source": "user", "end": date(2026, 8, 15)}, date(2026, 8, 15)),
        ({"end_source": "system", "end": date(2026, 6, 30)}, date(2026, 6, 30)),
        (
            {"charge_type": "Correction", "custom": True, "platform_end": date(2026, 7, 4)},
            date(2026, 7, 4),
        ),
        ({"custom": True, "platform_end": None}, date(2026, 5, 31)),
        ({"custom": True, "end_source": "user", "end": date(2026, 6, 3)}, date(2026, 6, 3)),
        ({"custom": True, "end_source": "system", "end": None}, None),
        ({"custom": True, "platform_end": date(2026, 4, 30)}, MAY),
    ],
)
def test_the_end_that_is_sent(overrides: dict[str, Any], end: date | None) -> None:
    directory = with_agreement(bill_start=None, next_invoice=None)

    image = plan_one(line(**overrides), directory).image

    assert image
    assert image.cancelled_date == end


def test_the_description_begins_with_subscription_and_charge_type_as_shown() -> None:
    image = plan_one(line(charge_type_shown="Monthly\nlicence")).image

    assert image
    assert image.invoice_description == "Backup Pro - Monthly licence"


@pytest.mark.parametrize(
    ("amounts", "places", "sent"),
    [
        # quantity, price and cost a unit, total price and cost
        (("2", "10", "8", "20.00", "16.00"), 4, ("2", "10", "8")),
        (("3", "5.2456", "4.1", "15.74", "12.30"), 4, ("3", "5.2456", "4.1")),
        (("3", "5.2456", "4.1", "15.74", "12.30"), 2, ("1", "15.74", "12.30")),
        (("3", "5.25", "4.1", "15.75", "12.30"), 2, ("3", "5.25", "4.1")),
        (("2", "10", "8", "19.99", "16.00"), 4, ("1", "19.99", "16.00")),
        (("2", "10", "8", "20.00", "15.99"), 4, ("1", "20.00", "15.99")),
        (("0", "10", "8", "0.00", "0.00"), 4, ("0", "10", "8")),
        (("0", "10", "8", "7.50", "6.00"), 4, ("1", "7.50", "6.00")),
        (("-2", "10", "8", "-20.00", "-16.00"), 4, ("-2", "10", "8")),
        (("2", "-10", "-8", "-20.00", "-16.00"), 4, ("2", "-10", "-8")),
        (("1", "-7.505", "0", "-7.51", "0.00"), 2, ("1", "-7.51", "0")),
        (("-1", "10", "8", "-3.33", "-2.67"), 4, ("1", "-3.33", "-2.67")),
    ],
)
@pytest.mark.parametrize("custom", [False, True])
def test_the_amounts_give_the_platforms_totals_as_they_are_sent(
    amounts: tuple[str, ...], places: int, sent: tuple[str, ...], custom: bool
) -> None:
    names = ("quantity", "unit_price", "unit_cost", "total_price", "total_cost")
    of = line(custom=custom, **dict(zip(names, map(Decimal, amounts), strict=True)))

    (one,) = plan.make_plan([of], DIRECTORY, replace(SETTINGS, price_decimals=places))

    image = one.image
    assert image
    assert (image.quantity, image.unit_price, image.unit_cost) == tuple(map(Decimal, sent))
    assert to_cents(image.quantity * image.unit_price) == of.total_price
    assert to_cents(image.quantity * image.unit_cost) == of.total_cost


def test_behind_a_lump_stand_the_true_quantity_and_price() -> None:
    image = plan_one(line(total_price=Decimal("7.50"), total_cost=Decimal("6.00"))).image

    assert image
    assert (image.quantity, image.unit_price) == (Decimal(1), Decimal("7.50"))
    assert image.invoice_description == "Backup Pro - Cycle Fee (2 × 10.00 EUR)"


def test_the_cycle_fee_then_the_latest_start_owns_the_persistent_addition() -> None:
    lines = [
        line(id=1, charge_type="Purchase Fee", start=date(2026, 5, 20)),
        line(id=2, start=date(2026, 5, 2)),
        line(id=3, start=date(2026, 5, 9)),
    ]

    planned = plan.make_plan(lines, DIRECTORY, SETTINGS)

    assert [one.subscription_id for one in planned] == ["", "", "SUB-1"]
    assert [bool(one.warnings) for one in planned] == [True, True, False]


def new_agreement_line(**overrides: Any) -> plan.Line:
    return line(agreement_id=None, **overrides)


def test_lines_of_one_contract_and_currency_wait_for_one_new_agreement() -> None:
    lines = [new_agreement_line(id=n, subscription_id=f"S{n}") for n in range(5)]

    first, *rest = plan.make_plan(lines, DIRECTORY, SETTINGS)

    assert first.kind == OperationKind.CREATE_AGREEMENT
    assert first.agreement
    assert (first.agreement.name, first.agreement.start) == ("C-1", MAY)
    assert {one.slot for one in rest} == {first.slot}


def test_it_bills_from_the_earliest_loaded_month_or_an_even_earlier_start() -> None:
    directory = replace(DIRECTORY, first_months={"C-1": date(2026, 3, 1)})

    first, *_ = plan.make_plan([new_agreement_line()], directory, SETTINGS)
    earlier, *_ = plan.make_plan([new_agreement_line(start=date(2026, 2, 11))], directory, SETTINGS)

    assert first.agreement
    assert earlier.agreement
    assert (first.agreement.start, earlier.agreement.start) == (
        date(2026, 3, 1),
        date(2026, 2, 11),
    )


def test_an_existing_one_is_used_first() -> None:
    slot = plan.AgreementSlot(10, "EUR", "C-1")

    planned = plan.make_plan(
        [new_agreement_line()], replace(DIRECTORY, own_agreements={slot: 30}), SETTINGS
    )

    assert [one.kind for one in planned] == [OperationKind.CREATE]
    assert planned[0].agreement_id == 30


def test_the_summary_counts_and_adds_up() -> None:
    of = [line(id=1), line(id=2, currency="USD"), line(id=3, currency="USD", customer="Other")]

    summary = summarize(plan.make_plan(of, DIRECTORY, SETTINGS))

    assert (summary.post, summary.refused) == (1, 2)
    (shown,) = summary.money
    assert (shown.currency, shown.revenue, shown.margin) == ("EUR", Decimal(20), Decimal(4))
