"""When a job is due (P53): by the business's clock, once, and not before it was switched on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.schedule import Timing, due_slot

DAILY = Timing(hour=5, zone="UTC")
BERLIN = Timing(hour=5, zone="Europe/Berlin")
MONTHLY = Timing(hour=3, zone="UTC", day=2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timing", "now", "latest", "upcoming"),
    [
        (DAILY, "2026-05-18 05:00", "2026-05-18 05:00", "2026-05-19 05:00"),
        (DAILY, "2026-05-18 04:59", "2026-05-17 05:00", "2026-05-18 05:00"),
        # Summer time in Berlin: 5:00 there is 3:00 UTC; in winter 4:00 UTC.
        (BERLIN, "2026-05-18 03:30", "2026-05-18 03:00", "2026-05-19 03:00"),
        (BERLIN, "2026-11-18 03:30", "2026-11-17 04:00", "2026-11-18 04:00"),
        # 2:00 does not exist on 29 March 2026 in Berlin: the hour after it.
        (
            Timing(hour=2, zone="Europe/Berlin"),
            "2026-03-29 01:30",
            "2026-03-29 01:00",
            "2026-03-30 00:00",
        ),
        # It is tomorrow already where the business is.
        (
            Timing(hour=0, zone="Pacific/Auckland"),
            "2026-05-18 12:30",
            "2026-05-18 12:00",
            "2026-05-19 12:00",
        ),
        (MONTHLY, "2026-05-02 03:00", "2026-05-02 03:00", "2026-06-02 03:00"),
        (MONTHLY, "2026-05-01 23:00", "2026-04-02 03:00", "2026-05-02 03:00"),
        (MONTHLY, "2026-01-01 12:00", "2025-12-02 03:00", "2026-01-02 03:00"),
        (
            Timing(hour=3, zone="UTC", day=28),
            "2027-03-01 00:00",
            "2027-02-28 03:00",
            "2027-03-28 03:00",
        ),
    ],
)
def test_the_slots_around_a_moment(timing: Timing, now: str, latest: str, upcoming: str) -> None:
    assert timing.latest(at(now)) == at(latest)
    assert timing.next(at(now)) == at(upcoming)


@pytest.mark.parametrize(
    ("since", "last", "now", "due"),
    [
        ("2026-05-01 00:00", None, "2026-05-18 06:00", "2026-05-18 05:00"),
        ("2026-05-01 00:00", "2026-05-18 05:00", "2026-05-18 06:00", None),
        # Missed for three days: caught up once.
        ("2026-05-01 00:00", "2026-05-15 05:00", "2026-05-18 06:00", "2026-05-18 05:00"),
        # Switched on after today's slot: tomorrow's is the first.
        ("2026-05-18 05:30", None, "2026-05-18 06:00", None),
        ("2026-05-18 05:00", None, "2026-05-18 06:00", None),
        ("2026-05-18 04:59", None, "2026-05-18 05:00", "2026-05-18 05:00"),
        # The clock was set back: nothing is done twice.
        ("2026-05-01 00:00", "2026-05-19 05:00", "2026-05-18 06:00", None),
        # It was a year ahead and was put right: the job doesn't wait for a year.
        ("2026-05-01 00:00", "2027-05-18 05:00", "2026-05-18 06:00", "2026-05-18 05:00"),
        ("2027-05-17 22:00", None, "2026-05-18 06:00", "2026-05-18 05:00"),
    ],
)
def test_which_slot_is_due(since: str, last: str | None, now: str, due: str | None) -> None:
    slot = due_slot(DAILY, since=at(since), last=at(last) if last else None, now=at(now))
    assert slot == (at(due) if due else None)


MOMENTS = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
TIMINGS = st.builds(
    Timing,
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
    day=st.none() | st.integers(1, 28),
)


@given(timing=TIMINGS, now=MOMENTS)
def test_now_lies_between_two_slots_and_the_next_ones_latest_is_itself(
    timing: Timing, now: datetime
) -> None:
    latest, upcoming = timing.latest(now), timing.next(now)
    assert latest <= now < upcoming
    assert timing.latest(upcoming) == upcoming
    assert timing.latest(upcoming - timedelta(seconds=1)) == latest
