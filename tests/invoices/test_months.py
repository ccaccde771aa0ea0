"""Calendar months."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.months import (
    day_in_month,
    first_of_next,
    last_day,
    month_name,
    month_of,
    months_before,
    parse_period,
)

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31))


@pytest.mark.parametrize(
    ("text", "today", "month"),
    [
        ("2026-05", date(2026, 5, 18), date(2026, 5, 1)),
        ("2024-02", date(2026, 5, 18), date(2024, 2, 1)),
        ("current", date(2026, 5, 18), date(2026, 5, 1)),
        ("current", date(2026, 5, 31), date(2026, 5, 1)),
        ("previous", date(2026, 5, 31), date(2026, 4, 1)),
        ("previous", date(2026, 1, 1), date(2025, 12, 1)),
        ("previous", date(2026, 3, 31), date(2026, 2, 1)),
    ],
)
def test_a_period_is_a_month_or_a_word_for_one(text: str, today: date, month: date) -> None:
    assert parse_period(text, today) == month


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-5", "2026-13", "2026-00", "0000-01", "05-2026", "٢٠٢٦-05", "next"]
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write YYYY-MM") as refusal:
        parse_period(text, date(2026, 5, 18))
    assert text in str(refusal.value)


def test_months_have_names_as_people_write_them() -> None:
    assert month_name(date(2026, 5, 1)) == "May 2026"


@pytest.mark.parametrize(
    ("month", "day", "found"),
    [
        (date(2026, 2, 1), 31, date(2026, 2, 28)),
        (date(2024, 2, 10), 30, date(2024, 2, 29)),
        (date(2026, 4, 30), 31, date(2026, 4, 30)),
        (date(2026, 5, 31), 1, date(2026, 5, 1)),
    ],
)
def test_a_day_that_a_month_lacks_is_its_last(month: date, day: int, found: date) -> None:
    assert day_in_month(month, day) == found


@given(DAYS)
def test_a_month_is_what_lies_between_its_ends(day: date) -> None:
    assert month_of(day) <= day <= last_day(day) < first_of_next(day)
    assert month_of(first_of_next(day)) == first_of_next(day)
    assert (first_of_next(day) - month_of(day)).days == last_day(day).day


@given(DAYS, st.integers(min_value=0, max_value=40))
def test_going_back_and_forth_leads_home(day: date, count: int) -> None:
    month = months_before(day, count)
    for _ in range(count):
        month = first_of_next(month)
    assert month == month_of(day)
