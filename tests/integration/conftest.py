"""Fixtures of the project's own pages: the real gate, and a client for each role."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_agreement_type, make_user

SignIn = Callable[[str], Client]


@pytest.fixture
def finished_setup() -> None:
    """The gate is as it is: these tests open it themselves."""


@pytest.fixture(autouse=True)
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Development's keys are words ("private"): once known, they would be masked in messages."""
    monkeypatch.setattr("wire.redact._known", set())


@pytest.fixture
def open_gate(db: None) -> ConnectWiseSettings:
    """A finished setup, in the database."""
    settings = ConnectWiseSettings.load()
    settings.url = "https://na.myconnectwise.net"
    settings.company_id = "acme"
    settings.public_key = "public-key-planted-1234"
    settings.private_key = "private-key-planted-5678"
    settings.client_id = "client-id-planted-9012"
    settings.default_agreement_type = make_agreement_type(name="Managed Services")
    settings.save()
    return settings


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A signed-in client for a role's name; "" has no role, "nobody" isn't signed in."""

    def signed_in(role: str) -> Client:
        client = Client()
        if role != "nobody":
            client.force_login(user_with(role))
        return client

    return signed_in


@pytest.fixture
def administrator(sign_in: SignIn) -> Client:
    return sign_in(ADMINISTRATOR)


@pytest.fixture
def operator(sign_in: SignIn) -> Client:
    return sign_in(OPERATOR)


@pytest.fixture
def viewer(sign_in: SignIn) -> Client:
    return sign_in(VIEWER)


def user_with(role: str) -> User:
    return make_user(role=role)
