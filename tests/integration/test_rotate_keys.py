"""`rotate_keys`: after it, the old key is needed no more."""

import json

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from platform_client.models import PlatformSettings
from psa_connectwise.models import ConnectWiseSettings

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def secrets(settings: Settings, db: None) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    PlatformSettings.load()
    row = PlatformSettings.objects.get()
    row.api_key = "platform secret"
    row.save()
    chosen = ConnectWiseSettings.load()
    chosen.public_key, chosen.private_key = "public", "private secret"
    chosen.save()


def kept() -> list[str]:
    connectwise = ConnectWiseSettings.objects.get()
    platform = PlatformSettings.objects.get()
    return [platform.api_key, connectwise.public_key, connectwise.private_key]


def test_the_old_key_can_go(
    secrets: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"secrets": 3}

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert kept() == ["platform secret", "public", "private secret"]


def test_without_the_old_key_nothing_is_written(secrets: None, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="put the key it was saved under back"):
        call_command("rotate_keys")

    with pytest.raises(ImproperlyConfigured):
        kept()
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    assert kept() == ["platform secret", "public", "private secret"]
