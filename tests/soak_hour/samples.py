"""What is looked at each minute, and whether any of it grows."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One interval: what is held at its end or at most in it, and the latency of all its requests."""

    minute: float
    memory: Mapping[str, float]  # MB, by service
    connections: Mapping[str, int]  # the peak, by server
    posted: int  # operations that reached ConnectWise, since the start
    requests: int
    p95: float  # milliseconds by the clock
    request_cpu: float  # milliseconds of the web server's processor time
    page_cpu: float  # milliseconds of processor time, PostgreSQL's included (gauge.py)
    crowding: float  # by the clock ÷ processor time: what others on the machine cost

    @property
    def alone(self) -> float:
        """The p95 of a machine that nobody else uses, about."""
        return self.p95 / self.crowding


@dataclass(frozen=True)
class Limit:
    """Growth that is no trend: a share of the beginning, and what comes and goes on top of it."""

    share: float
    slack: float


MEMORY, CONNECTIONS = Limit(0.15, 15), Limit(0, 6)
LATENCY, PROCESSOR = Limit(1.0, 100), Limit(0.5, 10)
TIMES: Sequence[tuple[str, Callable[[Sample], float], Limit]] = (
    ("processor time of a page", lambda one: one.page_cpu, PROCESSOR),
    ("processor time of a request in the web server", lambda one: one.request_cpu, PROCESSOR),
    ("p95 of the pages, others on the machine taken off,", lambda one: one.alone, LATENCY),
)
# Caches and pools fill up first.
WARM = 0.2


def grown(samples: Sequence[Sample]) -> list[str]:
    """What is higher in the last third than in the first one after the start, in words."""
    settled = samples[int(len(samples) * WARM) :]
    third = len(settled) // 3
    if not third:
        return ["too few samples to tell a trend: let it run longer"]
    early, late = settled[:third], settled[-third:]
    found: list[str] = []
    for name in settled[0].memory:
        before, after = (median(one.memory[name] for one in part) for part in (early, late))
        found += _grown(f"memory of {name}", before, after, "MB", MEMORY)
    for name in settled[0].connections:
        # Syncs come when they come: only a peak that none before reached is growth.
        before, after = (
            max(one.connections[name] for one in part) for part in (samples[:-third], late)
        )
        found += _grown(f"connections to {name}", before, after, "", CONNECTIONS)
    for what, read, limit in TIMES:
        before, after = (median(map(read, part)) for part in (early, late))
        found += _grown(what, before, after, "ms", limit)
    if late[-1].posted == samples[0].posted:
        found.append("nothing was posted while it was watched")
    return found


def _grown(what: str, before: float, after: float, unit: str, limit: Limit) -> Iterator[str]:
    if after > before * (1 + limit.share) + limit.slack:
        yield f"{what} grew from {before:.0f} to {after:.0f} {unit}".rstrip()


def p95(seconds: Sequence[float]) -> float:
    """In milliseconds; 0 where nothing was asked."""
    if len(seconds) < 2:
        return 1000 * sum(seconds)
    return 1000 * quantiles(seconds, n=20, method="inclusive")[-1]


def memory(process: int) -> float:
    """MB of a process and all it has started."""
    return sum(map(_resident, _family(process))) * PAGE / 1_000_000


def _family(process: int) -> Iterator[int]:
    yield process
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:  # it has just ended
            continue
        for child in children:
            yield from _family(int(child))


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0


def processor(process: int) -> float:
    """Seconds that a process, all it has started and all of these that have ended used of it."""
    return sum(map(_ticks, _family(process))) / TICK


def _ticks(process: int) -> int:
    try:
        stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(ticks) for ticks in stat[11:15])


def table(samples: Sequence[Sample]) -> Iterator[str]:
    names = list(samples[0].memory) if samples else []
    servers = list(samples[0].connections) if samples else []
    heads = ["minute", *(f"{name} MB" for name in names), *servers]
    heads += ["posted", "requests", "p95 ms", "crowding", "web CPU ms", "page CPU ms"]
    yield "  ".join(f"{head:>11}" for head in heads)
    for one in samples:
        cells = [f"{one.minute:.1f}", *(f"{one.memory[name]:.0f}" for name in names)]
        cells += [str(one.connections[name]) for name in servers]
        cells += [str(one.posted), str(one.requests), f"{one.p95:.0f}", f"{one.crowding:.1f}"]
        cells += [f"{one.request_cpu:.0f}", f"{one.page_cpu:.0f}"]
        yield "  ".join(f"{cell:>11}" for cell in cells)
