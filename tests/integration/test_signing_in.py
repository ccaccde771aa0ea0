"""Signing in and out: where it leads, and what too many wrong passwords do."""

from ipaddress import IPv4Address
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.test import Client, RequestFactory

from integration.client_address import read_client_address
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_user


@pytest.fixture(autouse=True)
def own_address(client: Client) -> None:
    """Wrong passwords are counted by address, and the count outlives a test."""
    client.defaults["REMOTE_ADDR"] = str(IPv4Address(uuid4().int % 2**32))


def log_in(client: Client, password: str, username: str = "anna") -> int:
    data = {"username": username, "password": password}
    return client.post("/accounts/login/", data).status_code


@pytest.mark.django_db
def test_wrong_passwords_lock_that_user_out_here_for_a_while(client: Client) -> None:
    make_user(username="anna", password="correct horse")
    make_user(username="bert", password="battery staple")
    answers = [log_in(client, f"wrong {number}") for number in range(9)]

    assert answers[:7] == [200] * 7
    assert answers[-1] == 429
    assert log_in(client, "correct horse") == 429
    assert log_in(client, "battery staple", "bert") == 302


@pytest.mark.django_db
def test_behind_a_proxy_the_lock_is_for_who_stands_before_it(client: Client) -> None:
    make_user(username="anna", password="correct horse")
    stranger, anna = (str(IPv4Address(uuid4().int % 2**32)) for _ in range(2))
    for number in range(9):  # each time with another lie in front of what the proxy saw
        client.defaults["HTTP_X_FORWARDED_FOR"] = f"10.0.0.{number}, {stranger}"
        log_in(client, "wrong")
    assert log_in(client, "correct horse") == 429

    client.defaults["HTTP_X_FORWARDED_FOR"] = anna
    assert log_in(client, "correct horse") == 302


@pytest.mark.parametrize(
    ("proxies", "told", "who"),
    [
        (1, "", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "made-up, 198.51.100.7", "198.51.100.7"),
        (2, "10.9.8.7, 2001:db8::1, 203.0.113.5", "2001:db8::1"),
        (2, "198.51.100.7", "192.0.2.1"),
        (1, "198.51.100.7, unknown", "192.0.2.1"),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(
    settings: LazySettings, proxies: int, told: str, who: str
) -> None:
    settings.PROXIES = proxies
    asked = RequestFactory(headers={"X-Forwarded-For": told}).get("/", REMOTE_ADDR="192.0.2.1")
    assert read_client_address(asked) == who


@pytest.mark.django_db
def test_a_right_password_forgets_the_wrong_ones(client: Client) -> None:
    make_user(username="anna", password="correct horse")
    for _ in range(3):
        for number in range(6):
            assert log_in(client, f"wrong {number}") == 200
        assert log_in(client, "correct horse") == 302
        client.post("/accounts/logout/")


@pytest.mark.django_db
def test_the_admin_pages_have_the_same_lock(client: Client) -> None:
    make_user(username="anna", password="correct horse", is_staff=True)
    data = {"username": "anna", "password": "wrong"}
    answers = [client.post("/admin/login/", data).status_code for _ in range(9)]
    assert answers[-1] == 429


def test_signing_in_and_out(open_gate: ConnectWiseSettings, client: Client) -> None:
    make_user(username="anna", password="correct horse")
    wrong = client.post("/accounts/login/", {"username": "anna", "password": "wrong"})
    assert "correct user" in wrong.text
    signed_in = client.post(
        "/accounts/login/?next=/logs/",
        {"username": "anna", "password": "correct horse", "next": "/logs/"},
    )
    assert signed_in.headers["Location"] == "/logs/"
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_signing_in_never_leads_to_another_site(client: Client, db: None) -> None:
    make_user(username="anna", password="correct horse")
    answer = client.post(
        "/accounts/login/",
        {"username": "anna", "password": "correct horse", "next": "https://evil.example/"},
    )
    assert answer.headers["Location"] == "/"
