"""Calendar months: a month is named by its first day everywhere, and never shifted by a zone."""

import calendar
import re
from datetime import date, timedelta


def month_of(day: date) -> date:
    """The month as it is named everywhere: by its first day."""
    return day.replace(day=1)


def last_day(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def first_of_next(day: date) -> date:
    """The first day of the month after the day's own."""
    return last_day(day) + timedelta(days=1)


def months_before(month: date, count: int) -> date:
    """The first day of the month that is `count` months before `month`."""
    # Months counted from year 0, so that a year's end needs no case of its own.
    year, month_index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, month_index + 1, 1)


def day_in_month(month: date, day: int) -> date:
    """That day of the month, or its last one where the month is shorter."""
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def month_name(month: date) -> str:
    """As people read it: "May 2026"."""
    return f"{calendar.month_name[month.month]} {month.year}"


def parse_period(text: str, today: date) -> date:
    """The month that "2026-05", "current" or "previous" means; ValueError with a sentence."""
    if text == "current":
        return month_of(today)
    if text == "previous":
        return months_before(today, 1)
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
    if match is None or match[1] == "0000":
        raise ValueError(
            f"“{text}” is not a period: write YYYY-MM (such as 2026-05), current or previous."
        )
    return date(int(match[1]), int(match[2]), 1)
