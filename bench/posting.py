"""Posting: wall time against requests × round trip ÷ concurrency (target ≤ 1.1), and what a line costs.

    DATABASE_URL=… REDIS_URL=… python -m bench.posting --lines 10000 --latency 100 --concurrency 8

Everything runs on this computer: worker, PostgreSQL, the stand-in. The quota is lifted. The lists at
the start and the plan are shown apart.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import requests

from bench import world

QUOTA = 100_000_000
PORT = 58_722
SAMPLE = 100  # lines whose statements are counted
URL = f"http://127.0.0.1:{PORT}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.posting", description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--agreements", type=int, default=20)
    parser.add_argument("--latency", type=float, default=100.0, help="milliseconds")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1, help="processes of the worker")
    options = parser.parse_args()
    with world.stand_in(PORT) as connectwise:
        name = world.prepare(url=URL, quota=QUOTA, concurrency=options.concurrency)
        world.seed(options.lines + SAMPLE, agreements=options.agreements)
        statements = statements_per_line()
        requests.post(f"{URL}/_sandbox/faults", json={"latency_ms": options.latency}, timeout=5)
        for label, figure in measure(options, name, connectwise.pid).items():
            sys.stdout.write(f"{label:32}{figure:>14}\n")
    sys.stdout.write(f"{'SQL statements per line':32}{statements:14.1f}\n")


def statements_per_line() -> float:
    """Counted in this process on a few lines of their own; commits are told apart."""
    from django.db import connection

    from invoices.models import InvoiceLine
    from invoices.sync import lanes, run

    lines = InvoiceLine.objects.order_by("-pk").values_list("pk", flat=True)[:SAMPLE]
    started = run.start_run(period=world.MAY, user=None, line_ids=list(lines))
    run.plan_if_needed(started.pk, started.epoch)
    counted = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        lanes.work_lane(started.pk, started.epoch, 0)
    return counted / SAMPLE


def _commits() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def workers(options: argparse.Namespace) -> Iterator[list[int]]:
    """Celery workers as the launcher starts them; their process ids."""
    threads = max(2, -(-options.concurrency // options.workers))
    command = [sys.executable, "-m", "celery", "-A", "integration", "worker", "--pool", "threads"]
    command += ["--concurrency", str(threads), "--without-gossip", "--without-mingle"]
    with ExitStack() as stack:
        started = [
            stack.enter_context(world.running([*command, "-n", f"bench{number}@%h"]))
            for number in range(options.workers)
        ]
        time.sleep(6)  # until they have connected
        if any(one.poll() is not None for one in started):
            raise RuntimeError("a worker ended by itself")
        yield [one.pid for one in started]


def measure(options: argparse.Namespace, database: str, stand_in_pid: int) -> dict[str, str]:
    """One run through workers of its own."""
    from invoices.models import SyncRun
    from invoices.sync import run
    from invoices.sync.states import RunState
    from invoices.tasks import sync as doorbell

    with workers(options) as pids:
        began = time.perf_counter()
        started = run.start_run(period=world.MAY, user=None)
        doorbell.ring(started)
        row = SyncRun.objects.filter(pk=started.pk)
        while row.filter(state=RunState.PLANNING).exists():
            time.sleep(0.02)
        planned = time.perf_counter()
        spent = {
            "workers": world.Processor(pids=pids),
            "PostgreSQL": world.Processor(database=database),
            "the stand-in": world.Processor(pids=[stand_in_pid]),
        }
        sent, commits = -_meter()["requests"], -_commits()
        while row.filter(state=RunState.RUNNING).exists():
            time.sleep(0.1)
            for one in spent.values():
                one.look()
        wall = time.perf_counter() - planned
    sent, commits = sent + _meter()["requests"], commits + _commits()
    ideal = sent * options.latency / 1000 / options.concurrency
    return {
        "lines": f"{options.lines:,}",
        "outcome": run.progress(row.get()).sentence(),
        "read and plan, s": f"{planned - began:.2f}",
        "requests per line (≤ 1.05)": f"{sent / options.lines:.3f}",
        "most requests at once": str(_meter()["maxInFlight"]),
        "wall, s": f"{wall:.2f}",
        "ideal, s": f"{ideal:.2f}",
        "wall ÷ ideal (≤ 1.1)": f"{wall / ideal:.3f}" if ideal else "-",
        "commits per line": f"{commits / options.lines:.1f}",
        **{
            f"CPU of {name}, ms a line": f"{one.seconds() / options.lines * 1000:.2f}"
            for name, one in spent.items()
        },
    }


def _meter() -> dict[str, int]:
    found: dict[str, int] = requests.get(f"{URL}/_sandbox/state", timeout=5).json()
    return found


if __name__ == "__main__":
    main()
