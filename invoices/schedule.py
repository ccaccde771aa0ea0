"""When the schedule's jobs are due, as the business's clock shows it (P53). Pure.

A slot is one due moment of a job. Only the latest one counts: whatever was missed is caught up once.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from invoices.months import day_in_month, first_of_next, month_of, months_before


class Job(StrEnum):
    """What can be switched on in Settings → Configuration."""

    MONTHLY_LOAD = "monthly_load"
    DAILY_SYNC = "daily_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every day at `hour`, or on that day of every month."""

    hour: int
    zone: str
    day: int | None = None

    def latest(self, now: datetime) -> datetime:
        """The last slot that is not after `now` (aware)."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        slot = self._slot_around(today)
        return slot if slot <= now else self._slot_around(self._earlier(today))

    def next(self, now: datetime) -> datetime:
        """The first slot after `now`."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        slot = self._slot_around(today)
        return slot if slot > now else self._slot_around(self._later(today))

    def _slot_around(self, today: date) -> datetime:
        """That of the day, or of the day's month. An hour the clocks skip is the one after it."""
        on = today if self.day is None else day_in_month(month_of(today), self.day)
        # Of an hour that comes twice, when clocks go back, this is the first (fold=0).
        local = datetime.combine(on, time(self.hour), tzinfo=ZoneInfo(self.zone))
        return local.astimezone(UTC)

    def _earlier(self, today: date) -> date:
        return today - timedelta(days=1) if self.day is None else months_before(today, 1)

    def _later(self, today: date) -> date:
        return today + timedelta(days=1) if self.day is None else first_of_next(today)


def due_slot(
    timing: Timing, *, since: datetime, last: datetime | None, now: datetime
) -> datetime | None:
    """The slot to do now, if any: after the job was switched on (`since`), and not done yet (`last`)."""
    slot, coming = timing.latest(now), timing.next(now)

    def has_seen_it(moment: datetime) -> bool:
        # What lies beyond the coming slot was written by a clock that has been put right since: it
        # would keep the job waiting for as long as that clock was ahead.
        return slot <= moment <= coming

    is_done = last is not None and has_seen_it(last)
    return None if is_done or has_seen_it(since) else slot
