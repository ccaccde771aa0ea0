"""Nobody answers while a run or a preview is planned: it waits, says so, and goes on by itself (P40)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import patience, previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Origin, RunState
from invoices.tasks import sync as tasks
from tests.factories import make_user
from tests.invoices.sync.world import MAY, World, fresh, let_time_pass, sync, work
from wire import session
from wire.errors import TransientError

Status = InvoiceLine.Status
NOBODY = "http://127.0.0.1:9"
HOUR = 3600


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0.0)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The sweep as the schedule knocks for it; whom it rings for is taken up at once."""

    def ring(a_run: SyncRun) -> None:
        if a_run.is_draft:
            previews.plan_if_needed(a_run.pk, a_run.epoch)
        else:
            work(a_run)

    monkeypatch.setattr(tasks, "ring", ring)
    monkeypatch.setattr(tasks, "wake_lanes", lambda a_run: None)
    return tasks.settle_postings


def started(origin: Origin = Origin.PERSON) -> SyncRun:
    return work(run.start_run(period=MAY, user=None, origin=origin))


def drafted(**scope: object) -> SyncRun:
    of = RunScope(**scope)  # type: ignore[arg-type]
    draft = previews.start_draft(period=MAY, user=None, scope=of)
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def test_a_run_waits_until_connectwise_is_back_and_then_posts(
    world: World, settings: Settings, sweep: Callable[[], None]
) -> None:
    line = world.line()
    settings.CONNECTWISE_URL = NOBODY

    waiting = started()

    assert waiting.state == RunState.PLANNING
    assert run.progress(waiting).waits
    settings.CONNECTWISE_URL = world.connectwise.url
    let_time_pass(31)
    sweep()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.message) == (RunState.FINISHED, "")
    assert fresh(line).psa_status == Status.SYNCED


def test_it_is_not_asked_before_its_time(
    world: World, settings: Settings, sweep: Callable[[], None]
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()
    settings.CONNECTWISE_URL = world.connectwise.url

    let_time_pass(25)  # longer than a dead planner is left alone
    sweep()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.epoch) == (RunState.PLANNING, 1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"status": 503}, "ConnectWise has a problem of its own (server error 503)"),
        ({"status": 429, "retry_after": 90.0}, "ConnectWise takes no more requests for now"),
        ({}, "ConnectWise does not answer"),
    ],
)
def test_it_says_what_it_waits_for(world: World, error: dict[str, Any], words: str) -> None:
    waiting = run.start_run(period=MAY, user=None)

    assert patience.wait(waiting, TransientError("No.", service="ConnectWise", **error)) == ""

    waiting.refresh_from_db()
    told = run.progress(waiting).waits
    assert told and told.words == words


def test_a_server_error_is_waited_for_too(world: World) -> None:
    world.line()
    world.connectwise.faults.set(read_script=["503_before_write"] * 4)

    assert started().state == RunState.PLANNING


@pytest.mark.parametrize("address", ["/mapping/invoices/run/", "/mapping/invoices/runs/{}/"])
def test_everybody_is_told_when_it_is_tried_again(
    world: World, settings: Settings, operator: Client, address: str
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()

    text = operator.get(address.format(waiting.pk)).content.decode()

    assert "ConnectWise can&#x27;t be reached; trying again at " in text
    assert "Stop" in text


def test_it_can_be_stopped(world: World, settings: Settings) -> None:
    line = world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()

    run.stop_run(waiting)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.message) == (RunState.STOPPED, "")
    assert fresh(line).psa_status == Status.NOT_SYNCED


@pytest.mark.parametrize(
    ("origin", "hours", "told"),
    [
        (Origin.PERSON, 1, "an hour"),
        (Origin.COMMAND, 1, "an hour"),
        (Origin.SCHEDULE, 6, "6 hours"),
    ],
)
def test_after_a_sensible_time_it_says_what_to_do(
    world: World,
    settings: Settings,
    sweep: Callable[[], None],
    origin: Origin,
    hours: int,
    told: str,
) -> None:
    line = world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started(origin)
    let_time_pass(hours * HOUR - 60)
    sweep()
    waiting.refresh_from_db()
    assert waiting.state == RunState.PLANNING

    let_time_pass(121)
    sweep()

    waiting.refresh_from_db()
    assert waiting.state == RunState.FAILED
    assert waiting.message == (
        f"It was tried for {told}, but ConnectWise can't be reached. Look whether ConnectWise is "
        "well, and at its address under Settings → Authentication; then try again."
    )
    assert fresh(line).psa_status == Status.NOT_SYNCED


def test_the_pauses_grow_and_are_never_long(world: World, settings: Settings) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()
    pauses = []
    for seconds in (31, 60, 60, 600):
        let_time_pass(seconds)
        work(waiting)
        assert waiting.ask_again_at and waiting.heartbeat
        pauses.append(round((waiting.ask_again_at - waiting.heartbeat).total_seconds()))

    assert pauses[0] == 30
    assert pauses == sorted(pauses)
    assert pauses[-1] == 120


def test_what_connectwise_asks_for_is_waited_for(world: World) -> None:
    waiting = run.start_run(period=MAY, user=None)

    patience.wait(waiting, TransientError("No.", service="ConnectWise", retry_after=200))

    waiting.refresh_from_db()
    assert waiting.ask_again_at and waiting.heartbeat
    assert waiting.ask_again_at - waiting.heartbeat == timedelta(seconds=200)


def test_wrong_keys_end_it_at_once(world: World, settings: Settings) -> None:
    world.line()
    settings.CONNECTWISE_PRIVATE_KEY = "wrong"

    assert started().state == RunState.FAILED


def test_it_is_logged_once_that_it_waits_and_once_that_it_was_given_up(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()
    for seconds in (60, 600, HOUR):
        let_time_pass(seconds)
        work(waiting)

    assert [(one.levelname, one.getMessage().split(":")[0]) for one in caplog.records] == [
        ("WARNING", "Planning waits and is tried again"),
        ("ERROR", "The sync was stopped"),
    ]


def test_a_planner_that_dies_while_it_asks_again_is_taken_over(
    world: World, settings: Settings
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()
    let_time_pass(31)

    assert patience.begin(waiting)  # and then its process is gone
    let_time_pass(21)

    assert [one.pk for one in run.take_over_dead_plans()] == [waiting.pk]


def test_a_preview_that_reads_waits_likewise(
    world: World, settings: Settings, operator: Client, sweep: Callable[[], None]
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY

    draft = drafted(fresh=True)

    assert draft.state == RunState.DRAFTING
    page = operator.get(f"/mapping/invoices/runs/{draft.pk}/").content.decode()
    assert "ConnectWise can&#x27;t be reached; trying again at " in page
    assert "Try now" in page and "Plan without reading" in page
    settings.CONNECTWISE_URL = world.connectwise.url
    let_time_pass(31)
    sweep()
    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT and draft.planned_at


def test_a_waiting_preview_can_be_planned_without_reading(world: World, settings: Settings) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    draft = drafted(fresh=True)

    assert previews.plan_anew(draft, fresh=False)

    draft.refresh_from_db()
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    assert draft.planned_at and draft.operations.count() == 1


def test_a_waiting_preview_goes_when_its_user_asks_for_another(
    world: World, settings: Settings, sweep: Callable[[], None]
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    drafted(fresh=True)

    other = drafted(fresh=True)

    assert [one.pk for one in SyncRun.objects.all()] == [other.pk]


def test_a_preview_is_given_up_likewise(
    world: World, settings: Settings, sweep: Callable[[], None]
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    draft = drafted(fresh=True)

    let_time_pass(HOUR + 1)
    sweep()

    draft.refresh_from_db()
    assert (draft.state, draft.planned_at) == (RunState.DRAFT, None)
    assert draft.message.startswith("It was tried for an hour, but ConnectWise can't be reached.")


def test_a_preview_of_an_undo_has_to_read(
    world: World, settings: Settings, operator: Client
) -> None:
    line = world.line()
    sync()
    settings.CONNECTWISE_URL = NOBODY

    draft = drafted(fresh=True, undo=UndoScope(line=line.pk))

    page = operator.get(f"/mapping/invoices/runs/{draft.pk}/").content.decode()
    assert "Try now" in page
    assert "Plan without reading" not in page


def test_who_may_only_look_gets_no_buttons(
    world: World, settings: Settings, client: Client
) -> None:
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    draft = drafted(fresh=True)
    client.force_login(make_user())

    page = client.get(f"/mapping/invoices/runs/{draft.pk}/").content.decode()

    assert "trying again at" in page
    assert "Try now" not in page


def test_an_open_page_is_sent_no_figures_before_there_are_any(
    world: World, settings: Settings, operator: Client
) -> None:
    """Its script would complain of what it finds no place for."""
    world.line()
    settings.CONNECTWISE_URL = NOBODY
    waiting = started()
    was = operator.get(f"/mapping/invoices/runs/{waiting.pk}/").context["signature"]

    text = operator.get(
        f"/mapping/invoices/runs/{waiting.pk}/watch/", {"was": was}
    ).content.decode()

    assert "trying again at" in text
    assert "hx-swap-oob" not in text
