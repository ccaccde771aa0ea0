"""The plan as a table: a line and what is known of ConnectWise in, an operation with its why out."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.amounts import to_cents
from invoices.sync import plan
from invoices.sync.states import OperationKind, OperationState
from invoices.sync.summary import summarize
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    COMPANY,
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


@pytest.mark.parametrize(
    ("directory", "code", "words"),
    [
        (with_product(inactive=True), "product_inactive", "Product inactive: Backup."),
        (with_product(product_class="Bundle"), "product_bundle", "bundle"),
        (with_product(missing=True), "product_gone", "no longer in ConnectWise's catalog"),
        (with_agreement(live=False, status="Expired"), "agreement_not_active", "is expired"),
        (with_agreement(live=False, status="Cancelled"), "agreement_not_active", "is cancelled"),
        (with_agreement(company_id=11), "agreement_of_another_company", "another company"),
        (with_agreement(currency="USD"), "currency_differs", "The line is in EUR"),
        (with_agreement(bill_start=date(2026, 5, 2)), "before_billing_start", "2026-05-02"),
        (with_agreement(next_invoice=date(2026, 6, 1)), "period_invoiced", "does not prorate"),
        (replace(DIRECTORY, agreements={}), "agreement_gone", "no longer in ConnectWise"),
        (
            replace(DIRECTORY, companies={10: replace(COMPANY, usable=False)}),
            "company_gone",
            "deleted in ConnectWise",
        ),
    ],
)
def test_what_connectwise_is_known_to_refuse_is_refused_with_the_fix(
    directory: plan.Directory, code: str, words: str
) -> None:
    planned = plan_one(line(), directory)

    assert (planned.state, planned.code) == (OperationState.REFUSED, code)
    assert words in planned.reason
    assert planned.image is None


@pytest.mark.parametrize(
    "directory",
    [
        DIRECTORY,
        with_agreement(bill_start=MAY),
        with_agreement(next_invoice=date(2026, 6, 1), prorate=True),
        with_agreement(bill_start=None, next_invoice=None, currency=""),
    ],
)
def test_what_connectwise_takes_is_planned(directory: plan.Directory) -> None:
    assert plan_one(line(), directory).state == OperationState.PLANNED


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


def test_behind_a_lump_stand_the_true_quantity_and_price() -> None:
    image = plan_one(line(total_price=Decimal("7.50"), total_cost=Decimal("6.00"))).image

    assert image
    assert (image.quantity, image.unit_price) == (Decimal(1), Decimal("7.50"))
    assert image.invoice_description == "Backup Pro - Cycle Fee (2 × 10 EUR)"


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


@pytest.mark.parametrize(
    ("directory", "settings", "code"),
    [
        (DIRECTORY, replace(SETTINGS, agreement_type_id=None), "no_agreement_type"),
        (
            replace(DIRECTORY, companies={10: replace(COMPANY, contact_id=None)}),
            SETTINGS,
            "no_contact",
        ),
        (replace(DIRECTORY, currency_ids={}), SETTINGS, "currency_unknown"),
    ],
)
def test_an_agreement_that_cannot_be_made_is_refused_and_not_planned(
    directory: plan.Directory, settings: plan.PlanSettings, code: str
) -> None:
    planned = plan.make_plan([new_agreement_line()], directory, settings)

    assert [one.code for one in planned] == [code]


money = st.decimals(min_value=-100_000, max_value=100_000, places=2)
lines = st.lists(
    st.builds(
        line,
        id=st.integers(1, 10_000),
        subscription_id=st.sampled_from(["A", "B", ""]),
        charge_type=st.sampled_from(["Cycle Fee", "Purchase Fee", "Usage Fee", "Correction"]),
        quantity=st.decimals(min_value=-100, max_value=100, places=3),
        total_price=money,
        total_cost=money,
        custom=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda one: one.id,
)


@given(lines)
def test_money_in_is_money_out_to_the_cent(given_lines: list[plan.Line]) -> None:
    planned = plan.make_plan(given_lines, DIRECTORY, SETTINGS)

    images = [one.image for one in planned if one.image]
    assert len(images) == len(given_lines)
    assert sum(to_cents(i.quantity * i.unit_price) for i in images) == sum(
        one.total_price for one in given_lines
    )
    assert sum(to_cents(i.quantity * i.unit_cost) for i in images) == sum(
        one.total_cost for one in given_lines
    )


@given(lines)
def test_the_plan_does_not_depend_on_the_order_of_the_lines(given_lines: list[plan.Line]) -> None:
    assert plan.make_plan(given_lines, DIRECTORY, SETTINGS) == plan.make_plan(
        given_lines[::-1], DIRECTORY, SETTINGS
    )


@given(lines)
def test_a_subscription_has_at_most_one_persistent_addition(given_lines: list[plan.Line]) -> None:
    planned = plan.make_plan(given_lines, DIRECTORY, SETTINGS)

    persistent = [one.subscription_id for one in planned if one.subscription_id]
    assert len(persistent) == len(set(persistent))


def test_the_summary_groups_what_would_fail_by_its_cause() -> None:
    of = [line(id=1), line(id=2, currency="USD"), line(id=3, currency="USD", customer="Other")]

    summary = summarize(plan.make_plan(of, DIRECTORY, SETTINGS))

    assert (summary.post, summary.refused) == (1, 2)
    (cause,) = summary.causes
    assert (cause.count, cause.customers) == (2, 2)
    (shown,) = summary.money
    assert (shown.currency, shown.revenue, shown.margin) == ("EUR", Decimal(20), Decimal(4))
