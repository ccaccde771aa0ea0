"""The labelled pairs that suggestions are measured on, written by hand before the scoring was tuned.

A family of names falls wholly into one half, by a rule that nobody chooses: on the one half the
scoring is tuned, the other one only measures.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

FILE = Path(__file__).parent / "data" / "pairs.csv"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A name of the Platform and one of ConnectWise; `same` is what a person says."""

    kind: str
    family: str
    same: bool
    left: str
    left_code: str
    vendor: str
    right: str
    right_code: str
    note: str

    @property
    def measures(self) -> bool:
        """Its half: even checksums measure, odd ones tune."""
        return crc32(self.family.encode()) % 2 == 0


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How many of what was found is right, and how much of what is right was found."""

    precision: float
    recall: float


@cache
def all_pairs() -> tuple[Pair, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(Pair(**{**row, "same": row["same"] == "1"}) for row in rows)  # type: ignore[arg-type]


def half(*, measures: bool) -> list[Pair]:
    return [pair for pair in all_pairs() if pair.measures is measures]


def quality(said: Iterable[tuple[Pair, bool]]) -> Quality:
    """Of a judge who said yes or no to each pair; nothing said is nothing wrong."""
    judged = list(said)
    right = sum(pair.same for pair, yes in judged if yes)
    yeses = sum(yes for _, yes in judged)
    same = sum(pair.same for pair, _ in judged)
    return Quality(precision=right / yeses if yeses else 1.0, recall=right / same if same else 1.0)
