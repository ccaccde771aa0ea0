"""The world of a posting test: a stand-in that answers, and settings that point at it."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from invoices.models import SyncRun
from invoices.sync import previews
from platform_client.models import PlatformSettings
from psa_connectwise.models import AgreementType, ConnectWiseSettings
from psa_connectwise.sandbox import start
from tests.factories import make_user
from tests.invoices.sync.world import TODAY, World, read_directory


@pytest.fixture
def world(transactional_db: None, settings: Settings) -> Iterator[World]:
    with start(today=TODAY) as connectwise:
        keys = connectwise.app.keys
        settings.CONNECTWISE_URL = connectwise.url
        settings.CONNECTWISE_COMPANY_ID = keys.company_id
        settings.CONNECTWISE_PUBLIC_KEY = keys.public
        settings.CONNECTWISE_PRIVATE_KEY = keys.private
        settings.CONNECTWISE_CLIENT_ID = keys.client_id
        settings.CONNECTWISE_TIMEOUT_SECONDS = 5.0
        settings.CONNECTWISE_SETTLE_SECONDS = 300.0
        settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE = 0
        PlatformSettings.load()
        PlatformSettings.objects.update(seller_id="seller-77")
        read_directory()
        ConnectWiseSettings.load()
        ConnectWiseSettings.objects.update(
            default_agreement_type=AgreementType.objects.get(connectwise_id=2)
        )
        yield World(connectwise)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs a worker was asked to take up; previews are planned at once."""
    asked: list[int] = []

    def ring(a_run: SyncRun) -> None:
        asked.append(a_run.pk)
        previews.plan_if_needed(a_run.pk, a_run.epoch)

    monkeypatch.setattr("invoices.views.preview.ring", ring)
    return asked


@pytest.fixture
def user(db: None) -> User:
    return make_user("invoices.sync_invoices", "invoices.undo_sync", username="olivia")


@pytest.fixture
def operator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client
