"""JSON whose numbers stay exact: Decimal in, Decimal out, never a binary fraction."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import simplejson


def loads(text: str | bytes) -> object:
    """Parse JSON; fractions become Decimal, NaN and Infinity are refused as the standard says."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        # A hostile or broken answer is an unreadable one, not a crash of the worker.
        raise ValueError("nested too deeply") from None


def dumps(value: object) -> str:
    """Write JSON; a Decimal as the number with exactly its digits, dates as ISO 8601."""
    return simplejson.dumps(_plain(value), use_decimal=True, allow_nan=False)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _plain(value: object) -> object:
    """The value with dates as text and every Decimal checked; containers are walked."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a JSON number")
    if isinstance(value, datetime):
        return _instant(value)
    return value.isoformat() if isinstance(value, date) else value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without its zone can't be sent")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
