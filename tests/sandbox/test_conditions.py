"""The `conditions` language, read as a table."""

from typing import Any

import pytest

from psa_connectwise.sandbox.conditions import ConditionError, parse

NAMES = frozenset(
    ["id", "name", "city", "status", "deletedFlag", "startDate", "endDate", "price", "company"]
)
RECORD: dict[str, Any] = {
    "id": 7,
    "name": "Müller & Söhne [Nord]",
    "city": "Kiel",
    "status": {"id": 1, "name": "Active"},
    "deletedFlag": False,
    "startDate": "2026-11-01T00:00:00Z",
    "price": 12.5,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id=7", True),
        ("id != 7", False),
        ("id<7", False),
        ("id <= 7", True),
        ("id>6 and id>=7", True),
        ("price = 12.5", True),
        ("id = -7", False),
        ('name="müller & söhne [nord]"', True),
        ("city='Kiel'", True),
        ('name contains "söhne"', True),
        ('name like "Müller*"', True),
        ('name like "*[[]Nord]"', True),
        ('name like "Müller"', False),
        ('name not like "Meier*"', True),
        ('city not contains "ie"', False),
        ("id in (1, 7)", True),
        ("id in (1,2)", False),
        ("id not in (1,2)", True),
        ('city in ("Bremen","kiel")', True),
        ("deletedFlag=False", True),
        ("deletedFlag = true", False),
        ('status/name="Active"', True),
        ("status/id=2", False),
        ('company/identifier="X"', False),
        ("startDate=[2026-11-01T00:00:00Z]", True),
        ("startDate<[2026-11-02]", True),
        ("startDate > [2026-11-01T00:00:01Z]", False),
        ("endDate=null", True),
        ("city != null", True),
        ("endDate < [2026-01-01]", False),
        ('id=1 or id=7 and city="Kiel"', True),
        ('(id=1 or id=7) and city="Bremen"', False),
        ('not city="Bremen"', True),
        ('id=7 AND NOT (city="Bremen" OR deletedFlag=True)', True),
    ],
)
def test_a_condition_holds_or_not(text: str, expected: bool) -> None:
    assert parse(text, NAMES)(RECORD) is expected


@pytest.mark.parametrize(
    "text",
    [
        'name="a "quoted" word"',
        'name="unfinished',
        "unknown=1",
        "id",
        "id=",
        "id ~ 7",
        "id not = 7",
        "(id=7",
        "id=7 city=1",
        "id in 7",
        "startDate=[yesterday]",
        "id=seven",
        "= 7",
    ],
)
def test_what_is_not_a_condition_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text, NAMES)


def test_a_text_does_not_compare_with_a_number() -> None:
    with pytest.raises(ConditionError):
        parse("city > 5", NAMES)(RECORD)
