"""The states of what we post, and the moves between them. Pure: no Django, no HTTP.

One column each, one table of allowed moves, one function that refuses the rest.
"""

from collections.abc import Mapping
from enum import StrEnum


class OperationKind(StrEnum):
    CREATE_AGREEMENT = "create_agreement"
    CREATE = "create"
    UPDATE = "update"
    END = "end"
    DELETE = "delete"


class OperationState(StrEnum):
    PLANNED = "planned"  # shown in a plan; freezes nothing
    CLAIMED = "claimed"  # a worker holds the lease; sent_at says whether it may have been sent
    UNKNOWN = "unknown"  # sent, its fate not known: settled by looking
    DONE = "done"
    FAILED = "failed"  # ConnectWise refused it, in its own words
    REFUSED = "refused"  # the plan refused it before anything was sent
    SKIPPED = "skipped"  # nothing to do, or the line changed since it was planned
    WITHDRAWN = "withdrawn"  # the run was stopped before it was sent


class PostingState(StrEnum):
    OPENING = "opening"  # its key is taken, its Addition not confirmed yet
    OPEN = "open"
    ENDED = "ended"
    REMOVED = "removed"


class RunState(StrEnum):
    PLANNING = "planning"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


# An operation in one of these freezes its line and its Posting.
UNFINISHED = (OperationState.CLAIMED, OperationState.UNKNOWN)
LIVE_RUN = (RunState.PLANNING, RunState.RUNNING)
LIVE_POSTING = (PostingState.OPENING, PostingState.OPEN)

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
