"""The saved connections as the settings page may show them: addresses, masked tails, no secret."""

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from invoices.models import Posting
from platform_client.models import PlatformSettings
from psa_connectwise.models import ConnectWiseSettings
from wire.fields import masked_tail

# Form field → the row's column; the variable of the same name in capitals stands in for "".
CONNECTWISE = {
    "connectwise_url": "url",
    "connectwise_company_id": "company_id",
    "connectwise_public_key": "public_key",
    "connectwise_private_key": "private_key",
    "connectwise_client_id": "client_id",
}
PLATFORM = {"platform_url": "api_url", "platform_api_key": "api_key"}
SECRETS = ("connectwise_public_key", "connectwise_private_key", "platform_api_key")
LABELS = {
    "connectwise_url": "ConnectWise API URL",
    "connectwise_company_id": "Company ID",
    "connectwise_public_key": "public key",
    "connectwise_private_key": "private key",
    "connectwise_client_id": "client ID",
    "platform_url": "Platform API URL",
    "platform_api_key": "Platform API key",
}
UNREADABLE = "saved, but FIELD_ENCRYPTION_KEY no longer opens it: enter it again"


@dataclass(frozen=True)
class Connection:
    """What is saved: plain fields as they are, secrets by their tail, and what the environment gives."""

    shown: dict[str, str]
    masked: dict[str, str]
    from_environment: dict[str, str]  # the name of the variable


def saved_connection() -> Connection:
    """Reads both rows; a secret whose key is lost is named, not raised."""
    values = {**_row(ConnectWiseSettings, CONNECTWISE), **_row(PlatformSettings, PLATFORM)}
    return Connection(
        shown={name: value for name, value in values.items() if name not in SECRETS},
        masked={
            name: UNREADABLE if values[name] == UNREADABLE else masked_tail(values[name])
            for name in SECRETS
        },
        from_environment={
            name: name.upper()
            for name, value in values.items()
            if not value and getattr(settings, name.upper())
        },
    )


def posted_elsewhere() -> int:
    """How many Additions of ours would be left behind by a change of site or company."""
    return Posting.objects.filter(addition_id__isnull=False).count()


def _row(
    model: type[ConnectWiseSettings] | type[PlatformSettings], columns: dict[str, str]
) -> dict[str, str]:
    """Column by column: one that can't be decrypted doesn't take the others with it."""
    return {name: _value(model, column) for name, column in columns.items()}


def _value(model: type[ConnectWiseSettings] | type[PlatformSettings], column: str) -> str:
    try:
        return model.objects.values_list(column, flat=True).first() or ""
    except ImproperlyConfigured:
        return UNREADABLE
