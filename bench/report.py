"""What a measurement says: rows of figures beside a second one and a target, printed and written."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
HEADS = ("What", "Ours", "The other", "Ours ÷ other", "Target", "Met", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `other` is the same work done otherwise, as `beside` says; the smaller, the better.

    A target may limit the figure itself, its ratio to the other, or both.
    """

    what: str
    ours: float
    unit: str
    other: float | None = None
    beside: str = ""
    at_most: float | None = None
    ratio_at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """None where nothing stands beside it."""
        return self.ours / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """None where nothing was promised."""
        wanted = ((self.ours, self.at_most), (self.ratio, self.ratio_at_most))
        held = [
            found is not None and found <= limit for found, limit in wanted if limit is not None
        ]
        return all(held) if held else None

    def cells(self) -> tuple[str, ...]:
        """In the order of `HEADS`."""
        other = "" if self.other is None else f"{number(self.other)} {self.unit}, {self.beside}"
        limits = (
            "" if self.at_most is None else f"≤ {number(self.at_most)} {self.unit}".strip(),
            "" if self.ratio_at_most is None else f"≤ {number(self.ratio_at_most)} ×",
        )
        return (
            self.what,
            f"{number(self.ours)} {self.unit}".strip(),
            other,
            "" if self.ratio is None else f"{number(self.ratio)} ×",
            ", ".join(filter(None, limits)),
            {None: "", True: "yes", False: "**no**"}[self.met],
            self.note,
        )


def number(value: float) -> str:
    """Three digits that count, never an exponent."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def text(rows: Sequence[Row]) -> str:
    """For a terminal."""
    table = [HEADS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def markdown(rows: Sequence[Row]) -> str:
    table = [
        HEADS,
        ("---", "--:", "--:", "--:", "--:", "---", "---"),
        *(row.cells() for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in table)


INTRO = """# Benchmarks

Written by `make bench ARGS=--write`; `--only load,grid` measures some parts, and replaces only their tables here. Everything – the product, PostgreSQL, Valkey, the stand-ins,
what it is compared with – ran on the one machine that each part names. A ratio is of two figures of the same run.
"""


def write(sections: Mapping[str, str], page: Path = PAGE) -> None:
    """Replaces these sections, by their headings, and keeps the others."""
    old = page.read_text() if page.exists() else ""
    # A part measured alone replaces its own table; the others keep machine and date of their own.
    kept = dict(re.findall(r"^## (.+)\n\n((?:(?!## ).*\n)*)", old, re.MULTILINE))
    merged = kept | {heading: f"{body.strip()}\n" for heading, body in sections.items()}
    parts = (f"## {heading}\n\n{body.strip()}\n" for heading, body in merged.items())
    page.write_text("\n".join([INTRO, *parts]))


def section(about: str, machine: str, rows: Sequence[Row]) -> str:
    return f"{about}\n\n{machine}\n\n{markdown(rows)}"


def machine(database: str) -> str:
    """What it ran on, and how busy that was just now; `database` says its version and settings."""
    import django

    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()} × {os.cpu_count()}, {_memory()} GB, "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}, "
        f"Django {django.get_version()}, {database}. Load of the machine over 1, 5 and 15 minutes "
        f"when it ended: {load}{_priority()}."
    )


def _priority() -> str:
    """How it was favoured over others on the machine, if it was."""
    if not hasattr(os, "sched_getscheduler"):
        return ""
    if os.sched_getscheduler(0) in {os.SCHED_RR, os.SCHED_FIFO}:
        return "; measured at real-time priority, beside that load"
    return f"; measured at nice {os.nice(0)}" if os.nice(0) else ""


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s+(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) / 1024**2:.0f}" if found else "?"


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""
