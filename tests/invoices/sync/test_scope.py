"""What a run covers survives being kept as JSON."""

import pytest

from invoices.sync.scope import Cancellations, RunScope, UndoScope


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (RunScope(), {}),
        (RunScope(lines=(2, 1)), {"lines": [1, 2]}),
        (RunScope(lines=(7,), overwrite=True), {"lines": [7], "overwrite": True}),
        (
            RunScope(cancellations=Cancellations.ASK, ends=("LB-1",), force=True),
            {"cancellations": "ask", "ends": ["LB-1"], "force": True},
        ),
        (
            RunScope(undo=UndoScope(run=4)),
            {"undo": {"run": 4, "line": None, "period": False}},
        ),
    ],
)
def test_a_scope_is_kept_and_read_again(scope: RunScope, kept: dict[str, object]) -> None:
    assert scope.to_json() == kept
    assert RunScope.from_json(kept).to_json() == kept
