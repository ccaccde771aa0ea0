"""Who changed a line since somebody looked at it, when and what: a person, a mapping, a load (P34)."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince

from invoices.models import InvoiceLine, Load
from invoices.months import month_name
from mapping.models import MappingChange

UNKNOWN = "it was changed since you opened it"


def who_changed(line: InvoiceLine, *, since: datetime | None) -> str:
    """What is known of the changes since then; None: since ever."""
    edit = line.last_edit
    if edit and edit.finished_at and (since is None or edit.finished_at >= since):
        what = ", ".join(f"{label}: {value}" for label, value in edit.changed)
        return f"it was changed by {_name(edit.user)} {_ago(edit.finished_at)}: {what}"
    if since is None:
        return UNKNOWN
    return _mapping_changed(line, since) or _loaded(line, since) or UNKNOWN


def why_synced(line: InvoiceLine) -> str:
    """Who synced it and when, as the reason for a refusal."""
    by = f" by {_name(line.synced_by)}" if line.synced_by else ""
    when = f" {_ago(line.synced_at)}" if line.synced_at else ""
    return f"it was synced{by}{when}; further changes are made in ConnectWise"


def _mapping_changed(line: InvoiceLine, since: datetime) -> str:
    mine = Q(organization=line.organization_id) | Q(organization=None, offer=line.offer_id)
    changes = MappingChange.objects.filter(mine, created_at__gte=since, lines_affected__gt=0)
    change = changes.select_related("user").order_by("-pk").first()
    if change is None:
        return ""
    to = "none" if change.after is None else change.after.get("name", "Create new agreement")
    return (
        f"{_name(change.user)} mapped its {change.kind} {_ago(change.created_at)}"
        f" to {to}, which filled this row too"
    )


def _loaded(line: InvoiceLine, since: datetime) -> str:
    loads = Load.objects.filter(month=line.period, finished_at__gte=since)
    load = loads.order_by("-finished_at").first()
    if load is None or load.finished_at is None:
        return ""
    return (
        f"the load of {month_name(line.period)} {_ago(load.finished_at)}"
        " brought new values from the Platform"
    )


def _name(user: User | None) -> str:
    """As people call each other; the login where no name is known."""
    return (user.first_name or user.get_username()) if user else "somebody"


def _ago(moment: datetime) -> str:
    minutes = int((timezone.now() - moment).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    return f"{timesince(moment, depth=1)} ago".replace("\xa0", " ")
