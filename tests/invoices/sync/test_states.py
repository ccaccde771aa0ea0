"""Every move of an operation, allowed and refused."""

from itertools import product

import pytest

from invoices.sync.states import (
    OPERATION_MOVES,
    UNFINISHED,
    MoveRefused,
    OperationState,
    check_move,
)

ALLOWED = [
    (before, after) for before, afters in OPERATION_MOVES.items() for after in sorted(afters)
]


@pytest.mark.parametrize(("before", "after"), ALLOWED)
def test_allowed(before: OperationState, after: OperationState) -> None:
    check_move(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [pair for pair in product(OperationState, repeat=2) if pair not in ALLOWED],
)
def test_refused(before: OperationState, after: OperationState) -> None:
    with pytest.raises(MoveRefused):
        check_move(before, after)


def test_what_is_unknown_is_never_planned_again() -> None:
    """It may stand there: only looking may send it again."""
    assert OperationState.PLANNED not in OPERATION_MOVES[OperationState.UNKNOWN]


def test_an_end_is_an_end() -> None:
    ends = {state for state in OperationState if not OPERATION_MOVES[state]}
    assert ends == set(OperationState) - {OperationState.PLANNED, *UNFINISHED}
