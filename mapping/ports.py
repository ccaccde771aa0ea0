"""What mapping asks of invoice lines; `invoices` implements it and registers it when it is ready.

The arrow of imports points from invoices to mapping, so mapping may only name what it needs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

LineColumn = Literal["organization_id", "offer_id", "contract_id"]
WaitingColumn = Literal["organization_id", "offer_id"]
# Company and agreement go together; the product goes alone.
Part = Literal["customer", "product"]
PARTS: tuple[Part, ...] = ("customer", "product")
Key = tuple[int | str, ...]
Renamed = Literal["organization", "offer", "company", "product", "agreement"]


class LineKey(NamedTuple):
    """What decides a line's mappings."""

    organization_id: int
    offer_id: int
    contract_id: str


@dataclass(frozen=True)
class LineScope:
    """The lines whose `columns` hold one of `keys`, and which of their values are meant."""

    columns: tuple[LineColumn, ...]
    keys: tuple[Key, ...]
    parts: tuple[Part, ...] = PARTS


@dataclass(frozen=True)
class Waiting:
    """Unsynced lines that lack one mapping, and their revenue by currency, the largest first."""

    lines: int
    revenue: tuple[tuple[str, Decimal], ...]


class WaitingRank(NamedTuple):
    """Amounts of two currencies can't be compared: first comes the one in which most lines wait."""

    usual: Decimal
    other: Decimal  # the largest of the other currencies
    lines: int


class MonthProgress(NamedTuple):
    """How many lines of a month are mapped: "May 2026", 812, 1204."""

    month: str
    mapped: int
    total: int


class Lines(Protocol):
    """Invoice lines, as mapping sees them."""

    def fill(self, scope: LineScope) -> Mapping[LineKey, int]:
        """Give the unsynced lines of `scope` the mappings of now (P12); how many changed."""

    def count(self, scope: LineScope) -> int:
        """How many lines `fill` would change."""

    def waiting(self, column: WaitingColumn, ids: Collection[int]) -> Mapping[int, Waiting]:
        """What waits for a company of these organizations, or for a product of these offers."""

    def waiting_ranks(self, column: WaitingColumn) -> Mapping[int, WaitingRank]:
        """What waits, by organization or offer, so that it can be put in order."""

    def newest_month(self) -> MonthProgress | None:
        """The newest month that was loaded; None before the first."""

    def refresh_names(self, kind: Renamed, ids: Collection[int]) -> int:
        """Copy the names of these records onto their lines again, the synced ones too."""


_registered: list[Lines] = []


def register_lines(lines: Lines) -> None:
    """Called once, when the implementing app is ready."""
    _registered[:] = [lines]


def lines() -> Lines:
    """The registered implementation; a missing one is a mistake of the installation."""
    if not _registered:
        raise RuntimeError("no app has registered its invoice lines with mapping.ports")
    return _registered[0]
