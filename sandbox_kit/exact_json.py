"""JSON that keeps decimals exact: numbers with a point are read as Decimal and written digit for digit."""

import json
from decimal import Decimal
from typing import Any

_quote = json.encoder.encode_basestring_ascii


def loads(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> str:
    """Write a value; the standard encoder would turn a Decimal into a float or refuse it."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value)


def dump_bytes(value: Any) -> bytes:
    return dumps(value).encode()
