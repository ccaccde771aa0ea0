"""The schedule's jobs over the database (P53): each slot once, whoever knocks and how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from invoices.models import InvoiceSettings, Load, Period, ScheduledJob, SyncRun
from invoices.schedule import Job
from invoices.services.schedule import do_due_jobs, next_slots
from invoices.sync.states import Origin, RunState

MAY_4 = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def months(db: None) -> None:
    """March, April and May are loaded; a load of none of them is under way."""
    for month in (3, 4, 5):
        Period.objects.create(month=date(2026, month, 1), complete=True, loaded_at=MAY_4)


def switch_on(**settings: object) -> None:
    InvoiceSettings.load()
    InvoiceSettings.objects.update(**settings)


def knock(moment: datetime) -> tuple[list[date], list[date]]:
    """The months whose load and whose run began."""
    with time_machine.travel(moment, tick=False):
        started = do_due_jobs()
    return [load.month for load in started.loads], [run.period for run in started.runs]


def end_everything() -> None:
    SyncRun.objects.update(state=RunState.FINISHED)
    Load.objects.update(state=Load.State.DONE)


def test_nothing_is_done_while_everything_is_off(months: None) -> None:
    switch_on(daily_sync=False, monthly_load=False)
    assert knock(MAY_4) == ([], [])
    assert knock(MAY_4 + 60 * DAY) == ([], [])


def test_a_job_switched_on_waits_for_its_next_slot(months: None) -> None:
    switch_on(daily_sync=True, daily_sync_hour=5)
    assert knock(MAY_4) == ([], [])
    assert knock(MAY_4 + timedelta(hours=16)) == ([], [])
    assert knock(MAY_4 + timedelta(hours=17)) == ([], [date(2026, 4, 1)])


def test_the_daily_sync_takes_the_two_newest_periods_one_after_the_other(months: None) -> None:
    switch_on(daily_sync=True, daily_sync_hour=5)
    knock(MAY_4)
    assert knock(MAY_4 + DAY) == ([], [date(2026, 4, 1)])
    assert knock(MAY_4 + DAY + timedelta(minutes=1)) == ([], [])
    end_everything()
    assert knock(MAY_4 + DAY + timedelta(minutes=2)) == ([], [date(2026, 5, 1)])
    end_everything()
    assert knock(MAY_4 + DAY + timedelta(minutes=3)) == ([], [])
    assert set(SyncRun.objects.values_list("origin", flat=True)) == {Origin.SCHEDULE.value}
    assert not SyncRun.objects.filter(user__isnull=False).exists()


def test_a_beat_dead_for_days_catches_up_once(months: None) -> None:
    switch_on(daily_sync=True, daily_sync_hour=5)
    knock(MAY_4)
    assert knock(MAY_4 + 4 * DAY)[1] == [date(2026, 4, 1)]
    end_everything()
    assert knock(MAY_4 + 4 * DAY)[1] == [date(2026, 5, 1)]
    end_everything()
    assert knock(MAY_4 + 4 * DAY + timedelta(hours=1)) == ([], [])


def test_the_monthly_load_loads_the_month_before(months: None) -> None:
    switch_on(monthly_load=True, monthly_load_day=2, monthly_load_hour=3)
    knock(MAY_4)
    assert knock(datetime(2026, 6, 2, 3, tzinfo=UTC)) == ([date(2026, 5, 1)], [])
    end_everything()
    assert knock(datetime(2026, 6, 2, 4, tzinfo=UTC)) == ([], [])
    assert Load.objects.get().user is None


def test_a_job_waits_for_what_is_under_way_and_says_so_once(
    months: None, caplog: pytest.LogCaptureFixture
) -> None:
    switch_on(monthly_load=True, monthly_load_day=2, monthly_load_hour=3)
    knock(MAY_4)
    run = SyncRun.objects.create(period=date(2026, 5, 1), state=RunState.RUNNING)

    june = datetime(2026, 6, 2, 3, tzinfo=UTC)
    assert knock(june) == knock(june + timedelta(minutes=1)) == ([], [])

    waits = [one for one in caplog.records if one.name == "invoices.services.schedule"]
    assert [one.levelname for one in waits] == ["WARNING"]
    assert f"run {run.pk}" in ScheduledJob.objects.get(name=Job.MONTHLY_LOAD).message
    end_everything()
    assert knock(june + timedelta(minutes=2)) == ([date(2026, 5, 1)], [])
    assert ScheduledJob.objects.get(name=Job.MONTHLY_LOAD).message == ""


def test_switching_a_job_off_drops_what_it_had_left(months: None) -> None:
    switch_on(daily_sync=True, daily_sync_hour=5)
    knock(MAY_4)
    knock(MAY_4 + DAY)
    end_everything()
    switch_on(daily_sync=False)
    assert knock(MAY_4 + DAY + timedelta(minutes=1)) == ([], [])
    switch_on(daily_sync=True)
    assert knock(MAY_4 + DAY + timedelta(minutes=2)) == ([], [])


def test_a_changed_hour_holds_at_once(months: None) -> None:
    switch_on(daily_sync=True, daily_sync_hour=5)
    knock(MAY_4)
    switch_on(daily_sync_hour=14)
    assert knock(MAY_4 + timedelta(hours=2)) == ([], [date(2026, 4, 1)])
    assert next_slots(MAY_4) == {Job.DAILY_SYNC: MAY_4 + timedelta(hours=2)}


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_start_one_run() -> None:
    Period.objects.create(month=date(2026, 5, 1), complete=True, loaded_at=MAY_4)
    switch_on(daily_sync=True, daily_sync_hour=5)
    knock(MAY_4)

    def beat(_number: int) -> int:
        try:
            return len(do_due_jobs().runs)
        finally:
            connection.close()

    with time_machine.travel(MAY_4 + DAY, tick=False), ThreadPoolExecutor(4) as beats:
        assert sorted(beats.map(beat, range(4))) == [0, 0, 0, 1]
    assert SyncRun.objects.count() == 1
