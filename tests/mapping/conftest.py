"""People and remotes of the mapping tests."""

import pytest
from django.test import Client

import platform_client.conf
import psa_connectwise.conf
from tests.factories import make_user
from tests.mapping.remotes import FakeConnectWise, FakePlatform


@pytest.fixture
def mapper(client: Client) -> Client:
    """Olivia, signed in, who may map."""
    client.force_login(make_user("mapping.edit_mappings", username="olivia"))
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(make_user())
    return client


@pytest.fixture
def the_platform(monkeypatch: pytest.MonkeyPatch) -> FakePlatform:
    fake = FakePlatform()
    monkeypatch.setattr(platform_client.conf, "get_client", lambda: fake)
    return fake


@pytest.fixture
def the_psa(monkeypatch: pytest.MonkeyPatch) -> FakeConnectWise:
    fake = FakeConnectWise()
    monkeypatch.setattr(psa_connectwise.conf, "get_client", lambda: fake)
    return fake
