"""What a person should know of an operation though nothing stands in its way. Pure.

The code is for machines (a page offers what helps against it), the text for people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class CautionCode(StrEnum):
    """What a warning is about; rows are filtered by it."""

    SECOND_LINE = "second_line"  # another recurring line of its subscription in the period
    NO_SUBSCRIPTION = "no_subscription"  # that the next month could go on with
    LATER_PERIOD = "later_period"  # a later period keeps the subscription's Addition
    PRORATES = "prorates"
    AGREEMENT_STAYS = "agreement_stays"  # an undo doesn't take it back
    TWIN = "twin"  # perhaps it was posted already, under another number
    LONG_CYCLE = "long_cycle"  # it would be billed in every period of its agreement


@dataclass(frozen=True, slots=True)
class Caution:
    """`end` is the end date that is offered against it (P45)."""

    code: CautionCode
    text: str
    end: date | None = None

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, str]:
        """As an Operation keeps it."""
        kept = {"code": self.code.value, "text": self.text}
        return kept | ({"end": self.end.isoformat()} if self.end else {})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Caution":
        """What `to_json` gave, of an Operation's `warnings`."""
        end = kept.get("end")
        code = CautionCode(kept["code"])
        return cls(code, kept["text"], date.fromisoformat(end) if end else None)


@dataclass(frozen=True, slots=True)
class Twin:
    """A posted line that is gone from the Platform and may have come back under another number."""

    platform_id: str
    addition_id: int | None  # None while it is being posted

    def __str__(self) -> str:
        stands = (
            "is being posted" if self.addition_id is None else f"is Addition {self.addition_id}"
        )
        return f"{self.platform_id}, which is gone from the Platform, {stands} and alike in all but its number"


def prorates(agreement: str) -> Caution:
    """What the Platform has prorated already would be prorated twice (P43)."""
    text = f"Agreement {agreement} prorates: ConnectWise may prorate this again."
    return Caution(CautionCode.PRORATES, text)


def agreement_stays(agreement: str) -> Caution:
    """P50: an undo takes lines back, never agreements."""
    text = f"Agreement {agreement}, which was made for it, stays in ConnectWise."
    return Caution(CautionCode.AGREEMENT_STAYS, text)


def billing_start_stays(agreement: str) -> Caution:
    """P50, likewise."""
    text = f"Agreement {agreement} goes on billing from the earlier day it was moved back to."
    return Caution(CautionCode.AGREEMENT_STAYS, text)


def perhaps_posted(twin: Twin) -> Caution:
    text = f"{twin}. If it was only renumbered, this bills it twice: undo the old line first."
    return Caution(CautionCode.TWIN, text)


def long_cycle(line_cycle: str, agreement_cycle: str, end: date) -> Caution:
    """`end` is the last day of the agreement period in which it starts."""
    of_line, of_agreement = line_cycle.lower(), agreement_cycle.lower()
    text = (
        f"Its billing cycle is {of_line}, the agreement's {of_agreement}: without an end date "
        f"ConnectWise bills it in every {of_agreement} period."
    )
    return Caution(CautionCode.LONG_CYCLE, text, end)


def offered_end(cautions: Iterable[Caution]) -> date | None:
    """The end after one agreement period, where that is offered."""
    offers = (one.end for one in cautions if one.code == CautionCode.LONG_CYCLE)
    return next(offers, None)
