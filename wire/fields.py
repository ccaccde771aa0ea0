"""A text column whose content is encrypted at rest, and the only way a secret is shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

SHOWN = 4
DOTS = "••••"


def masked_tail(value: str) -> str:
    """Dots and the last four characters; only dots where four would be too much of it."""
    return "" if not value else DOTS + (value[-SHOWN:] if len(value) >= 4 * SHOWN else "")


if TYPE_CHECKING:
    PlainTextField = models.TextField[str, str]
else:
    PlainTextField = models.TextField


class EncryptedTextField(PlainTextField):
    """Text under FIELD_ENCRYPTION_KEYS: the first key encrypts, all decrypt; "" stays "".

    Can't be searched: each encryption of one value differs.
    """

    def get_prep_value(self, value: Any) -> Any:
        plain = super().get_prep_value(value)
        # "" stays "", so that pages can ask in SQL whether a secret is saved, without any key.
        return _fernet().encrypt(plain.encode()).decode() if plain else plain

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Raises ImproperlyConfigured where no key opens it."""
        return _decrypt(value, f"{self.model.__name__}.{self.name}") if value else value


def _fernet() -> MultiFernet:
    keys: Sequence[str] = settings.FIELD_ENCRYPTION_KEYS
    return MultiFernet([Fernet(key) for key in keys])


def _decrypt(token: str, where: str) -> str:
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            f"{where} can't be decrypted: put the key it was saved under back into "
            "FIELD_ENCRYPTION_KEY (comma-separated, the new one first)"
        ) from None
