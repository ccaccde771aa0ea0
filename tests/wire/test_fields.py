"""Secrets at rest: encrypted in the table, plain in the model, shown as a tail."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from platform_client.models import PlatformSettings
from wire.fields import masked_tail

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM platform_client_platformsettings")
        return str(cursor.fetchone()[0])


def save(api_key: str) -> None:
    PlatformSettings.objects.update_or_create(id=1, defaults={"api_key": api_key})


def read() -> str:
    return PlatformSettings.objects.get().api_key


@pytest.mark.django_db
def test_the_table_never_holds_the_secret() -> None:
    save("pk-ünïcode-123456")
    assert "123456" not in stored()
    assert read() == "pk-ünïcode-123456"


@pytest.mark.django_db
def test_empty_stays_empty() -> None:
    save("")
    assert stored() == ""
    assert read() == ""


@pytest.mark.django_db
def test_all_keys_decrypt_and_the_first_encrypts(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    save("first")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert read() == "first"
    save("second")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert read() == "second"


@pytest.mark.django_db
def test_a_lost_key_is_named_with_the_fix(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    save("secret")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(ImproperlyConfigured, match=r"PlatformSettings\.api_key.*FIELD_ENCRYPTION"):
        read()


@pytest.mark.parametrize(
    ("value", "shown"),
    [("", ""), ("short", "••••"), ("fifteen-letters", "••••"), ("sixteen--letters", "••••ters")],
)
def test_only_the_tail_of_a_long_secret_is_shown(value: str, shown: str) -> None:
    assert masked_tail(value) == shown
