"""Draws `docs/growth.svg` from the rows of `bench/growth.py`: two logarithmic axes, a line for each work.

On such axes what grows in proportion rises by one decade for each decade of lines, and what doesn't
depend on them lies flat.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

from bench.report import Row

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "growth.svg"
WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 300, 50, 50
# Told apart without red and green (Okabe and Ito).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555")
APART = 17  # pixels between two labels

Point = tuple[int, float]  # lines, seconds


def write(rows: Sequence[Row]) -> None:
    PICTURE.write_text(svg(rows))


def svg(rows: Sequence[Row]) -> str:
    """Only of the rows that say "what: N lines a month"; both axes are logarithmic."""
    series: dict[str, list[Point]] = {}
    for row in rows:
        what, _, lines = row.what.partition(": ")
        if not lines:  # of the months, which this is not about
            continue
        series.setdefault(what, []).append((int(lines.split()[0].replace(",", "")), row.ours))
    return "\n".join((*_head(), *Scale(series).drawn(), "</svg>", ""))


def _head() -> Iterator[str]:
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="13">'
    yield "<title>How cost grows with the lines of a month</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    yield f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">How cost grows with the lines of a month</text>'


class Scale:
    """From lines and seconds to places in the picture."""

    def __init__(self, series: Mapping[str, Sequence[Point]]) -> None:
        self.series = series
        points = [point for several in series.values() for point in several]
        self.counts = sorted({lines for lines, _ in points})
        self.low = floor(log10(min(seconds for _, seconds in points)))
        self.high = ceil(log10(max(seconds for _, seconds in points)))

    def x(self, lines: int) -> float:
        """Pixels from the left."""
        first, last = log10(self.counts[0]), log10(self.counts[-1])
        share = (log10(lines) - first) / ((last - first) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, seconds: float) -> float:
        """Pixels from the top."""
        share = (log10(seconds) - self.low) / ((self.high - self.low) or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def drawn(self) -> Iterator[str]:
        yield from self._grid()
        ends = sorted((self.y(several[-1][1]), what) for what, several in self.series.items())
        colors = dict(zip(self.series, COLORS, strict=False))
        room = TOP
        for y, what in ends:
            # Labels are pushed down where two lines end close together.
            room = max(room + APART, round(y) + 4)
            yield from self._line(self.series[what], what, room, colors.get(what, "#000"))

    def _grid(self) -> Iterator[str]:
        for power in range(self.low, self.high + 1):
            seconds = 10.0**power
            y = self.y(seconds)
            said = f"{seconds:g} s" if power >= 0 else f"{seconds * 1000:g} ms"
            yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{said}</text>'
        for lines in self.counts:
            x = self.x(lines)
            yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>'
            yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#555">{lines:,}</text>'
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="#555">lines a month</text>'

    def _line(self, points: Sequence[Point], what: str, label: float, color: str) -> Iterator[str]:
        places = [(self.x(lines), self.y(seconds)) for lines, seconds in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>'
        yield f'<text x="{WIDTH - RIGHT + 12}" y="{label}" fill="{color}">{escape(what)}</text>'
