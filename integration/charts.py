"""Where the marks of the Dashboard's charts stand. Pure: numbers in, places in an SVG out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from invoices.months import month_name, months_before
from mapping.numbers import numbered

# The bar of the month: its length, and the least that something which is there is drawn with.
BAR, LEAST = 1000, 6
# The columns of the months.
WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 640, 168, 12, 24, 48
MONTHS = 12
GAP = 0.34  # of a month's width, left free
STEPS = (1, 2, 2.5, 5, 10)  # round numbers, as people count
# From the ground up, as a month goes: what is done stands at the bottom.
ORDER = ("synced", "ready", "unmapped", "error")
LABELS = {
    "synced": "Synced",
    "ready": "Mapped, not synced",
    "unmapped": "Unmapped",
    "error": "Error",
}

Counts = dict[str, int]  # by the names in ORDER


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle."""

    name: str
    label: str
    lines: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Month:
    """A month's column, and what stands under it."""

    month: date
    lines: int
    counts: Counts
    middle: float
    marks: tuple[Mark, ...]

    @property
    def name(self) -> str:
        return month_name(self.month)

    @property
    def told(self) -> str:
        """ "May 2026: 120 lines, 110 Synced, 10 Error"."""
        parts = [f"{self.counts[one]:,} {LABELS[one]}" for one in ORDER if self.counts.get(one)]
        lines = numbered(self.lines, "line")
        return f"{self.name}: {', '.join([lines, *parts])}"


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the chart and the number at its left."""

    lines: int
    y: float


@dataclass(frozen=True, slots=True)
class Months:
    """The whole chart."""

    months: tuple[Month, ...]
    levels: tuple[Level, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    label_y: int = HEIGHT - 6


def bar(counts: Counts) -> tuple[Mark, ...]:
    """The parts of a month side by side; a few lines among thousands still show."""
    there = [(name, counts[name]) for name in ORDER if counts.get(name)]
    total = sum(lines for _name, lines in there)
    free, marks, x = BAR - LEAST * len(there), list[Mark](), 0.0
    for name, lines in there:
        width = LEAST + free * lines / total
        marks.append(Mark(name, LABELS[name], lines, _round(x), 0, _round(width), 10))
        x += width
    return tuple(marks)


def columns(found: dict[date, Counts], *, newest: date) -> Months:
    """The last twelve months up to the newest one; a month that was not loaded is empty."""
    months = [months_before(newest, ago) for ago in reversed(range(MONTHS))]
    totals = [sum(found.get(month, {}).values()) for month in months]
    levels = list(_levels(max(totals, default=0)))
    highest, room = levels[-1], HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT) / MONTHS
    return Months(
        months=tuple(
            _column(month, found.get(month, {}), LEFT + step * place, step, room / highest)
            for place, month in enumerate(months)
        ),
        levels=tuple(
            Level(int(lines), _round(HEIGHT - BOTTOM - lines * room / highest)) for lines in levels
        ),
    )


def _column(month: date, counts: Counts, x: float, step: float, scale: float) -> Month:
    marks, y = list[Mark](), float(HEIGHT - BOTTOM)
    for name in ORDER:
        if lines := counts.get(name, 0):
            height = max(1.0, lines * scale)
            y -= height
            left, width = _round(x + step * GAP / 2), _round(step * (1 - GAP))
            marks.append(Mark(name, LABELS[name], lines, left, _round(y), width, _round(height)))
    return Month(month, sum(counts.values()), counts, _round(x + step / 2), tuple(marks))


def _levels(most: int) -> Iterator[float]:
    """0 and two round numbers above it, the last no less than `most`."""
    half, power = max(most, 2) / 2, 1
    while power * 10 < half:
        power *= 10
    step = next(power * one for one in STEPS if power * one >= half)
    step = max(1, round(step))
    return iter((0, step, 2 * step))


def _round(value: float) -> float:
    return round(value, 2)


def of_months(rows: Iterable[tuple[date, str, bool, int]]) -> dict[date, Counts]:
    """Month, status, whether mapped, lines → the lines of each month by the names in ORDER."""
    found: dict[date, Counts] = {}
    for month, status, is_mapped, lines in rows:
        name = status if status in ORDER else "ready" if is_mapped else "unmapped"
        counts = found.setdefault(month, {})
        counts[name] = counts.get(name, 0) + lines
    return found
