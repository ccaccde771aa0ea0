"""What is looked at each minute, and whether any of it grows."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One interval; the memory and connections at its end, the latency of all its requests."""

    minute: float
    memory: Mapping[str, float]  # MB, by service
    connections: int
    requests: int
    p95: float  # milliseconds


@dataclass(frozen=True)
class Limit:
    """Growth that is no trend: a share of the beginning, and what comes and goes on top of it."""

    share: float
    slack: float


MEMORY, CONNECTIONS, LATENCY = Limit(0.15, 15), Limit(0, 6), Limit(1.0, 100)
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
    before, after = (median(one.connections for one in part) for part in (early, late))
    found += _grown("connections to PostgreSQL", before, after, "", CONNECTIONS)
    before, after = (median(one.p95 for one in part) for part in (early, late))
    return [*found, *_grown("p95 of the pages", before, after, "ms", LATENCY)]


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


def table(samples: Sequence[Sample]) -> Iterator[str]:
    names = list(samples[0].memory) if samples else []
    heads = ["minute", *(f"{name} MB" for name in names), "connections", "requests", "p95 ms"]
    yield "  ".join(f"{head:>11}" for head in heads)
    for one in samples:
        cells = [f"{one.minute:.1f}", *(f"{one.memory[name]:.0f}" for name in names)]
        cells += [str(one.connections), str(one.requests), f"{one.p95:.0f}"]
        yield "  ".join(f"{cell:>11}" for cell in cells)
