"""`undo_sync`: shows what it would take back, takes it back, says what it can't (P50)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invoices.models import InvoiceLine
from invoices.sync import run
from invoices.sync.scope import RunScope, UndoScope
from tests.invoices.sync.world import MAY, World, fresh, sync

Status = InvoiceLine.Status


def command(*options: str) -> tuple[dict[str, Any], int]:
    out = StringIO()
    code = 0
    try:
        call_command("undo_sync", "--json", *options, stdout=out, stderr=StringIO())
    except SystemExit as stop:
        code = int(stop.code or 0)
    lines = out.getvalue().splitlines()
    return (json.loads(lines[-1]) if lines else {}), code


def test_the_command_shows_and_undoes_a_run_a_line_and_a_period(world: World) -> None:
    one, two = world.line(), world.line()
    done = sync()

    told, code = command("--run", str(done.pk), "--dry-run")
    assert (told["would_undo"], told["would_fail"], code) == (2, 0, 0)
    assert {entry["kind"] for entry in told["operations"]} == {"delete"}
    assert len(world.additions()) == 2

    told, code = command("--line", one.platform_id, "--inline")
    assert (told["undone"], code) == (1, 0)
    assert (fresh(one).psa_status, fresh(one).addition_id) == (Status.NOT_SYNCED, None)
    assert fresh(two).psa_status == Status.SYNCED

    told, code = command("--period", "2026-05", "--inline")
    assert (told["undone"], code) == (1, 0)
    assert world.additions() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--run", "999"), "There is no run 999."),
        (("--line", "nobody"), "There is no invoice line nobody."),
        (("--period", "May"), "is not a period"),
        ((), "required"),
    ],
)
def test_the_command_says_what_it_can_not_do(
    world: World, options: tuple[str, ...], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        command(*options)


def test_a_sync_does_not_join_an_undo(world: World) -> None:
    run.start_run(period=MAY, scope=RunScope(undo=UndoScope(period=True)), user=None)

    with pytest.raises(CommandError, match="An undo is running"):
        call_command("sync_invoices", "--period", "2026-05", "--inline", stdout=StringIO())
