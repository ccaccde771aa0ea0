"""The history of one organization's or offer's mapping (P13)."""

from django.db.models import Q

from mapping.models import MappingChange, Organization
from mapping.tabs import Mapped, Tab

SHOWN = 100


def history_of(tab: Tab, record: Mapped) -> list[MappingChange]:
    """Newest first; of an organization also what its own offers and contracts were set to."""
    if isinstance(record, Organization):
        mine = Q(organization=record)
    else:
        mine = Q(offer=record, kind=MappingChange.Kind.OFFER)
    changes = MappingChange.objects.filter(mine).select_related("user", "organization", "offer")
    return list(changes.order_by("-created_at", "-pk")[:SHOWN])
