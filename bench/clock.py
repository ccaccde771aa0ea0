"""How long work took, and how much of the processors: what counts on a machine that others use."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.db import connection

from bench.world import TICK


@dataclass(frozen=True)
class Spent:
    """By the clock, and by the processors: of this process and of its session in PostgreSQL."""

    seconds: float
    cpu: float


def spent(work: Callable[[], object]) -> Spent:
    """Of work in this process, on its one session of PostgreSQL."""
    server = Path(f"/proc/{_session()}/stat")
    clock, cpu = time.perf_counter(), time.process_time() + _used(server)
    work()
    return Spent(time.perf_counter() - clock, time.process_time() + _used(server) - cpu)


def middle(several: Sequence[Spent]) -> Spent:
    """The median of each by itself: the one round that was disturbed is not told."""
    return Spent(median(one.seconds for one in several), median(one.cpu for one in several))


def in_cpu(ours: Spent, other: Spent) -> str:
    """What a busy machine distorts least."""
    if not other.cpu:
        return ""
    return f"CPU: {ours.cpu:.2f} s and {other.cpu:.2f} s, {ours.cpu / other.cpu:.2g} ×"


def _session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _used(stat: Path) -> float:
    """0 where PostgreSQL runs on another machine, or this one has no /proc."""
    if not stat.exists():
        return 0.0
    found = stat.read_text().rpartition(")")[2].split()
    return (int(found[11]) + int(found[12])) / TICK
