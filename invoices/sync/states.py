"""The states of what we post, and the moves between them. Pure: no Django, no HTTP.

One column each, one table of allowed moves, one function that refuses the rest.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class OperationKind(StrEnum):
    """What is done in ConnectWise; a move is an END or DELETE and a CREATE."""

    CREATE_AGREEMENT = "create_agreement"
    UPDATE_AGREEMENT = "update_agreement"  # its billing start moves back (P46)
    CREATE = "create"
    UPDATE = "update"
    END = "end"
    DELETE = "delete"


class OperationState(StrEnum):
    """How far one intended change is; `OPERATION_MOVES` says what may follow what."""

    PLANNED = "planned"  # shown in a plan; freezes nothing
    CLAIMED = "claimed"  # a worker holds the lease; sent_at says whether it may have been sent
    UNKNOWN = "unknown"  # sent, its fate not known: settled by looking
    DONE = "done"
    FAILED = "failed"  # ConnectWise refused it, in its own words
    REFUSED = "refused"  # the plan refused it before anything was sent
    SKIPPED = "skipped"  # nothing to do, or the line changed since it was planned
    WITHDRAWN = "withdrawn"  # the run was stopped before it was sent


class PostingState(StrEnum):
    """What became of an Addition of ours."""

    OPENING = "opening"  # its key is taken, its Addition not confirmed yet
    OPEN = "open"
    ENDED = "ended"
    REMOVED = "removed"


class Intent(StrEnum):
    """What the plan wants with one row, as a person reads it; it stays when the state moves on."""

    AGREEMENT = "agreement"
    CREATE = "create"
    UPDATE = "update"
    MOVE = "move"  # made elsewhere, and ended or removed where it was
    UNCHANGED = "unchanged"
    END = "end"
    REMOVE = "remove"
    SKIP = "skip"
    REFUSE = "refuse"
    STEP = "step"  # on the way to another row of its line


class Origin(StrEnum):
    """Who asked for a run."""

    PERSON = "person"
    COMMAND = "command"
    SCHEDULE = "schedule"


def patience_of(origin: Origin) -> timedelta:
    """So long a plan waits for an answer. At night nobody looks, and the schedule comes daily."""
    return timedelta(hours=6 if origin == Origin.SCHEDULE else 1)


class RunState(StrEnum):
    """What is done for a run just now, if anything."""

    DRAFTING = "drafting"  # its preview is being made
    DRAFT = "draft"  # previewed: it waits for a person's yes, and nobody works on it
    PLANNING = "planning"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


# Work on an agreement, which lines wait for; it is none of a line's own.
AGREEMENT_KINDS = (OperationKind.CREATE_AGREEMENT, OperationKind.UPDATE_AGREEMENT)
ENDS = (OperationKind.END, OperationKind.DELETE)
# An operation in one of these freezes its line and its Posting.
UNFINISHED = (OperationState.CLAIMED, OperationState.UNKNOWN)
# What waits for one of these waits for nothing.
GIVEN_UP = (
    OperationState.FAILED,
    OperationState.REFUSED,
    OperationState.SKIPPED,
    OperationState.WITHDRAWN,
)
LIVE_RUN = (RunState.PLANNING, RunState.RUNNING)
OVER = (RunState.FINISHED, RunState.STOPPED, RunState.FAILED)
# A preview: it stands in nobody's way, and is dropped when it is old.
DRAFTS = (RunState.DRAFTING, RunState.DRAFT)
LIVE_POSTING = (PostingState.OPENING, PostingState.OPEN)
# These count in the next key of the line that opened them (keys.py).
CLOSED_POSTING = (PostingState.ENDED, PostingState.REMOVED)

_S = OperationState
OPERATION_MOVES: Mapping[OperationState, frozenset[OperationState]] = {
    _S.PLANNED: frozenset({_S.CLAIMED, _S.SKIPPED, _S.WITHDRAWN, _S.FAILED, _S.REFUSED}),
    _S.CLAIMED: frozenset({_S.DONE, _S.FAILED, _S.UNKNOWN, _S.PLANNED, _S.WITHDRAWN}),
    # Claimed again: it was looked for, not found, and may be sent once more.
    _S.UNKNOWN: frozenset({_S.DONE, _S.FAILED, _S.CLAIMED, _S.WITHDRAWN}),
    _S.DONE: frozenset(),
    _S.FAILED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}


class MoveRefused(Exception):
    """A move that the table does not allow: a bug, never a user's mistake."""


def check_move(before: OperationState, after: OperationState) -> None:
    """Raises `MoveRefused` unless `before` may become `after`."""
    if after not in OPERATION_MOVES[before]:
        raise MoveRefused(f"an operation that is {before} can't become {after}")
