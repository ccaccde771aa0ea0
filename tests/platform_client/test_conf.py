"""Database before environment, field by field; what is missing is named."""

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from platform_client import conf
from platform_client.models import PlatformSettings
from wire.errors import NotConfigured

pytestmark = pytest.mark.django_db


def test_the_environment_is_enough(settings: Settings) -> None:
    settings.PLATFORM_URL, settings.PLATFORM_API_KEY = "https://env.example", "env-key-0000"
    assert "https://env.example" in repr(conf.get_client())


def test_what_is_saved_wins(settings: Settings) -> None:
    settings.PLATFORM_URL, settings.PLATFORM_API_KEY = "https://env.example", "env-key-0000"
    PlatformSettings.objects.create(api_url="https://saved.example")
    found = conf.credentials()
    assert (found.url, found.api_key) == ("https://saved.example", "env-key-0000")


def test_what_is_missing_is_named(settings: Settings) -> None:
    settings.PLATFORM_URL, settings.PLATFORM_API_KEY = "https://env.example", ""
    with pytest.raises(
        NotConfigured, match="The Platform is not set up: API key missing"
    ) as caught:
        conf.get_client()
    assert caught.value.missing == ["API key"]


def test_the_key_is_not_in_the_representation(settings: Settings) -> None:
    settings.PLATFORM_API_KEY = "env-key-0000"
    assert "env-key-0000" not in repr(conf.credentials())


def test_there_is_one_row_only() -> None:
    PlatformSettings.load()
    PlatformSettings.load()
    assert PlatformSettings.objects.count() == 1
    with pytest.raises(IntegrityError):
        PlatformSettings.objects.create(id=2)
