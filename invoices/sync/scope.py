"""What one run covers and how: kept as JSON on the run. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Cancellations(StrEnum):
    """What a run does with subscriptions that are gone (P49)."""

    ASK = "ask"  # list them; only those in `ends` are ended
    APPLY = "apply"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoScope:
    """What is to be taken back: one of the three, or what an undo of it has left."""

    run: int | None = None
    line: int | None = None
    period: bool = False  # the run's
    rest_of: int | None = None  # the undo, which was stopped or could not do all


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScope:
    """The whole period where `lines` is None."""

    lines: tuple[int, ...] | None = None
    # A person's Retry of these lines: write over what was changed in ConnectWise.
    overwrite: bool = False
    # None: as the settings say when it is planned.
    cancellations: Cancellations | None = None
    # Under ASK: the keys of the Additions that a person ticked.
    ends: tuple[str, ...] = ()
    # A second yes to ending more than the usual share at once.
    force: bool = False
    undo: UndoScope | None = None
    # Of a preview: ConnectWise is read before it is planned.
    fresh: bool = False

    def to_json(self) -> dict[str, object]:
        """Only what is not the default: queries tell kinds of runs apart by the keys that are there."""
        kept: dict[str, object] = {}
        if self.lines is not None:
            kept["lines"] = sorted(self.lines)
        if self.overwrite:
            kept["overwrite"] = True
        if self.cancellations:
            kept["cancellations"] = self.cancellations.value
        if self.ends:
            kept["ends"] = sorted(self.ends)
        if self.force:
            kept["force"] = True
        if self.fresh:
            kept["fresh"] = True
        if self.undo:
            kept["undo"] = {
                "run": self.undo.run,
                "line": self.undo.line,
                "period": self.undo.period,
            } | ({"rest_of": self.undo.rest_of} if self.undo.rest_of else {})
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "RunScope":
        """What `to_json` gave: a key that isn't there is the default."""
        lines, policy, undo = kept.get("lines"), kept.get("cancellations"), kept.get("undo")
        return cls(
            lines=None if lines is None else tuple(lines),
            overwrite=kept.get("overwrite", False),
            cancellations=Cancellations(policy) if policy else None,
            ends=tuple(kept.get("ends", ())),
            force=kept.get("force", False),
            undo=UndoScope(**undo) if undo else None,
            fresh=kept.get("fresh", False),
        )
