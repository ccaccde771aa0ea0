"""Refreshing the directory: who works on it, and the command."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from mapping import tasks
from mapping.models import DirectoryRefresh, Offer
from mapping.services import RefreshUnderWay, run_refresh, start_refresh, waiting_refreshes
from platform_client import schemas as platform
from tests.mapping.remotes import TODAY, WRONG_KEY, FakeConnectWise, FakePlatform, organization
from wire.items import BadItem, Page

pytestmark = pytest.mark.django_db

# --- Who works on it -----------------------------------------------------------------------------


def under_way(**given: Any) -> DirectoryRefresh:
    made = DirectoryRefresh.objects.create(
        **{"state": "running", "parts": ["organizations"], "token": uuid4(), **given}
    )
    DirectoryRefresh.objects.filter(pk=made.pk).update(
        heartbeat=given.get("heartbeat"), created_at=given.get("created_at", timezone.now())
    )
    return made


LONG_AGO = timedelta(minutes=10)


def test_only_one_is_under_way() -> None:
    start_refresh(user=None)

    with pytest.raises(RefreshUnderWay, match="under way"):
        start_refresh(user=None)


def test_a_dead_one_does_not_stand_in_the_way() -> None:
    dead = under_way(heartbeat=timezone.now() - LONG_AGO)

    start_refresh(user=None)

    dead.refresh_from_db()
    assert (dead.state, dead.message[:14]) == ("failed", "Its worker die")


def test_two_workers_never_do_the_same(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    alive = under_way(heartbeat=timezone.now())

    assert run_refresh(refresh_id=alive.pk, today=TODAY) is None


def test_a_dead_workers_refresh_is_resumed_where_it_was(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    dead = under_way(
        parts=["offers", "organizations"],
        counts={"offers": {"read": 9, "done": True}},
        heartbeat=timezone.now() - LONG_AGO,
    )

    done = run_refresh(refresh_id=dead.pk, today=TODAY)

    assert done is not None
    assert done.message == "9 offers, 1 organization (1 new)."
    assert the_platform.windows == []


def test_a_worker_whose_refresh_was_taken_over_gives_up(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    started = start_refresh(user=None)
    the_platform.organization_pages = [Page((organization(1, "One"),)), Page(())]

    def take_over(*_: object) -> None:
        DirectoryRefresh.objects.filter(pk=started.pk).update(token=uuid4())

    assert run_refresh(refresh_id=started.pk, today=TODAY, on_progress=take_over) is None

    started.refresh_from_db()
    assert started.state == "running"


def test_the_sweep_rings_for_what_nobody_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.refresh_directory, "delay", rung.append)
    dead = under_way(heartbeat=timezone.now() - LONG_AGO)

    tasks.sweep_directory_refreshes()

    assert rung == [dead.pk] == waiting_refreshes()


@pytest.mark.parametrize(
    ("state", "age", "waits"),
    [
        ("queued", timedelta(seconds=5), False),
        ("queued", LONG_AGO, True),
        ("done", LONG_AGO, False),
        ("failed", LONG_AGO, False),
    ],
)
def test_what_waits_for_a_worker(state: str, age: timedelta, waits: bool) -> None:
    made = under_way(state=state, created_at=timezone.now() - age)

    assert waiting_refreshes() == ([made.pk] if waits else [])


def test_the_task_does_the_refresh(the_platform: FakePlatform, the_psa: FakeConnectWise) -> None:
    started = start_refresh(user=None)

    tasks.refresh_directory(started.pk)

    started.refresh_from_db()
    assert started.state == "done"


# --- The command ---------------------------------------------------------------------------------


def test_the_command_does_it_inline(
    the_platform: FakePlatform, the_psa: FakeConnectWise, capsys: pytest.CaptureFixture[str]
) -> None:
    the_platform.offer_pages = [Page((platform.Offer(id="O", name="Seats", vendor_name="V"),))]

    call_command("refresh_directory", "--months", "3", "--json")

    *_, sentence, data = capsys.readouterr().out.splitlines()
    assert "1 offer (1 new)" in sentence
    assert json.loads(data)["offers"]["new"] == 1
    assert Offer.objects.exists()


def test_the_command_ends_with_1_when_records_were_bad(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.offer_pages = [Page((), bad=(BadItem(item_id=None, reason="broken"),))]

    with pytest.raises(SystemExit) as ended:
        call_command("refresh_directory")

    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--months", "0"], "--months 0: give a number from 1 to 120."),
        ([], WRONG_KEY.message),
    ],
)
def test_the_command_ends_with_2_and_one_sentence(
    the_platform: FakePlatform, the_psa: FakeConnectWise, arguments: list[str], told: str
) -> None:
    the_platform.failing = WRONG_KEY

    with pytest.raises(CommandError) as refused:
        call_command("refresh_directory", *arguments)

    assert refused.value.returncode == 2
    assert told in str(refused.value)


def test_the_command_refuses_while_another_is_under_way() -> None:
    start_refresh(user=None)

    with pytest.raises(CommandError, match="under way"):
        call_command("refresh_directory")
