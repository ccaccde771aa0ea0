"""How long somebody stays signed in, and what ends it at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import Traveller

from integration.roles import ADMINISTRATOR
from integration.sessions import SEEN
from integration.tasks import forget_sessions
from tests.factories import make_user

MORNING = datetime(2026, 5, 18, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
pytestmark = pytest.mark.usefixtures("open_gate")


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def anna(client: Client, clock: Traveller) -> Client:
    """Signed in by her password."""
    make_user(username="anna", password=PASSWORD)
    return signed_in(client)


def signed_in(client: Client) -> Client:
    answer = client.post("/accounts/login/", {"username": "anna", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client, path: str = "/logs/") -> bool:
    answer = client.get(path)
    assert answer.status_code == 200 or answer.headers["Location"].startswith("/accounts/login/")
    return answer.status_code == 200


def test_a_session_ends_after_a_working_day_however_busy(anna: Client, clock: Traveller) -> None:
    for _ in range(12):
        clock.shift(timedelta(minutes=59))
        assert is_in(anna)
    clock.shift(timedelta(minutes=15))
    assert not is_in(anna)


def test_a_session_ends_where_nobody_does_anything(anna: Client, clock: Traveller) -> None:
    clock.shift(timedelta(minutes=119))
    assert is_in(anna)
    clock.shift(timedelta(minutes=121))
    assert not is_in(anna)


@pytest.mark.parametrize(
    "path",
    [
        "/mapping/invoices/load/progress/",
        "/mapping/invoices/run/?was=quiet&seen=0&told=0",
        "/news/",
        "/months/",
    ],
)
def test_what_a_page_asks_by_itself_is_nobody(anna: Client, clock: Traveller, path: str) -> None:
    for _ in range(5):
        clock.shift(timedelta(minutes=25))
        anna.get(path)
    assert not is_in(anna)


def test_who_was_signed_out_is_told_so_until_signing_in_again(
    anna: Client, clock: Traveller
) -> None:
    told = "Your session has ended."
    clock.shift(timedelta(minutes=121))

    for _ in range(2):  # a page's own question comes first; the window asks after it
        assert told in anna.get("/logs/", follow=True).text

    signed_in(anna)
    assert told not in anna.post("/accounts/logout/", follow=True).text
    assert told not in anna.get("/accounts/login/").text


def test_being_seen_is_written_once_a_minute(anna: Client, clock: Traveller) -> None:
    def written() -> int:
        with CaptureQueriesContext(connection) as queries:
            anna.get("/logs/")
        return sum("UPDATE" in q["sql"] and "django_session" in q["sql"] for q in queries)

    assert written() == 0
    clock.shift(timedelta(seconds=61))
    assert written() == 1
    assert written() == 0
    assert anna.session[SEEN] == MORNING.timestamp() + 61


def test_a_new_password_ends_the_other_sessions(anna: Client) -> None:
    elsewhere = signed_in(Client())
    assert is_in(elsewhere)
    anna.post("/accounts/logout/")
    user = make_user(username="carla", role=ADMINISTRATOR, is_staff=True)
    boss = Client()
    boss.force_login(user)
    page = f"/admin/auth/user/{user.pk - 1}/password/"
    changed = {
        "usable_password": "true",
        "password1": "planted new one",
        "password2": "planted new one",
    }
    assert boss.post(page, changed).status_code == 302
    assert not is_in(elsewhere)


def test_who_changes_the_own_password_stays_here_and_is_out_elsewhere(client: Client) -> None:
    make_user(username="anna", password=PASSWORD, is_staff=True)
    here, elsewhere = signed_in(client), signed_in(Client())
    new = {"new_password1": "a brand new one 7", "new_password2": "a brand new one 7"}
    assert (
        here.post("/admin/password_change/", {"old_password": PASSWORD, **new}).status_code == 302
    )
    assert is_in(here)
    assert not is_in(elsewhere)


def test_a_user_who_is_switched_off_is_out_at_once(anna: Client) -> None:
    User.objects.filter(username="anna").update(is_active=False)
    assert not is_in(anna)


@pytest.mark.parametrize(
    "password", ["short", "elevenchars", "123456789012", "annaannaanna", "password1234"]
)
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    user = make_user(username="annaannaanna", password=PASSWORD, is_staff=True)
    client.force_login(user)
    new = {"new_password1": password, "new_password2": password}
    answer = client.post("/admin/password_change/", {"old_password": PASSWORD, **new})
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_old_sessions_are_forgotten_by_the_schedule(anna: Client, clock: Traveller) -> None:
    forget_sessions()
    assert Session.objects.count() == 1
    clock.shift(timedelta(hours=13))
    forget_sessions()
    assert not Session.objects.exists()
    tasks = [entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()]
    assert forget_sessions.name in tasks
