"""What is done to the System Log besides writing to it."""

from datetime import datetime

from integration.system_log.models import LogEntry
from integration.system_log.queries import KEPT

BATCH = 10_000


def prune(*, now: datetime) -> int:
    """Deletes what is older than 30 days, in batches that hold no lock for long; says how many."""
    old = LogEntry.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    deleted = 0
    while ids := list(old.values_list("id", flat=True)[:BATCH]):
        deleted += LogEntry.objects.filter(id__in=ids).delete()[0]
    return deleted
