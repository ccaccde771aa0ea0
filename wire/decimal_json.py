"""JSON whose numbers stay exact: Decimal in, Decimal out, never a binary fraction."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import simplejson

# Digits: of an id, an amount or a count of ours none has nearly as many.
LONGEST = 60


def loads(text: str | bytes) -> object:
    """Parse JSON; fractions become Decimal. What is no number of ours stays text, for its field to refuse."""
    try:
        return json.loads(text, parse_float=_fraction, parse_int=whole_number, parse_constant=str)
    except RecursionError:
        # A hostile or broken answer is an unreadable one, not a crash of the worker.
        raise ValueError("nested too deeply") from None


def whole_number(text: str) -> int | str:
    """Python refuses endless digits, and with one such number a whole page would be lost."""
    return int(text) if len(text) <= LONGEST else text


def _fraction(text: str) -> Decimal | str:
    # Made a whole number, as for an id, 1e999999999 would keep a worker busy for ever.
    number = Decimal(text)
    return number if abs(number.adjusted()) <= LONGEST else text


def dumps(value: object) -> str:
    """Write JSON; a Decimal as the number with exactly its digits, dates as ISO 8601."""
    return simplejson.dumps(_plain(value), use_decimal=True, allow_nan=False)


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
