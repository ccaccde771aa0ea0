"""The preview: from the press of the button to operations that can be shown, with nothing sent.

One worker reads the lines and what ConnectWise is known to hold, plans, and keeps the plan.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection

from bench import world
from bench.clock import Spent, spent
from bench.report import Row
from bench.sizes import Sizes

AGREEMENTS = 20
PATIENCE = 2.0  # seconds for 10,000 lines on the screen


def rows(sizes: Sizes) -> list[Row]:
    lines, (planned, kept, statements) = sizes.previewed, measured(sizes)
    return [
        Row(what=f"{lines:,} lines, read and planned", ours=planned.seconds, unit="s",
            note=f"CPU: {planned.cpu:.2f} s"),
        Row(what=f"{lines:,} lines, read, planned and kept", ours=kept.seconds, unit="s",
            at_most=PATIENCE, note=f"CPU: {kept.cpu:.2f} s, {statements} statements"),
    ]  # fmt: skip


def measured(sizes: Sizes) -> tuple[Spent, Spent, int]:
    """Planned only; planned and kept, and with how many statements."""
    port = world.free_port()
    with world.stand_in(port):
        world.prepare(url=f"http://127.0.0.1:{port}", quota=100_000_000)
        world.seed(sizes.previewed, agreements=AGREEMENTS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return _measured()


def _measured() -> tuple[Spent, Spent, int]:
    from invoices.sync import planning, previews
    from invoices.sync.scope import RunScope

    planned, _ = _counted(lambda: planning.preview(world.MAY))
    draft = previews.start_draft(period=world.MAY, user=None, scope=RunScope())
    kept, statements = _counted(lambda: previews.plan_if_needed(draft.pk, draft.epoch))
    if not draft.operations.exists():
        raise RuntimeError("nothing was planned")
    return planned, kept, statements


def _counted(work: Callable[[], object]) -> tuple[Spent, int]:
    """With the number of SQL statements."""
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        return spent(work), statements
