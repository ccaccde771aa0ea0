"""Numbers survive the way there and back to the last digit."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.decimal_json import dumps, loads

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


@given(DECIMALS)
def test_every_decimal_comes_back_exactly(value: Decimal) -> None:
    back = loads(dumps({"price": value}))
    assert isinstance(back, dict)
    assert Decimal(back["price"]) == value


@given(DECIMALS)
def test_what_is_written_is_a_json_number(value: Decimal) -> None:
    assert isinstance(json.loads(dumps(value)), int | float)


def test_trailing_zeros_and_long_fractions_are_kept() -> None:
    text = dumps([Decimal("5.2456"), Decimal("10.00"), Decimal("0.1000000000000000055511")])
    assert text == "[5.2456, 10.00, 0.1000000000000000055511]"


def test_fractions_are_read_as_decimals_and_whole_numbers_as_integers() -> None:
    assert loads('{"a": 0.1, "b": 5}') == {"a": Decimal("0.1"), "b": 5}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "9" * 5000, "1e999999999", "-1e-999999999"]
)
def test_what_is_no_number_of_ours_stays_text_and_the_rest_is_read(number: str) -> None:
    assert loads(f'[{{"a": {number}}}, {{"a": 1}}]') == [{"a": number}, {"a": 1}]


@pytest.mark.parametrize("text", ["", "{", "[1.]", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("inf")])
def test_what_is_not_a_number_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|Out of range"):
        dumps([value])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.date(2026, 5, 31), '"2026-05-31"'),
        (dt.datetime(2026, 5, 31, 2, 3, 4, 999, tzinfo=dt.UTC), '"2026-05-31T02:03:04Z"'),
        (
            dt.datetime(2026, 5, 31, 2, tzinfo=dt.timezone(dt.timedelta(hours=5))),
            '"2026-05-30T21:00:00Z"',
        ),
    ],
)
def test_dates_stay_dates_and_instants_are_utc(value: dt.date, text: str) -> None:
    assert dumps(value) == text


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without its zone"):
        dumps(dt.datetime(2026, 5, 31))  # noqa: DTZ001 - the point
