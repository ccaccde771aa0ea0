"""A new installation: who can read its console makes the first Administrator, and nobody else."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from integration.first_administrator import TooLate, make_first_administrator, setup_code
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PAGE = "/accounts/first/"
PASSWORD = "battery staple 9"


def begin(client: Client, **changes: str) -> Any:
    values = {
        "code": setup_code(),
        "username": "ada",
        "email": "ada@reseller.example",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    return client.post(PAGE, {**values, **changes})


def test_every_page_leads_there_while_nobody_can_sign_in(client: Client) -> None:
    answer = client.get("/", follow=True)
    assert [to for to, _status in answer.redirect_chain][-1] == PAGE
    assert "Nobody can sign in yet" in answer.text


def test_the_code_makes_an_administrator_of_every_right(client: Client) -> None:
    assert begin(client).headers["Location"] == "/settings/"
    user = User.objects.get()
    assert (user.username, user.email) == ("ada", "ada@reseller.example")
    assert user.is_superuser and user.is_staff and user.check_password(PASSWORD)
    assert list(user.groups.values_list("name", flat=True)) == ["Administrator"]
    assert client.get("/settings/").status_code == 200
    assert "by the setup code" in LogEntry.objects.get().get_change_message()


def test_the_code_may_be_typed_without_its_dashes(client: Client) -> None:
    assert begin(client, code=f" {setup_code().replace('-', '').lower()} ").status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "AAAA-AAAA-AAAA-AAAA"}, "not the setup code"),
        ({"code": ""}, "This field is required"),
        ({"password1": "12345678", "password2": "12345678"}, "entirely numeric"),
        ({"password1": "ada", "password2": "ada"}, "too short"),
        ({"password2": "something else 1"}, "match"),
        ({"username": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, changes: dict[str, str], words: str
) -> None:
    answer = begin(client, **changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert not User.objects.exists()


def test_the_page_is_gone_as_soon_as_there_is_a_user(client: Client) -> None:
    make_user()
    assert client.get(PAGE).headers["Location"] == "/accounts/login/"
    assert begin(client).headers["Location"] == "/accounts/login/"
    assert User.objects.count() == 1
    assert "Sign in to Linebridge" in client.get("/accounts/login/").text


def test_of_two_browsers_at_once_one_is_too_late(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have seen that nobody is there; the lock lets one look again after the other."""
    make_user(username="faster")
    with pytest.raises(TooLate):
        make_first_administrator(User(username="slower"))
    assert not User.objects.filter(username="slower").exists()


def test_another_installation_has_another_code(settings: Settings) -> None:
    ours = setup_code()
    assert setup_code() == ours
    settings.SECRET_KEY = "another-secret-key-of-fifty-characters-0123456789-abcd"
    assert setup_code() != ours


def test_the_migrate_step_tells_the_code_while_it_is_needed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO, settings.SITE_URL = False, "https://linebridge.example.com"
    call_command("migrate", verbosity=1)
    told = capsys.readouterr().out
    assert told.count(setup_code()) == 1
    assert "https://linebridge.example.com" in told
    make_user()
    call_command("migrate", verbosity=1)
    assert setup_code() not in capsys.readouterr().out


def test_a_command_tells_it_too() -> None:
    out = StringIO()
    call_command("setup_code", stdout=out)
    assert out.getvalue().strip() == setup_code()
    make_user()
    with pytest.raises(CommandError, match="There are users already"):
        call_command("setup_code", stdout=out)
