"""`undo_sync`: shows what it would take back, takes it back, says what it can't (P50)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invoices.models import InvoiceLine
from invoices.sync import run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.undo import why_run_stays
from tests.invoices.sync.world import MAY, World, fresh, settle_later, sync

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


@pytest.mark.parametrize("what", ["--run", "--line", "--period"])
def test_what_is_not_confirmed_yet_is_undone_later(world: World, what: str) -> None:
    """Half of it would be taken back, and the other half stand there some minutes later."""
    line, _ = world.line(), world.line()
    world.script("lost_reply")
    done = sync()
    of = {"--run": str(done.pk), "--line": line.platform_id, "--period": "2026-05"}[what]

    with pytest.raises(CommandError, match=r"^1 line of it is being sent or checked\."):
        command(what, of, "--inline")

    settle_later()
    told, _ = command(what, of, "--inline")
    assert told["undone"] == (1 if what == "--line" else 2)


def test_a_page_says_that_a_run_is_not_confirmed_yet(world: World) -> None:
    world.line()
    world.script("lost_reply")
    done = sync()

    assert why_run_stays(done) == (
        "1 line of it is being sent or checked. Undo it when that is settled."
    )


def test_a_sync_does_not_join_an_undo(world: World) -> None:
    run.start_run(period=MAY, scope=RunScope(undo=UndoScope(period=True)), user=None)

    with pytest.raises(CommandError, match="An undo is running"):
        call_command("sync_invoices", "--period", "2026-05", "--inline", stdout=StringIO())
