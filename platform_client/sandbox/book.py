"""The invented Platform's book: its months, what was changed by hand since, and a window read in id order."""

import heapq
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from platform_client.sandbox import months, subscriptions
from platform_client.sandbox.lines import (
    FILLING,
    Line,
    Month,
    believable,
    filler,
    offer_record,
    organization_record,
)
from sandbox_kit.journal import Journal
from sandbox_kit.reseller import customers, offers

MONTHS_BACK = 2  # so three months at the start; later ones come with the calendar

Changes = dict[str, Line]


@dataclass(frozen=True)
class Window:
    """The days a client asked for, both included."""

    start: date
    end: date

    def holds(self, line: Line) -> bool:
        """Whether the line belongs in the window."""
        # A line that a test has broken may lack its date: it stays in its page.
        day = line.get("invoiceDate")
        try:
            return self.start <= date.fromisoformat(day or "") <= self.end
        except (TypeError, ValueError):
            return True


class Book:
    """Thread-safe. `changes` maps a line's id to set/unset/removed, or to a whole added line."""

    def __init__(
        self, today: Callable[[], date], seed: int, lines: int | None, state_file: Path | None
    ) -> None:
        anchor = {"anchor": today().isoformat(), "seed": seed, "lines": lines}
        self._journal = Journal(state_file, anchor)
        header = self._journal.header
        self.anchor = date.fromisoformat(header["anchor"])
        self.seed, self.lines_a_month = int(header["seed"]), header["lines"]
        self._today, self._lock = today, threading.Lock()
        self._held = subscriptions.build(self.seed)
        self._believable = lru_cache(maxsize=64)(self._month_lines)
        self.changes: Changes = {}
        for entry in self._journal.entries:
            self._apply(entry)

    def close(self) -> None:
        """Close the state file."""
        self._journal.close()

    def reset(self) -> None:
        """Forget what was changed by hand."""
        with self._lock:
            self.changes.clear()
            self._journal.restart()

    # -- what it holds -----------------------------------------------------------------------

    def months(self) -> list[Month]:
        """From the first month to the present one; time alone adds to them."""
        present = max(months.between(self.anchor, self._today()), 0)
        return [self._month(offset, present) for offset in range(-MONTHS_BACK, present + 1)]

    def _month(self, offset: int, present: int) -> Month:
        last_day = self.anchor.day if offset == 0 else 28
        # The present month holds no invoice from a day that has not come yet.
        if offset == present and offset > 0:
            last_day = min(self._today().day, 28)
        first = months.first_of(self.anchor, offset)
        return Month(first, offset, last_day, offset == present, self.seed)

    def _month_lines(self, month: Month) -> list[Line]:
        lines = believable(month, self._held)[: self.lines_a_month]
        return [{"id": _line_id(month, n), **line} for n, line in enumerate(lines, 1)]

    def _line(self, month: Month, number: int) -> Line:
        known = self._believable(month)
        if number <= len(known):
            return known[number - 1]
        return {"id": _line_id(month, number), **filler(month, number)}

    def count(self, month: Month) -> int:
        """How many lines the month has, filled up or cut to the number asked for."""
        if self.lines_a_month is None:
            return len(self._believable(month))
        return int(self.lines_a_month)

    def organizations(self) -> list[Line]:
        """Every customer as the API shows it."""
        return [organization_record(customer) for customer in customers()]

    def offers(self, window: Window) -> list[Line]:
        """The offers on lines of the window; all regular ones once a month was filled up."""
        found: dict[str, Line] = {}
        for month in self._months_in(window):
            for line in self._believable(month):
                if window.holds(line):
                    found[line["offer"]["id"]] = line["offer"]
            if self.count(month) > len(self._believable(month)):
                found |= {o.platform_id: offer_record(o) for o in offers() if o.number <= 5056}
        return [found[key] for key in sorted(found)]

    # -- reading a window --------------------------------------------------------------------

    def _months_in(self, window: Window) -> list[Month]:
        return [
            month
            for month in self.months()
            if month.first <= window.end and months.last_of(month.first) >= window.start
        ]

    def snapshot(self) -> Changes:
        """The changes so far: a reader goes on with them while others are made."""
        with self._lock:
            return dict(self.changes)

    def total(self, window: Window, changes: Changes) -> int:
        """How many lines `read` would give, without making each of them."""
        known = sum(self._untouched(month, window) for month in self._months_in(window))
        for identifier, change in changes.items():
            base = self.find_untouched(identifier)
            known -= bool(base and window.holds(base))
            now = _changed(base, change)
            known += bool(now and window.holds(now))
        return known

    def _untouched(self, month: Month, window: Window) -> int:
        known = self._believable(month)
        first_filler = len(known) + 1
        fits = [window.start <= month.invoice_date(customer) <= window.end for customer in FILLING]
        more = sum(fits[n % len(fits)] for n in range(first_filler, self.count(month) + 1))
        return more + sum(window.holds(line) for line in known)

    def read(self, window: Window, changes: Changes, after: str = "") -> Iterator[Line]:
        """Lines of the window with an id beyond `after`, in id order, made as they are asked for."""
        # By id like the others: a cursor names the last id that was given out.
        added = sorted(
            (change["line"] for change in changes.values() if "line" in change),
            key=lambda line: str(line["id"]),
        )
        later = (line for line in added if line["id"] > after)
        for line in heapq.merge(self._generated(window, after), later, key=lambda x: str(x["id"])):
            now = _changed(line, changes.get(line["id"], {}))
            if now and window.holds(now):
                yield now

    def _generated(self, window: Window, after: str) -> Iterator[Line]:
        for month in self._months_in(window):
            # "~" sorts behind every digit: all of the month has been given out.
            if after > f"{_line_id(month, 0)[:12]}~":
                continue
            start = _number_after(month, after)
            for number in range(start, self.count(month) + 1):
                yield self._line(month, number)

    def find_untouched(self, identifier: str) -> Line | None:
        """The line as generated, None for one that was added by hand."""
        for month in self.months():
            if identifier.startswith(_line_id(month, 0)[:12]) and identifier[12:].isdigit():
                number = int(identifier[12:])
                return self._line(month, number) if 1 <= number <= self.count(month) else None
        return None

    def find(self, identifier: str) -> Line | None:
        """The line as it is now, None once it was removed."""
        change = self.snapshot().get(identifier, {})
        return _changed(self.find_untouched(identifier), change)

    # -- changing it by hand -----------------------------------------------------------------

    def change(self, identifier: str, **entry: Any) -> Line | None:
        """`set={…}`, `unset=[…]`, `removed=True`, or `line={…}` for a new one. Returns the line now."""
        if "line" not in entry and not self.find(identifier) and not entry.get("set"):
            raise ValueError(f"no line {identifier!r}")
        entry = {"id": identifier, **entry}
        if "line" in entry:
            entry["line"] = {**entry["line"], "id": identifier}
        with self._lock:
            self._apply(entry)
            self._journal.append(entry)
        return self.find(identifier)

    def _apply(self, entry: Line) -> None:
        known = dict(self.changes.get(entry["id"], {}))
        known["set"] = {**known.get("set", {}), **entry.get("set", {})}
        known["unset"] = sorted({*known.get("unset", ()), *entry.get("unset", ())})
        known["unset"] = [name for name in known["unset"] if name not in entry.get("set", {})]
        known["removed"] = bool(entry.get("removed", False))
        if "line" in entry:
            known["line"] = entry["line"]
        self.changes[entry["id"]] = known


def _line_id(month: Month, number: int) -> str:
    return f"line-{month.first:%Y%m}-{number:06d}"


def _number_after(month: Month, after: str) -> int:
    return int(after[12:] or 0) + 1 if after.startswith(_line_id(month, 0)[:12]) else 1


def _changed(line: Line | None, change: Line) -> Line | None:
    """The line with what was done to it by hand, None if it was removed."""
    line = line or change.get("line")
    if not line or change.get("removed"):
        return None
    if not change:
        return line
    merged = {**line, **change.get("set", {})}
    return {name: value for name, value in merged.items() if name not in change["unset"]}
