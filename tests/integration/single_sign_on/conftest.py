"""A provider that runs, the product set up for it, and a browser's way there and back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from pytest_django import Settings

from integration.single_sign_on.configured import SingleSignOn
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_user
from tests.integration.single_sign_on.provider_stand_in import (
    CLIENT_ID,
    CLIENT_SECRET,
    StandIn,
    providing,
)

Configure = Callable[..., None]
SignIn = Callable[..., Any]


@pytest.fixture
def provider(settings: Settings, open_gate: ConnectWiseSettings) -> Iterator[StandIn]:
    """There is a user already, or the first Administrator would be awaited."""
    make_user(username="first", is_superuser=True)
    with providing() as stand_in:
        settings.SINGLE_SIGN_ON = SingleSignOn(
            issuer=stand_in.url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            name="Acme ID",
            hosts=frozenset({urlsplit(stand_in.url).netloc}),
            scopes="openid email profile",
            trusts_email=False,
            new_user_role="",
            groups_claim="groups",
            groups={},
        )
        yield stand_in


@pytest.fixture
def configure(provider: StandIn, settings: Settings) -> Configure:
    def change(**values: object) -> None:
        settings.SINGLE_SIGN_ON = replace(settings.SINGLE_SIGN_ON, **values)

    return change


@pytest.fixture
def come_back(provider: StandIn, client: Client) -> SignIn:
    """To the provider and back, as a browser goes; the answer to its coming back."""

    def go(after: str = "") -> Any:
        there = client.get("/accounts/sso/", {"next": after} if after else None)
        assert there.status_code == 302, there.text
        assert there.headers["Location"].startswith(f"{provider.url}/authorize?")
        back = requests.get(there.headers["Location"], allow_redirects=False, timeout=10)
        parts = urlsplit(back.headers["Location"])
        return client.get(f"{parts.path}?{parts.query}")

    return go
