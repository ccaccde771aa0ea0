"""Billing cycles, as the Platform and ConnectWise call them."""

from datetime import date

import pytest

from invoices.sync.cycles import bills_more_often, end_of_first_period, months_of


@pytest.mark.parametrize(
    ("cycle", "months"),
    [
        ("Monthly", 1),
        ("quarterly ", 3),
        ("Annual", 12),
        ("Triennial", 36),
        ("One time", None),
        ("None", None),
        ("", None),
    ],
)
def test_how_long_a_cycle_is(cycle: str, months: int | None) -> None:
    assert months_of(cycle) == months


@pytest.mark.parametrize(
    ("agreements", "lines", "more"),
    [
        ("Monthly", "Annual", True),
        ("Annual", "Monthly", False),
        ("Monthly", "Monthly", False),
        ("", "Annual", False),
        ("Monthly", "One time", False),
    ],
)
def test_which_agreement_bills_more_often_than_its_charge(
    agreements: str, lines: str, more: bool
) -> None:
    assert bills_more_often(agreements, lines) is more


@pytest.mark.parametrize(
    ("cycle", "end"),
    [
        ("Monthly", date(2026, 11, 30)),
        ("Quarterly", date(2027, 1, 31)),
        ("Annual", date(2027, 10, 31)),
        ("", date(2026, 11, 30)),
    ],
)
def test_where_the_agreements_first_period_ends(cycle: str, end: date) -> None:
    assert end_of_first_period(date(2026, 11, 14), cycle) == end
