"""The places where something can go wrong, and how often a run really was there."""

from collections import Counter
from enum import StrEnum


class Boundary(StrEnum):
    """What befell a request, a worker or a person; the value is its line in the soak's table."""

    # Requests.
    NEVER_SENT = "ConnectWise can't be reached"
    CUT_UNREAD = "connection cut before it was read"
    ERROR_BEFORE = "500 before writing"
    NO_REPLY = "written, but no reply"
    CUT_SHORT = "written, reply cut short"
    ERROR_AFTER = "500 after writing"
    LATE = "written after our time-out"
    LATER_STILL = "written later than the settle window"
    STORM = "429 storm"
    IN_USE = "409, record in use"
    LAG = "search lags behind"
    DENIED = "right taken away (403)"
    WRONG_KEYS = "keys not valid any more (401)"
    # Workers.
    KILLED_PLANNING = "killed while planning"
    KILLED_CLAIMING = "killed in or after the claim, before it sent"
    KILLED_STAMPED = "killed when stamped as sent, before a byte went"
    KILLED_REPLIED = "reply received, but not recorded"
    KILLED_RECORDING = "killed inside the recording"
    KILLED_RECORDED = "recorded, but the task not acknowledged"
    KILLED_SWEEPING = "killed while settling"
    KILLED_FOR_REAL = "process killed by SIGKILL"
    WOKE_LATE = "woke after its lease was gone"
    SENT_LATE = "stamped, slept, sent after its lease was gone"
    RUNG_TWICE = "task delivered twice"
    NOT_RUNG = "task lost"
    # People, and others on the same ConnectWise.
    TWO_OPERATORS = "two operators at once"
    STOPPED = "run stopped"
    EDITED_IN_DOUBT = "edit during an unknown outcome"
    EDITED_WHEN_PLANNED = "edit between plan and claim"
    LOADED_IN_DOUBT = "load during an unknown outcome"
    DELETED_BY_HAND = "Addition deleted by hand"
    CHANGED_BY_HAND = "Addition changed by hand"
    STRANGER = "a second installation posts beside us"
    # Situations.
    AGREEMENT_LOST = "reply to an agreement's creation lost"
    FIFTY_WAIT = "… with fifty lines waiting for it"
    AGREEMENT_TWICE = "agreement made twice by a late write"
    ADDITION_TWICE = "Addition made twice by a late write"
    LEFT = "401 or 403 in the middle of a run, the rest left"
    PLAN_WAITS = "nobody answers while a run is planned"
    BILLING_MOVED = "agreement told to bill from an earlier day"
    BILLING_LOST = "… and its reply lost"
    BILLING_LATE = "… and written late"
    UNDO_FAULT = "fault during an undo"


class Tally(Counter[Boundary]):
    """Hits per boundary."""

    def hit(self, boundary: Boundary) -> None:
        self[boundary] += 1
