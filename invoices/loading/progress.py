"""How far the loads are, and which have ended, as the page shows it to everyone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from invoices.models import Load

# So long the result of an earlier load is told to somebody who opens or reloads the page.
RESULT_STAYS = timedelta(minutes=1)
# Before that an estimate of the time left would jump about.
ESTIMATE_AFTER = timedelta(seconds=3)


@dataclass(frozen=True)
class LoadProgress:
    """One load under way."""

    load: Load
    seconds_left: int | None

    @property
    def reading_is_done(self) -> bool:
        """What follows is one transaction, of which nothing can be told before its end."""
        return self.load.total is not None and self.load.read >= self.load.total


def loads_in_progress(now: datetime) -> list[LoadProgress]:
    """Queued ones too."""
    loads = Load.objects.filter(state__in=Load.UNDER_WAY).order_by("month")
    return [LoadProgress(load, _seconds_left(load, now)) for load in loads]


def loads_ended_since(moment: datetime) -> list[Load]:
    """The newest of each month."""
    ended = Load.objects.filter(finished_at__gt=moment).order_by("month", "-pk")
    return list(ended.distinct("month"))


def _seconds_left(load: Load, now: datetime) -> int | None:
    elapsed = now - load.created_at
    if not load.total or not 0 < load.read < load.total or elapsed < ESTIMATE_AFTER:
        return None
    return round(elapsed.total_seconds() * (load.total - load.read) / load.read)
