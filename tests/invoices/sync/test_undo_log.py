"""The System Log says who began an undo, of what, and how much it is (P50)."""

from datetime import date

import pytest
from django.contrib.auth.models import User

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Origin
from tests.invoices.sync.mishaps import another_product
from tests.invoices.sync.world import JUNE, MAY, World, sync


@pytest.fixture
def lines(world: World) -> list[InvoiceLine]:
    return [world.line(), world.line()]


@pytest.fixture
def done(lines: list[InvoiceLine], caplog: pytest.LogCaptureFixture) -> SyncRun:
    posted = sync()
    caplog.clear()
    return posted


def started(scope: UndoScope, *, user: User | None = None, period: date = MAY) -> SyncRun:
    origin = Origin.PERSON if user else Origin.COMMAND
    return run.start_run(period=period, scope=RunScope(undo=scope), user=user, origin=origin)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records]


def test_of_a_run(done: SyncRun, user: User, caplog: pytest.LogCaptureFixture) -> None:
    undo = started(UndoScope(run=done.pk), user=user)

    assert told(caplog) == [f"olivia began to undo run {done.pk}: 2 postings are to be taken back"]
    assert caplog.records[0].__dict__["run"] == undo.pk


def test_of_a_line(
    done: SyncRun, lines: list[InvoiceLine], user: User, caplog: pytest.LogCaptureFixture
) -> None:
    name = lines[0].platform_id
    started(UndoScope(line=lines[0].pk), user=user)

    assert told(caplog) == [f"olivia began to undo line {name}: 1 posting is to be taken back"]
    assert caplog.records[0].__dict__["line"] == name


def test_of_a_month_by_a_command(done: SyncRun, caplog: pytest.LogCaptureFixture) -> None:
    started(UndoScope(period=True))

    assert told(caplog) == ["A command began to undo May 2026: 2 postings are to be taken back"]


def test_a_move_is_one_posting_and_later_ones_count(
    world: World, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    world.monthly(MAY)
    first = sync()
    world.monthly(JUNE, product=another_product(world))
    sync(period=JUNE)
    caplog.clear()

    started(UndoScope(run=first.pk), user=user)

    assert told(caplog) == [f"olivia began to undo run {first.pk}: 2 postings are to be taken back"]


def test_a_preview_says_nothing_before_the_yes(
    done: SyncRun, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    scope = RunScope(undo=UndoScope(run=done.pk), fresh=True)
    draft = previews.start_draft(period=MAY, user=user, scope=scope)
    previews.plan_if_needed(draft.pk, draft.epoch)
    assert told(caplog) == []
    draft.refresh_from_db()

    previews.confirm(draft, user=user)

    assert told(caplog) == [f"olivia began to undo run {done.pk}: 2 postings are to be taken back"]
