"""A ConnectWise that can't be reached: the run says so, keeps trying, and can be stopped (P40)."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import lanes, run
from invoices.sync.states import RunState
from tests.factories import make_user
from tests.invoices.sync.world import MAY, World, fresh, let_time_pass
from wire import session

Status = InvoiceLine.Status
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def line(world: World) -> InvoiceLine:
    return world.line()


@pytest.fixture
def cut_off(
    world: World, line: InvoiceLine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SyncRun]:
    """A run that was planned before the line went down."""
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0.0)
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    settings.CONNECTWISE_URL = NOBODY
    yield started
    settings.CONNECTWISE_URL = world.connectwise.url


def work_for_minutes(a_run: SyncRun) -> None:
    for _ in range(4):
        lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
        let_time_pass(31)
        lanes.sweep()
    lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
    a_run.refresh_from_db()


def test_it_keeps_trying_and_holds_nothing_for_sent(cut_off: SyncRun, line: InvoiceLine) -> None:
    work_for_minutes(cut_off)

    assert cut_off.state == RunState.RUNNING
    assert run.progress(cut_off).waits
    assert (fresh(line).psa_status, fresh(line).in_flight) == (Status.NOT_SYNCED, False)


def test_everyone_is_told_when_it_is_tried_again(cut_off: SyncRun, client: Client) -> None:
    client.force_login(make_user())
    work_for_minutes(cut_off)

    text = client.get("/mapping/invoices/run/").content.decode()

    assert "ConnectWise can&#x27;t be reached; trying again at " in text


def test_it_posts_once_the_line_is_up_again(
    world: World, cut_off: SyncRun, line: InvoiceLine, settings: Settings
) -> None:
    work_for_minutes(cut_off)
    settings.CONNECTWISE_URL = world.connectwise.url
    let_time_pass(31)

    lanes.work_lane(cut_off.pk, cut_off.epoch, lane=0)

    cut_off.refresh_from_db()
    assert cut_off.state == RunState.FINISHED
    assert run.progress(cut_off).waits is None
    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]


def test_it_can_be_stopped(world: World, cut_off: SyncRun, line: InvoiceLine) -> None:
    work_for_minutes(cut_off)

    run.stop_run(cut_off)

    cut_off.refresh_from_db()
    assert cut_off.state == RunState.STOPPED
    assert (world.writes(), fresh(line).psa_status) == ([], Status.NOT_SYNCED)


def test_a_command_says_so_and_goes_on(
    world: World, line: InvoiceLine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0.0)
    settings.CONNECTWISE_URL = NOBODY

    def a_minute_later(seconds: float) -> None:
        settings.CONNECTWISE_URL = world.connectwise.url
        let_time_pass(60)

    monkeypatch.setattr("invoices.management.watching.time.sleep", a_minute_later)
    told = StringIO()

    call_command("sync_invoices", period="2026-05", inline=True, stderr=told, stdout=StringIO())

    assert told.getvalue() == (
        "ConnectWise can't be reached; it is tried again until there is an answer.\n"
    )
    assert fresh(line).psa_status == Status.SYNCED
