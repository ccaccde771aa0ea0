"""Writes the System Log and forgets what is older than 30 days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from integration.system_log.models import LogCount, LogEntry
from integration.system_log.queries import hour_of, oldest_kept

BATCH = 10_000

ADD_TO_COUNT = f"""
    INSERT INTO {LogCount._meta.db_table} (hour, level, entries) VALUES (%s, %s, %s)
    ON CONFLICT (hour, level) DO UPDATE
    SET entries = {LogCount._meta.db_table}.entries + excluded.entries
"""


def store(rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes entries, each given by its columns, and counts them; all or none."""
    counts = Counter((hour_of(row["created_at"]), int(row["level"])) for row in rows)
    with transaction.atomic():
        LogEntry.objects.bulk_create([LogEntry(**row) for row in rows])
        with connection.cursor() as cursor:
            # In one order, so that two writers can't wait for each other.
            for (hour, level), entries in sorted(counts.items()):
                cursor.execute(ADD_TO_COUNT, [hour, level, entries])


def prune(*, now: datetime) -> int:
    """Deletes what is older than 30 days, in batches that hold no lock for long; says how many."""
    oldest = oldest_kept(now)
    old = LogEntry.objects.filter(created_at__lt=oldest).order_by("created_at")
    deleted = 0
    while ids := list(old.values_list("id", flat=True)[:BATCH]):
        deleted += LogEntry.objects.filter(id__in=ids).delete()[0]
    LogCount.objects.filter(hour__lt=oldest).delete()
    return deleted
