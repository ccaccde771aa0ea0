"""One line of Test connection."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["Platform", "ConnectWise", "Linebridge"]
State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Check:
    """What was asked, how it went, and what to do about it."""

    side: Side
    name: str
    state: State
    words: str
