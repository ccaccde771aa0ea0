"""A line that starts before an agreement of ours begins to bill moves that date back (P46)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.sync import plan
from invoices.sync.facts import AgreementDates, BillingNeed
from invoices.sync.states import OperationKind, OperationState
from invoices.sync.wanted_agreements import without_needless
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    APRIL,
    DIRECTORY,
    JUNE,
    MAY,
    SETTINGS,
    line,
    owning,
)

Kind, State = OperationKind, OperationState
SLOT = plan.AgreementSlot(10, "EUR", "C-1")
# Made by us in June, and not invoiced yet.
OURS = replace(
    AGREEMENT, name="C-1", start=JUNE, bill_start=JUNE, next_invoice=JUNE, ours=SLOT
)  # fmt: skip


def planned(
    *lines: plan.Line, directory: plan.Directory = DIRECTORY, **changes: Any
) -> list[plan.Planned]:
    agreements = {**directory.agreements, 30: replace(OURS, **changes)}
    return list(plan.make_plan(lines, replace(directory, agreements=agreements), SETTINGS))


def test_it_is_moved_to_the_lines_start_and_the_line_waits_for_that() -> None:
    move, one = planned(line())

    assert (move.kind, move.state, move.agreement_id) == (Kind.UPDATE_AGREEMENT, State.PLANNED, 30)
    assert move.dates_before == AgreementDates(JUNE, JUNE)
    assert move.dates == AgreementDates(MAY, MAY)
    assert move.slot == SLOT
    assert move.reason == (
        "Agreement C-1 begins to bill on 2026-05-01 instead of 2026-06-01: a charge starts before."
    )
    assert (one.kind, one.state, one.needs) == (Kind.CREATE, State.PLANNED, BillingNeed(30, MAY))


def test_fifty_lines_move_it_once_to_the_earliest_of_their_starts() -> None:
    lines = [
        line(id=n, subscription_id=f"S{n}", start=date(2026, 5, 1 + n % 28)) for n in range(50)
    ]
    late = line(id=60, subscription_id="S60", start=date(2026, 6, 2))

    move, *rest = planned(*lines, late)

    assert move.dates == AgreementDates(MAY, MAY)
    assert [one.kind for one in rest] == [Kind.CREATE] * 51
    assert [one.needs is None for one in rest] == [False] * 50 + [True]


@pytest.mark.parametrize(
    ("start", "bill_start", "after"),
    [
        (JUNE, JUNE, AgreementDates(MAY, MAY)),
        (APRIL, JUNE, AgreementDates(APRIL, MAY)),  # it started before: that stays
        (None, JUNE, AgreementDates(None, MAY)),
    ],
)
def test_its_start_goes_along_only_where_it_would_be_after(
    start: date | None, bill_start: date, after: AgreementDates
) -> None:
    move, _ = planned(line(), start=start, bill_start=bill_start)

    assert move.dates == after


@pytest.mark.parametrize("bill_start", [MAY, APRIL, None])
def test_one_that_bills_by_then_stays(bill_start: date | None) -> None:
    (one,) = planned(line(), bill_start=bill_start, next_invoice=None)

    assert (one.kind, one.needs) == (Kind.CREATE, None)


def test_one_that_is_not_ours_is_left_alone_and_the_line_told_the_fix() -> None:
    (one,) = planned(line(), ours=None)

    assert (one.state, one.code) == (State.REFUSED, "before_billing_start")
    assert "Change the start date here or the billing start in ConnectWise." in one.reason


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"next_invoice": date(2026, 7, 1)}, "period_invoiced"),
        ({"live": False, "status": "Cancelled"}, "agreement_not_active"),
        ({"currency": "USD"}, "currency_differs"),
    ],
)
def test_a_line_that_is_refused_anyhow_moves_nothing(changes: dict[str, Any], code: str) -> None:
    (one,) = planned(line(), **changes)

    assert (one.state, one.code) == (State.REFUSED, code)


def test_where_the_agreement_prorates_only_connectwise_knows() -> None:
    move, one = planned(line(), next_invoice=date(2026, 7, 1), prorate=True)

    assert (move.kind, one.state) == (Kind.UPDATE_AGREEMENT, State.PLANNED)


def test_a_move_into_it_waits_with_its_first_half() -> None:
    directory = owning(agreement_id=31)

    move, old, new = planned(line(), directory=directory)

    assert [one.kind for one in (move, old, new)] == [
        Kind.UPDATE_AGREEMENT, Kind.END, Kind.CREATE,
    ]  # fmt: skip
    assert old.needs == BillingNeed(30, MAY)
    assert (old.agreement_id, new.agreement_id) == (31, 30)


def test_an_addition_that_begins_before_it_bills_is_changed_after_the_move() -> None:
    of = line(quantity=Decimal(3), total_price=Decimal(30), total_cost=Decimal(24))

    move, one = planned(of, directory=owning())

    assert move.dates == AgreementDates(APRIL, APRIL)
    assert (one.kind, one.needs) == (Kind.UPDATE, BillingNeed(30, APRIL))


@pytest.mark.parametrize("ours", [SLOT, None])
def test_where_nothing_is_sent_nothing_is_moved_or_refused(ours: plan.AgreementSlot | None) -> None:
    (one,) = planned(line(), directory=owning(), ours=ours)

    assert one.unchanged
    assert one.state == State.PLANNED


def test_once_it_is_moved_there_is_nothing_to_move() -> None:
    (one,) = planned(line(), start=MAY, bill_start=MAY, next_invoice=MAY)

    assert (one.kind, one.state) == (Kind.CREATE, State.PLANNED)


def test_what_no_line_waits_for_any_more_is_not_done() -> None:
    lines = [
        line(id=1),
        line(id=2, subscription_id="S2", agreement_id=None),
        line(id=3, subscription_id="S3", agreement_id=None, contract_id="C-3"),
    ]
    whole = planned(*lines)
    assert [one.kind for one in whole[:3]] == [Kind.CREATE_AGREEMENT] * 2 + [Kind.UPDATE_AGREEMENT]

    def without(*gone: int) -> list[object]:
        left = [
            replace(one, state=State.REFUSED) if one.line and one.line.id in gone else one
            for one in whole
        ]
        return [one.agreement_work for one in without_needless(left) if not one.line]

    second, third = plan.AgreementSlot(10, "EUR", "C-1"), plan.AgreementSlot(10, "EUR", "C-3")
    assert without() == [second, third, 30]
    assert without(1) == [second, third]
    assert without(2) == [third, 30]
    assert without(1, 2, 3) == []
