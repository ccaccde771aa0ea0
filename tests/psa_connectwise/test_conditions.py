"""A value in a condition stays a value, whatever it contains."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psa_connectwise.conditions import (
    UnquotableValue,
    all_of,
    any_of,
    anywhere,
    compare,
    equals,
    is_in,
    literal,
    starting,
)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (equals("company/id", 5), "company/id=5"),
        (equals("name", "Acme Ltd"), 'name="Acme Ltd"'),
        (equals("name", "O'Neill & Söhne (1)"), 'name="O\'Neill & Söhne (1)"'),
        (equals("cancelledFlag", False), "cancelledFlag=False"),
        (compare("id", ">", 100), "id>100"),
        (compare("price", "<=", Decimal("1E+2")), "price<=100"),
        (compare("startDate", ">=", dt.date(2026, 5, 1)), "startDate>=[2026-05-01T00:00:00Z]"),
        (
            compare("lastUpdated", "<", dt.datetime(2026, 5, 1, 2, 3, 4, 5, dt.UTC)),
            "lastUpdated<[2026-05-01T02:03:04Z]",
        ),
        (compare("name", "like", anywhere("a[b]c")), 'name like "*a[[]b]c*"'),
        (compare("name", "like", starting("Cloud")), 'name like "Cloud*"'),
        (compare("name", "contains", "x"), 'name contains "x"'),
        (is_in("id", [1, 2]), "id in (1,2)"),
        (is_in("identifier", ["a", "b,c"]), 'identifier in ("a","b,c")'),
        (all_of("a=1", any_of("b=2", "c=3")), "(a=1) and ((b=2) or (c=3))"),
    ],
)
def test_conditions_are_spelled_as_the_guide_says(condition: str, text: str) -> None:
    assert condition == text


@given(st.text())
def test_a_text_never_gets_out_of_its_quotes(value: str) -> None:
    try:
        quoted = literal(value)
    except UnquotableValue:
        assert re.search(r"[\"\\\x00-\x1f\x7f]", value)
        return
    assert quoted == f'"{value}"'
    assert quoted.count('"') == 2


@pytest.mark.parametrize("value", ['a" or id>0 or name="', "back\\", "a\nb", "a\x00"])
def test_what_can_not_be_quoted_is_refused(value: str) -> None:
    with pytest.raises(UnquotableValue):
        equals("name", value)


def test_a_wildcard_in_a_value_is_refused() -> None:
    with pytest.raises(UnquotableValue):
        anywhere("5*6")


@pytest.mark.parametrize("field", ["", "name=1 or id", "a//b", "a b", "näme", "a/", "1a"])
def test_only_field_names_stand_for_fields(field: str) -> None:
    with pytest.raises(ValueError, match="not a field"):
        equals(field, 1)


def test_unknown_operators_and_empty_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="not an operator"):
        compare("id", "; drop", 1)
    with pytest.raises(ValueError, match="at least one"):
        is_in("id", [])


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("-Infinity")])
def test_what_is_no_number_is_refused(value: Decimal) -> None:
    with pytest.raises(UnquotableValue):
        literal(value)


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        literal(dt.datetime(2026, 5, 1))  # noqa: DTZ001 - the point
