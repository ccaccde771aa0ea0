"""What the page of the System Log asks the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from integration.system_log.models import LogCount, LogEntry

KEPT = timedelta(days=30)
MOST_FOUND = 10_000
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

    def of(self, level: str) -> int:
        """How many the level filter leaves."""
        others = self.total - self.errors - self.warnings
        return {"error": self.errors, "warning": self.warnings, "info": others}.get(
            level, self.total
        )


def tiles(now: datetime) -> Tiles:
    """Sums of the hourly counts: quick however many entries there are."""
    sums = LogCount.objects.filter(hour__gte=oldest_kept(now)).values_list("level")
    counts = dict(sums.annotate(entries=Sum("entries")))
    return Tiles(
        total=sum(counts.values()),
        errors=counts.get(LogEntry.Level.ERROR, 0),
        warnings=counts.get(LogEntry.Level.WARNING, 0),
        newest=recent(now).values_list("created_at", flat=True).first(),
    )


def hour_of(moment: datetime) -> datetime:
    """The whole hour that a moment lies in: what is counted is kept by the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def oldest_kept(now: datetime) -> datetime:
    """Where the last 30 days begin, on the hour."""
    return hour_of(now - KEPT)


def recent(now: datetime) -> QuerySet[LogEntry]:
    """What is shown, be it pruned by now or not (P51)."""
    return LogEntry.objects.filter(created_at__gte=oldest_kept(now))


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


def newest_id() -> int:
    """What came later has a higher one; 0 where there is none."""
    return LogEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def count_up_to_most(found: QuerySet[LogEntry]) -> int:
    """How many match a search, counted no further than anyone pages."""
    return found.order_by()[:MOST_FOUND].count()


def rows(found: QuerySet[LogEntry], *, offset: int, size: int) -> list[LogEntry]:
    """One page: its ids from an index first, the rows after, so that deep pages stay quick."""
    ids = list(found.values_list("id", flat=True)[offset : offset + size])
    by_id = LogEntry.objects.in_bulk(ids)
    return [by_id[one] for one in ids if one in by_id]
