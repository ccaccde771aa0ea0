"""What the page of the System Log asks the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet

from integration.system_log.models import LogEntry

KEPT = timedelta(days=30)
LEVELS = {
    "info": LogEntry.Level.INFO,
    "warning": LogEntry.Level.WARNING,
    "error": LogEntry.Level.ERROR,
}


@dataclass(frozen=True)
class Tiles:
    """The counts of the last 30 days, and when the newest entry came (None: there is none)."""

    total: int
    errors: int
    warnings: int
    newest: datetime | None


def tiles(now: datetime) -> Tiles:
    """One index-only scan, grouped by level."""
    counts: dict[int, int] = {}
    newest: datetime | None = None
    by_level = recent(now).order_by().values("level")
    for row in by_level.annotate(entries=Count("*"), latest=Max("created_at")):
        counts[row["level"]] = row["entries"]
        newest = max(newest or row["latest"], row["latest"])
    return Tiles(
        total=sum(counts.values()),
        errors=counts.get(LogEntry.Level.ERROR, 0),
        warnings=counts.get(LogEntry.Level.WARNING, 0),
        newest=newest,
    )


def recent(now: datetime) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(created_at__gte=now - KEPT)


def entries(now: datetime, *, level: str = "", search: str = "") -> QuerySet[LogEntry]:
    """The entries of the last 30 days, newest first; an unknown level means all."""
    found = recent(now)
    if level in LEVELS:
        found = found.filter(level=LEVELS[level])
    if search:
        found = found.filter(
            Q(summary__icontains=search) | Q(details__icontains=search) | Q(line=search)
        )
    return found


def rows(found: QuerySet[LogEntry], *, offset: int, size: int) -> list[LogEntry]:
    """One page: its ids from an index first, the rows after, so that deep pages stay quick."""
    ids = list(found.values_list("id", flat=True)[offset : offset + size])
    by_id = LogEntry.objects.in_bulk(ids)
    return [by_id[one] for one in ids if one in by_id]
