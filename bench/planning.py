"""The preview: from the press of the button to its page, with nothing sent.

One worker reads the lines and what ConnectWise is known to hold, plans, and keeps the plan; then the web
server makes the page. The browser looks five times a second whether it is there, so up to 0.2 s of waiting are
counted too; the ring that wakes the worker and the network are not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from bench import world
from bench.clock import Spent, spent
from bench.report import Row
from bench.sizes import Sizes

AGREEMENTS = 20
PATIENCE = 2.0  # seconds for 10,000 lines on the screen
BETWEEN_LOOKS = 0.2  # seconds, at most: _run_watch.html


def rows(sizes: Sizes) -> list[Row]:
    lines, found = f"{sizes.previewed:,} lines", measured(sizes)
    shown = found.kept.seconds + found.drawn.seconds + BETWEEN_LOOKS
    return [
        Row(what=f"{lines}, read and planned", ours=found.planned.seconds, unit="s",
            note=f"CPU: {found.planned.cpu:.2f} s"),
        Row(what=f"{lines}, read, planned and kept", ours=found.kept.seconds, unit="s",
            note=f"CPU: {found.kept.cpu:.2f} s, {found.statements} statements"),
        Row(what=f"{lines}: the page of their preview", ours=found.drawn.seconds, unit="s",
            note=f"CPU: {found.drawn.cpu:.2f} s"),
        Row(what=f"{lines}, from the press to the page", ours=shown, unit="s", at_most=PATIENCE,
            note=f"{BETWEEN_LOOKS} s of them between two looks"),
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Planned only; planned and kept, and with how many statements; the page made of it."""

    planned: Spent
    kept: Spent
    statements: int
    drawn: Spent


def measured(sizes: Sizes) -> Measured:
    """On a database of its own, with a stand-in that answers at once."""
    port = world.free_port()
    with world.stand_in(port):
        world.prepare(url=f"http://127.0.0.1:{port}", quota=100_000_000)
        world.seed(sizes.previewed, agreements=AGREEMENTS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return _measured()


def _measured() -> Measured:
    from invoices.sync import planning, previews
    from invoices.sync.scope import RunScope

    planned, _ = _counted(lambda: planning.preview(world.MAY))
    draft = previews.start_draft(period=world.MAY, user=None, scope=RunScope())
    kept, statements = _counted(lambda: previews.plan_if_needed(draft.pk, draft.epoch))
    if not draft.operations.exists():
        raise RuntimeError("nothing was planned")
    return Measured(planned=planned, kept=kept, statements=statements, drawn=_drawn(draft.pk))


def _drawn(preview: int) -> Spent:
    """For who has looked at another before: a process's first page compiles the templates."""
    from django.contrib.auth.models import User

    user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    address = reverse("invoices:run_page", args=[preview])

    def look() -> None:
        if client.get(address).status_code != 200:
            raise RuntimeError("the page of the preview was not made")

    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        look()
        return spent(look)


def _counted(work: Callable[[], object]) -> tuple[Spent, int]:
    """With the number of SQL statements."""
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        return spent(work), statements
