"""When a period can be loaded, and which periods are shown (P14, P15a, P16, P17)."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from invoices.loading.queries import business_today, load_under_way, visible_periods
from invoices.loading.start import LoadRefused, start_load, start_loads
from invoices.models import InvoiceSettings, Load, Period, SyncRun
from tests.invoices.loading.fake_platform import MAY

pytestmark = pytest.mark.django_db

APRIL = date(2026, 4, 1)


def test_a_period_is_not_loaded_twice_at_once() -> None:
    first = start_load(month=MAY, user=None)
    with pytest.raises(LoadRefused, match="May 2026 is being loaded already") as refusal:
        start_load(month=MAY, user=None)
    assert refusal.value.load == first
    assert load_under_way(MAY) == first
    assert load_under_way(APRIL) is None


def test_the_database_itself_refuses_a_second_load() -> None:
    Load.objects.create(month=MAY, state="running")
    with pytest.raises(IntegrityError), transaction.atomic():
        Load.objects.create(month=MAY)


@pytest.mark.parametrize("state", ["planning", "running"])
def test_a_period_is_not_loaded_while_a_run_posts_it(state: str) -> None:
    run = SyncRun.objects.create(period=MAY, state=state)
    with pytest.raises(LoadRefused, match=f"while run {run.pk} posts its lines") as refusal:
        start_load(month=MAY, user=None)
    assert refusal.value.load is None
    assert not Load.objects.exists()


def test_a_run_of_another_period_or_one_that_ended_is_no_hindrance() -> None:
    SyncRun.objects.create(period=APRIL, state="running")
    SyncRun.objects.create(period=MAY, state="finished")
    Load.objects.create(month=MAY, state="done")
    assert start_load(month=MAY, user=None).state == "queued"


def test_two_months_start_together_or_not_at_all() -> None:
    start_load(month=MAY, user=None)
    with pytest.raises(LoadRefused):
        start_loads(months=[APRIL, MAY], user=None)
    assert list(Load.objects.values_list("month", flat=True)) == [MAY]


def make_period(month: date, *, loaded: bool = True) -> Period:
    at = datetime(2026, 5, 2, tzinfo=UTC) if loaded else None
    return Period.objects.create(month=month, loaded_at=at)


def test_loaded_periods_of_the_last_fifteen_months_are_shown_newest_first() -> None:
    for month in (
        *(date(2025, 1, 1), date(2025, 2, 1), date(2025, 12, 1)),
        *(date(2026, 5, 1), date(2026, 6, 1)),
    ):
        make_period(month)
    make_period(date(2026, 4, 1), loaded=False)
    shown = [str(period) for period in visible_periods(date(2026, 5, 31))]
    assert shown == ["May 2026", "December 2025", "February 2025"]
    assert Period.objects.count() == 6  # hidden, never deleted


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("UTC", datetime(2025, 12, 31, 23, 30, tzinfo=UTC), date(2025, 12, 31)),
        ("Europe/Berlin", datetime(2025, 12, 31, 23, 30, tzinfo=UTC), date(2026, 1, 1)),
        ("America/Los_Angeles", datetime(2026, 5, 1, 6, 59, tzinfo=UTC), date(2026, 4, 30)),
        ("Pacific/Kiritimati", datetime(2026, 4, 30, 10, 0, tzinfo=UTC), date(2026, 5, 1)),
    ],
)
def test_today_is_the_day_where_the_business_is(zone: str, moment: datetime, today: date) -> None:
    InvoiceSettings.objects.create(pk=1, time_zone=zone)
    assert business_today(moment) == today
