"""Health for machines, error pages for people, headers for browsers."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client, RequestFactory

from integration import probes
from integration.system_log.models import LogEntry
from integration.views import errors, health


def refuse() -> bool:
    raise OperationalError("secret connection string")


@pytest.fixture
def all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("ask_database", "ask_broker", "ask_workers"):
        monkeypatch.setattr(health, part, lambda: True)


def test_alive_asks_no_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_ready_when_all_parts_answer(client: Client, all_well: None) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "missing": []})


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        ("ask_database", ["database"]),
        ("ask_broker", ["broker", "workers"]),
        ("ask_workers", ["workers"]),
    ],
)
@pytest.mark.parametrize("answer", [refuse, lambda: False])
def test_not_ready_names_what_is_missing(
    client: Client,
    all_well: None,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    missing: list[str],
    answer: Callable[[], bool],
) -> None:
    monkeypatch.setattr(health, part, answer)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["missing"]) == (503, missing)
    assert "secret" not in response.text


@pytest.mark.django_db
def test_being_asked_often_does_not_fill_the_log(
    client: Client, all_well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ask_workers", lambda: False)
    client.get("/readyz")
    assert not LogEntry.objects.exists()


@pytest.mark.django_db
def test_the_database_and_the_broker_are_really_asked() -> None:
    assert probes.ask_database()
    assert probes.ask_broker()


def test_a_broker_that_is_away_is_not_waited_for(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert not health._works(probes.ask_broker)


@pytest.mark.django_db
@pytest.mark.usefixtures("open_gate")
def test_an_unknown_page_has_the_frame_for_who_is_signed_in(viewer: Client, client: Client) -> None:
    framed, bare = viewer.get("/nowhere/"), client.get("/nowhere/")
    assert framed.status_code == bare.status_code == 404
    assert 'aria-label="Main"' in framed.text
    assert 'aria-label="Main"' not in bare.text
    assert "There is no such page" in bare.text


@pytest.mark.django_db
def test_a_form_without_its_token_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "x"})
    assert response.status_code == 403
    assert "This form is out of date" in response.text


def test_a_request_that_cannot_be_read_says_so(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.text


def test_a_broken_page_needs_nothing_that_could_be_broken() -> None:
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.text


@pytest.mark.django_db
@pytest.mark.usefixtures("open_gate")
def test_a_page_that_breaks_is_in_the_log(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("integration.queries.newest_period", broken)
    viewer.raise_request_exception = False
    assert viewer.get("/").status_code == 500
    entry = LogEntry.objects.get()
    assert (entry.level, entry.summary) == (40, "Internal Server Error: /")
    assert "broken on purpose" in entry.details


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_every_page_carries_the_secure_headers(client: Client, header: str, value: str) -> None:
    assert client.get("/accounts/login/").headers[header] == value


@pytest.mark.django_db
def test_the_content_security_policy_allows_nothing_inline(client: Client) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
