"""What the settings pages do: save, keep who changed what, and name it in the System Log."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Manager
from django.utils import timezone

from integration.changes import keep_change
from integration.connections import CONNECTWISE, LABELS, PLATFORM, SECRETS, saved_connection
from invoices.admin_log import ARROW
from invoices.models import InvoiceSettings
from platform_client.models import PlatformSettings
from psa_connectwise.conf import get_client
from psa_connectwise.directory import refresh_agreement_types
from psa_connectwise.models import ConnectWiseSettings
from wire.redact import remember

logger = logging.getLogger(__name__)

SettingsModel = type[ConnectWiseSettings] | type[PlatformSettings] | type[InvoiceSettings]

# Fields of the configuration, by the row that keeps them.
CONNECTWISE_CHOICES = {"default_agreement_type", "reference_field", "price_decimals"}
HIDDEN = {*SECRETS, "connectwise_client_id"}


def save_connections(*, values: Mapping[str, str], user: User) -> list[str]:
    """Saves the given fields only; returns what they are called. `values` are already clean."""
    remember(*(value for name, value in values.items() if name in SECRETS))
    before = saved_connection().shown
    with transaction.atomic():
        for model, columns in ((ConnectWiseSettings, CONNECTWISE), (PlatformSettings, PLATFORM)):
            named = {name: value for name, value in values.items() if name in columns}
            told = [_told(name, before.get(name, ""), value) for name, value in named.items()]
            _update(model, _columns(columns, named))
            keep_change(user=user, about=model(pk=1), told=told)
    return _log_change(user, [LABELS[name] for name in values])


def save_configuration(*, values: Mapping[str, Any], told: Sequence[str], user: User) -> list[str]:
    """Saves the given choices only; `told` is what changed, as people read it. Returns the names."""
    remote = {name: value for name, value in values.items() if name in CONNECTWISE_CHOICES}
    if "default_agreement_type" in remote:
        remote["default_type_seeded"] = True
    ours = {name: value for name, value in values.items() if name not in CONNECTWISE_CHOICES}
    with transaction.atomic():
        _update(ConnectWiseSettings, remote)
        _update(InvoiceSettings, ours)
        keep_change(user=user, about=InvoiceSettings(pk=1), told=told)
    return _log_change(user, [one.partition(":")[0] for one in told])


def fetch_agreement_types() -> int:
    """Reads ConnectWise's own list anew; returns how many it has. Raises RemoteErrors."""
    return refresh_agreement_types(client=get_client()).seen


def _told(name: str, before: str, after: str) -> str:
    """A secret is named, neither what it was nor what it became."""
    if name in HIDDEN:
        return f"{LABELS[name]}: changed"
    return f"{LABELS[name]}: {before or 'none'}{ARROW}{after or 'none'}"


def _columns(columns: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {columns[name]: value for name, value in values.items()}


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
