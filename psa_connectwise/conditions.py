"""The search language of ConnectWise's `conditions`, quoted so that a value stays a value.

How a double quote inside a value is written is not documented, so such a value is refused: fetch
more and filter here instead (docs/connectwise.md, "Searching").
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">=", "contains", "like"})
# A backslash might be taken for an escape of the closing quote.
UNSAFE = re.compile(r"[\"\\\x00-\x1f\x7f]")

Value = str | int | bool | Decimal | date


class UnquotableValue(ValueError):
    """The value can't be put into a condition safely."""


def compare(field: str, operator: str, value: Value) -> str:
    """`company/id=5`, `name="X"`; `like` takes its `*` wildcards from `anywhere` or `starting`."""
    if operator not in OPERATORS:
        raise ValueError(f"{operator!r} is not an operator of ConnectWise")
    spaced = f" {operator} " if operator.isalpha() else operator
    return f"{_field(field)}{spaced}{literal(value)}"


def equals(field: str, value: Value) -> str:
    return compare(field, "=", value)


def is_in(field: str, values: Iterable[Value]) -> str:
    """Any of the values; an empty list is refused, for it would match nothing or everything."""
    listed = ",".join(literal(value) for value in values)
    if not listed:
        raise ValueError("a condition needs at least one value")
    return f"{_field(field)} in ({listed})"


def anywhere(text: str) -> str:
    """The text as a pattern for `like` that matches it anywhere."""
    return f"*{_pattern(text)}*"


def starting(text: str) -> str:
    """The text as a pattern for `like` that matches it at the start."""
    return f"{_pattern(text)}*"


def all_of(*conditions: str) -> str:
    return " and ".join(f"({condition})" for condition in conditions)


def any_of(*conditions: str) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def literal(value: Value) -> str:
    """The value in ConnectWise's spelling."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, date):
        return f"[{_instant(value)}]"
    if UNSAFE.search(value):
        raise UnquotableValue("a value with quotes or control characters can't be searched for")
    return f'"{value}"'


def _field(name: str) -> str:
    if not FIELD.fullmatch(name):
        raise ValueError(f"{name!r} is not a field of ConnectWise")
    return name


def _pattern(text: str) -> str:
    if "*" in text:
        raise UnquotableValue("a value with an asterisk can't be searched for")
    return text.replace("[", "[[]")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise UnquotableValue(f"{value} is not a number")
    return format(value, "f")


def _instant(value: date) -> str:
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if value.tzinfo is None:
        raise ValueError("a time without its zone can't be searched for")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
