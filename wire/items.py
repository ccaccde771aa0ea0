"""Pages of parsed records: one bad item is set aside with its reason, the rest goes on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

T = TypeVar("T")

# A reason goes to System Logs, one entry for each bad record.
REASON_LENGTH = 500
NO_DATE = "should be a date like 2026-05-31"
CALENDAR_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

# PostgreSQL can't store NUL: one such name would take a whole page down with it.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$", strict=True)]

# Overrides, embeddings and isolates turn what stands around them, or make one name look like
# another. The marks that Hebrew, Arabic and emoji need are none of these.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
TURNED = "\ufffd"


def _showing_turns(value: str) -> str:
    """With a visible sign where writing would be turned unseen."""
    if value.isascii():  # known to the string itself, without a look at its letters
        return value
    return TURNING.sub(TURNED, value)


# For names that people read, as the last annotation: never for an id, which must stay what it is.
ForReading = AfterValidator(_showing_turns)


@dataclass(frozen=True, slots=True)
class BadItem:
    """A record that could not be read; `reason` names the field."""

    item_id: str | None
    reason: str
    # As it came, for what can be read of it all the same.
    record: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; `total` is how many there are in all, where the remote says so."""

    items: tuple[T, ...]
    bad: tuple[BadItem, ...] = ()
    total: int | None = None


def read_page(
    adapter: TypeAdapter[T], raw: Iterable[object], *, total: int | None = None
) -> Page[T]:
    """Parse each record on its own."""
    items: list[T] = []
    bad: list[BadItem] = []
    for record in raw:
        try:
            items.append(read_item(adapter, record))
        except ValidationError as error:
            bad.append(BadItem(_id_of(record), reason(error), record))
    return Page(tuple(items), tuple(bad), total)


def read_item(adapter: TypeAdapter[T], record: object) -> T:
    """Parse one record by its names on the wire only; raises pydantic's ValidationError."""
    return adapter.validate_python(record, by_alias=True, by_name=False)


def reason(error: ValidationError) -> str:
    """Which fields are wrong and why, without their values."""
    told = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'item'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(told)[:REASON_LENGTH]


def calendar_date(value: object) -> date:
    """Exactly `YYYY-MM-DD`; raises ValueError for anything that merely resembles it."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError(NO_DATE)
    return _parsed_date(value)


@lru_cache(maxsize=4096)  # a month of lines names a few days again and again
def _parsed_date(text: str) -> date:
    if not CALENDAR_DATE.fullmatch(text):
        raise ValueError(NO_DATE)
    return date.fromisoformat(text)


def _id_of(record: object) -> str | None:
    found = record.get("id") if isinstance(record, dict) else None
    return str(found)[:64] if isinstance(found, str | int) else None
