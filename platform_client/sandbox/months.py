"""Calendar arithmetic for the stand-in's invented months."""

from calendar import monthrange
from datetime import date, timedelta


def first_of(day: date, months: int = 0) -> date:
    """The first of the day's month, moved by whole months."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def last_of(day: date, months: int = 0) -> date:
    """The last day of the day's month, moved by whole months."""
    return first_of(day, months + 1) - timedelta(days=1)


def length(day: date) -> int:
    """How many days the day's month has."""
    return monthrange(day.year, day.month)[1]


def between(earlier: date, later: date) -> int:
    """Whole months from one month to another."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
