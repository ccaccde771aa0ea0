"""A run that waits for ConnectWise keeps others from posting: everybody is told, and it can be stopped (P40, P53)."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invoices.models import InvoiceSettings, Period, ScheduledJob, SyncRun
from invoices.schedule import Job
from invoices.services.schedule import do_due_jobs
from invoices.sync import remote, run
from invoices.sync.states import Origin, RunState
from psa_connectwise import conf
from tests.factories import make_user
from tests.invoices.sync.world import MAY, World, preview, work
from wire import session
from wire.throttle import Throttle

WHY = "ConnectWise can&#x27;t be reached; trying again at "
INVOICES = "/mapping/invoices/"
RUNS = f"{INVOICES}runs/"


@pytest.fixture
def held_up(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SyncRun:
    """A run of the schedule's that could not be planned yet."""
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0.0)
    world.line()
    Period.objects.get_or_create(month=MAY, defaults={"loaded_at": timezone.now()})
    settings.CONNECTWISE_URL = "http://127.0.0.1:9"
    return work(run.start_run(period=MAY, user=None, origin=Origin.SCHEDULE))


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_the_dashboard_says_what_it_waits_for_and_how_long_at_most(
    held_up: SyncRun, operator: Client
) -> None:
    text = text_of(operator, "/")

    assert "The sync of May 2026 waits." in text
    assert WHY in text
    assert held_up.unanswered_since
    until = held_up.unanswered_since + timedelta(hours=6)
    assert f", until {until:%H:%M} at the longest." in text
    assert f"Open run {held_up.pk}" in text
    recent = text.partition("Last loads and syncs")[2]
    assert "In progress" in recent
    assert "can&#x27;t be reached, trying again at " in recent


def test_the_history_of_runs_says_so_too(held_up: SyncRun, operator: Client) -> None:
    assert WHY in text_of(operator, RUNS)


def test_another_preview_says_so_and_offers_to_stop_it(
    held_up: SyncRun, operator: Client, user: User
) -> None:
    waiting = preview(user)

    text = text_of(operator, f"{RUNS}{waiting.pk}/")

    assert "A sync of May 2026 is running." in text
    assert WHY in text
    assert "Stop it</button>" in text


def test_a_viewer_is_told_and_offered_no_stop(held_up: SyncRun, client: Client, user: User) -> None:
    client.force_login(make_user())

    text = text_of(client, f"{RUNS}{preview(user).pk}/")

    assert WHY in text
    assert "Stop it" not in text


def test_who_wants_to_post_is_told_which_run_waits_and_for_what(
    held_up: SyncRun, operator: Client, user: User
) -> None:
    draft = preview(user)

    answer = operator.post(f"{RUNS}{draft.pk}/confirm/", {"epoch": draft.epoch})

    assert (
        "A sync of May 2026 is running already. It waits, for ConnectWise can't be reached; "
        "Stop ends it. Nothing was sent."
    ) in answer.headers["HX-Trigger"]


def test_the_schedule_says_which_run_its_own_waits_for(held_up: SyncRun) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    ScheduledJob.objects.create(name=Job.DAILY_SYNC, since=yesterday)
    InvoiceSettings.load()
    InvoiceSettings.objects.update(daily_sync=True)

    do_due_jobs()

    assert ScheduledJob.objects.get(name=Job.DAILY_SYNC).message == (
        "Daily sync of May 2026 waits: A sync of May 2026 is running already. "
        "It waits, for ConnectWise can't be reached; Stop ends it."
    )


def test_stop_ends_it_at_once_and_the_place_is_free(held_up: SyncRun, operator: Client) -> None:
    operator.post(f"{INVOICES}run/stop/")

    held_up.refresh_from_db()
    assert held_up.state == RunState.STOPPED
    assert run.live_run() is None
    assert "waits." not in text_of(operator, "/")


def test_while_connectwise_takes_no_more_requests_the_bar_says_so(
    db: None, operator: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    SyncRun.objects.create(period=MAY, state=RunState.RUNNING, total=3, heartbeat=timezone.now())
    # Under a name of its own: the pause would hold up the tests that follow.
    own = Throttle(name=uuid.uuid4().hex, redis_url=settings.REDIS_URL, per_minute=0)
    own.pause(30)
    monkeypatch.setattr(conf, "limit", lambda: own)

    told = text_of(operator, f"{INVOICES}run/")

    assert "ConnectWise takes no more requests for now (429); trying again at " in told


def test_without_a_broker_nothing_is_said_of_its_limit(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert remote.throttled() is None
