"""Everybody changes the password of their own, without an Administrator and without Django admin."""

from ipaddress import IPv4Address
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_user

PAGE = "/accounts/password/"
OLD, NEW = "correct horse 7", "battery staple 9"


@pytest.fixture
def operator(open_gate: ConnectWiseSettings) -> User:
    return make_user(username="olivia", password=OLD, role="Operator")


@pytest.fixture
def at_desk(client: Client, operator: User) -> Client:
    """Signed in from an address of its own: wrong passwords are counted, and that outlives a test."""
    client.defaults["REMOTE_ADDR"] = str(IPv4Address(uuid4().int % 2**32))
    client.force_login(operator)
    return client


def change(at_desk: Client, old: str = OLD, new: str = NEW, again: str = NEW) -> Any:
    values = {"old_password": old, "new_password1": new, "new_password2": again}
    return at_desk.post(PAGE, values)


def test_the_menu_of_every_page_leads_there(at_desk: Client) -> None:
    assert f'href="{PAGE}"' in at_desk.get("/").text


def test_the_new_password_holds_and_this_browser_stays_signed_in(
    at_desk: Client, operator: User
) -> None:
    session = at_desk.session.session_key
    assert change(at_desk).headers["Location"] == "/"
    operator.refresh_from_db()
    assert operator.check_password(NEW)
    assert "Your password is changed" in at_desk.get("/").text
    assert at_desk.session.session_key != session


def test_who_is_signed_in_elsewhere_is_signed_out_there(at_desk: Client, operator: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(operator)
    change(at_desk)
    assert elsewhere.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_it_is_kept_who_changed_it_and_never_to_what(at_desk: Client, operator: User) -> None:
    change(at_desk)
    kept = LogEntry.objects.get()
    assert (kept.user, kept.get_change_message()) == (operator, "Password: changed")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"old": "wrong"}, "This is not your password of now."),
        ({"again": "another one 9"}, "didn’t match"),
        ({"new": "short 1", "again": "short 1"}, "at least 12 characters"),
        ({"new": "password12345", "again": "password12345"}, "too common"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_changes(
    at_desk: Client, operator: User, values: dict[str, str], told: str
) -> None:
    answer = change(at_desk, **values)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    operator.refresh_from_db()
    assert operator.check_password(OLD)


def test_an_open_session_is_no_place_to_guess_the_password(at_desk: Client) -> None:
    answers = [change(at_desk, old=f"wrong {number}").status_code for number in range(9)]
    assert answers[0] == 422
    assert answers[-1] == 429
    assert change(at_desk).status_code == 429


def test_who_signs_in_by_the_provider_has_none_to_change(at_desk: Client, operator: User) -> None:
    operator.set_unusable_password()
    operator.save()
    at_desk.force_login(operator)
    assert PAGE not in at_desk.get("/").text
    assert at_desk.get(PAGE).status_code == 404
