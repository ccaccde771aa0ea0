"""Takes the Platform's organizations and offers in, a page at a time, and spreads new names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from mapping.models import Offer, Organization
from mapping.ports import Renamed, lines
from platform_client import schemas

Record = TypeVar("Record", Organization, Offer)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """How many were new here, and how many are called otherwise than before."""

    new: int
    changed: int


def save_organizations(items: Iterable[schemas.Organization]) -> Saved:
    """A page of the Platform's list; in one transaction with the names on the lines."""
    wanted = {
        item.id: {
            "name": item.name,
            "reference_number": item.reference_number or "",
            "status": item.status,
        }
        for item in items
    }
    return _save(Organization, wanted, kind="organization")


def save_offers(items: Iterable[schemas.Offer]) -> Saved:
    """A page of the Platform's list; in one transaction with the names on the lines."""
    wanted = {
        item.id: {"name": item.name, "vendor_name": item.vendor_name, "sku": item.sku or ""}
        for item in items
    }
    return _save(Offer, wanted, kind="offer")


@transaction.atomic
def _save(model: type[Record], wanted: dict[str, dict[str, str]], *, kind: Renamed) -> Saved:
    """Write only what differs; the names on the lines change in the same transaction."""
    known = {row.platform_id: row for row in model._default_manager.filter(platform_id__in=wanted)}
    changed = {
        platform_id: row.pk
        for platform_id, row in known.items()
        if any(getattr(row, name) != value for name, value in wanted[platform_id].items())
    }
    # In one order everywhere, so that a load at the same time never waits in a ring.
    rows = [
        model(platform_id=platform_id, updated_at=timezone.now(), **wanted[platform_id])
        for platform_id in sorted(changed.keys() | (wanted.keys() - known.keys()))
    ]
    if rows:
        model._default_manager.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["platform_id"],
            update_fields=[*next(iter(wanted.values())), "updated_at"],
        )
    lines().refresh_names(kind, changed.values())
    return Saved(new=len(wanted) - len(known), changed=len(changed))
