"""Does the schedule's jobs when they are due (P53). Beat only knocks: the truth is in the rows.

A slot is taken by a conditional update, so two beats never run one job twice; what can't begin
because a load or a run is under way stays due and is tried at the next knock.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.loading.start import LoadRefused, start_load
from invoices.models import InvoiceSettings, Load, Period, ScheduledJob, SyncRun
from invoices.months import month_name, months_before
from invoices.schedule import Job, Timing, due_slot
from invoices.sync.run import CantStart, start_run
from invoices.sync.scope import RunScope
from invoices.sync.states import Origin

logger = logging.getLogger(__name__)

NEWEST_PERIODS = 2


@dataclass(slots=True)
class Started:
    """What a knock set off; the caller rings for it once this is committed."""

    loads: list[Load] = field(default_factory=list)
    runs: list[SyncRun] = field(default_factory=list)


def timing_of(job: Job, chosen: InvoiceSettings) -> Timing | None:
    """None while it is switched off."""
    if job == Job.MONTHLY_LOAD:
        if not chosen.monthly_load:
            return None
        return Timing(
            hour=chosen.monthly_load_hour, zone=chosen.time_zone, day=chosen.monthly_load_day
        )
    return Timing(hour=chosen.daily_sync_hour, zone=chosen.time_zone) if chosen.daily_sync else None


def next_slots(now: datetime) -> dict[Job, datetime]:
    """When each job that is switched on is due next."""
    chosen = InvoiceSettings.load()
    timings = {job: timing_of(job, chosen) for job in Job}
    return {job: timing.next(now) for job, timing in timings.items() if timing}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one job stands: due next (None while it is off), done last, and why it waits."""

    job: Job
    label: str
    next: datetime | None
    last: datetime | None
    message: str


def standings(now: datetime) -> list[Standing]:
    """Of every job, switched on or not, as the Dashboard shows them."""
    upcoming = next_slots(now)
    rows = {row.name: row for row in ScheduledJob.objects.all()}
    found = []
    for job in Job:
        row = rows.get(job, ScheduledJob(name=job))
        label = row.get_name_display()
        found.append(Standing(job, label, upcoming.get(job), row.last_slot, row.message))
    return found


def do_due_jobs() -> Started:
    """Takes the slots that are due and begins what they ask for."""
    chosen, now, started = InvoiceSettings.load(), timezone.now(), Started()
    for job in Job:
        with transaction.atomic():
            row = _row(job)
            _take_due_slot(row, timing_of(job, chosen), now)
            _go_on(row, started)
    return started


def _row(job: Job) -> ScheduledJob:
    """Locked until the transaction ends: of two beats one waits, and finds nothing left to do."""
    ScheduledJob.objects.get_or_create(name=job)
    return ScheduledJob.objects.select_for_update().get(name=job)


def _take_due_slot(row: ScheduledJob, timing: Timing | None, now: datetime) -> None:
    if timing is None:
        row.since, row.months_left, row.message = None, [], ""
    elif row.since is None:
        row.since = now
    else:
        slot = due_slot(timing, since=row.since, last=row.last_slot, now=now)
        if slot:
            row.last_slot, row.message = slot, ""
            row.months_left = [month.isoformat() for month in MONTHS[Job(row.name)](now)]
    row.save()


def _previous_month(now: datetime) -> list[date]:
    return [months_before(business_today(now), 1)]


def _newest_periods(_now: datetime) -> list[date]:
    """Oldest first: a later month writes after an earlier one."""
    newest = Period.objects.filter(loaded_at__isnull=False).order_by("-month")
    return sorted(newest.values_list("month", flat=True)[:NEWEST_PERIODS])


MONTHS: dict[Job, Callable[[datetime], list[date]]] = {
    Job.MONTHLY_LOAD: _previous_month,
    Job.DAILY_SYNC: _newest_periods,
}


def _go_on(row: ScheduledJob, started: Started) -> None:
    """Begins the next month that is left, if nothing stands in its way."""
    if not row.months_left:
        return
    month = date.fromisoformat(row.months_left[0])
    try:
        with transaction.atomic():
            if row.name == Job.MONTHLY_LOAD:
                started.loads.append(start_load(month=month, user=None, origin=Origin.SCHEDULE))
            else:
                started.runs.append(_start_sync(month))
    except (LoadRefused, CantStart) as why:
        _say_once(row, f"{row.get_name_display()} of {month_name(month)} waits: {why}")
        return
    row.months_left, row.message = row.months_left[1:], ""
    row.save(update_fields=["months_left", "message"])


def _start_sync(month: date) -> SyncRun:
    return start_run(period=month, scope=RunScope(), user=None, origin=Origin.SCHEDULE)


def _say_once(row: ScheduledJob, message: str) -> None:
    if row.message != message:
        logger.warning("%s", message)
        row.message = message
        row.save(update_fields=["message"])
