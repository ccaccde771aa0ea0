"""What the settings pages do: save, and say in the log who changed what (never to what)."""

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Manager
from django.utils import timezone

from integration.connections import CONNECTWISE, LABELS, PLATFORM, SECRETS
from invoices.models import InvoiceSettings
from platform_client.models import PlatformSettings
from psa_connectwise.conf import get_client
from psa_connectwise.directory import refresh_agreement_types
from psa_connectwise.models import ConnectWiseSettings
from wire.redact import remember

logger = logging.getLogger(__name__)

SettingsModel = type[ConnectWiseSettings] | type[PlatformSettings] | type[InvoiceSettings]

# Field of the configuration → what it is called.
CONNECTWISE_CHOICES = {
    "default_agreement_type": "default Agreement Type",
    "reference_field": "reference field",
    "price_decimals": "decimals of unit prices",
}
INVOICE_CHOICES = {
    "time_zone": "time zone",
    "cancellation_policy": "cancellation policy",
}


def save_connections(*, values: Mapping[str, str], user: User) -> list[str]:
    """Saves the given fields only; returns what they are called. `values` are already clean."""
    remember(*(value for name, value in values.items() if name in SECRETS))
    with transaction.atomic():
        _update(ConnectWiseSettings, _columns(CONNECTWISE, values))
        _update(PlatformSettings, _columns(PLATFORM, values))
    return _log_change(user, [LABELS[name] for name in values])


def save_configuration(*, values: Mapping[str, Any], user: User) -> list[str]:
    """Saves the given choices only; returns what they are called."""
    remote = {name: value for name, value in values.items() if name in CONNECTWISE_CHOICES}
    if "default_agreement_type" in remote:
        remote["default_type_seeded"] = True
    ours = {name: value for name, value in values.items() if name in INVOICE_CHOICES}
    with transaction.atomic():
        _update(ConnectWiseSettings, remote)
        _update(InvoiceSettings, ours)
    names = CONNECTWISE_CHOICES | INVOICE_CHOICES
    return _log_change(user, [names[name] for name in values])


def fetch_agreement_types() -> int:
    """Reads ConnectWise's own list anew; returns how many it has. Raises RemoteErrors."""
    return refresh_agreement_types(client=get_client()).seen


def _columns(columns: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {columns[name]: value for name, value in values.items() if name in columns}


def _update(model: SettingsModel, values: Mapping[str, Any]) -> None:
    """Reads nothing: a secret whose key is lost must not keep a new one from being saved."""
    if not values:
        return
    rows: Manager[Any] = model._default_manager
    rows.bulk_create([model(pk=1)], ignore_conflicts=True)
    is_stamped = model is not InvoiceSettings
    rows.filter(pk=1).update(**values, **({"updated_at": timezone.now()} if is_stamped else {}))


def _log_change(user: User, changed: list[str]) -> list[str]:
    if changed:
        logger.info("Settings changed by %s: %s", user.get_username(), ", ".join(changed))
    return changed
