"""Posting: a run through workers of its own, from the first request to the last.

Recurring lines of May, which are created, and the same of June with other quantities, which change what May
has created. The round trip is the stand-in's latency, the quota is lifted. The ideal is requests × round trip ÷
concurrency; the lists at the start and the plan are apart. Beside it stands a plain script: a loop that
posts one addition after the other, by our own client, and keeps nothing; reckoned from a sample.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import requests

from bench import world
from bench.report import Row
from bench.sizes import Sizes

QUOTA = 100_000_000
AGREEMENTS = 20
SAMPLE = 100  # lines whose statements are counted
BY_SCRIPT = 50  # lines that the plain script posts
LONGEST = 1.1  # of the ideal
MOST_REQUESTS = 1.05  # per line


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a run took."""

    lines: int
    outcome: str
    planning: float  # seconds
    posting: float
    requests: int
    refused: int  # of them, with 429
    at_once: int
    commits: int
    cpu: dict[str, float]  # seconds, by who used them


def rows(sizes: Sizes) -> list[Row]:
    port = world.free_port()
    url = f"http://127.0.0.1:{port}"
    with world.stand_in(port) as connectwise:
        name = world.prepare(url=url, quota=QUOTA, concurrency=sizes.concurrency)
        world.settle_in()
        agreements = world.make_agreements(AGREEMENTS)
        for month, more in ((world.MAY, 0), (world.JUNE, 1)):
            world.add_lines(
                sizes.posted + SAMPLE, agreements=agreements,
                charge_type="Cycle Fee", month=month, more=more,
            )  # fmt: skip
        statements = statements_per_line()
        requests.post(f"{url}/_sandbox/faults", json={"latency_ms": sizes.latency}, timeout=5)
        script = script_per_line()
        with workers(sizes) as pids:
            created, updated = (
                run_once(
                    url=url, database=name, stand_in=connectwise.pid, workers=pids, period=month,
                    line_ids=lines_of(month, sizes.posted),
                )
                for month in (world.MAY, world.JUNE)
            )  # fmt: skip
        return [
            *_rows(sizes, created, "created"),
            Row(what=f"{sizes.posted:,} lines created", ours=created.posting, unit="s",
                other=script * sizes.posted,
                beside=f"plain script, reckoned from {BY_SCRIPT} lines"),
            Row(what="SQL statements per created line", ours=statements, unit=""),
            *_rows(sizes, updated, "updated"),
        ]  # fmt: skip


def lines_of(month: date, count: int) -> list[int]:
    """The ids of so many; those at the end are for counting statements."""
    from invoices.models import InvoiceLine

    lines = InvoiceLine.objects.filter(period=month).order_by("pk")
    return list(lines.values_list("pk", flat=True)[:count])


def _rows(sizes: Sizes, posted: Posted, how: str) -> list[Row]:
    ideal = posted.requests * sizes.latency / 1000 / sizes.concurrency
    lines = posted.lines
    cpu = ", ".join(
        f"{name} {seconds / lines * 1000:.2f} ms" for name, seconds in posted.cpu.items()
    )
    return [
        Row(what=f"{lines:,} lines {how}, {sizes.latency:g} ms, {sizes.concurrency} requests at once",
            ours=posted.posting, unit="s", other=ideal or None, beside="ideal",
            ratio_at_most=LONGEST if ideal else None, note=posted.outcome),
        Row(what=f"requests per {how} line, the lists apart", ours=posted.requests / lines, unit="",
            at_most=MOST_REQUESTS, note=f"{posted.at_once} at once"),
        Row(what="lists read and all planned before it", ours=posted.planning, unit="s"),
        Row(what=f"CPU per {how} line", ours=sum(posted.cpu.values()) / lines * 1000, unit="ms",
            note=f"{cpu}; {posted.commits / lines:.1f} commits"),
    ]  # fmt: skip


def script_per_line() -> float:
    """Seconds that a line takes who posts them one by one."""
    from invoices.models import InvoiceLine
    from psa_connectwise import conf
    from psa_connectwise.payloads import NewAddition

    client = conf.get_client()
    lines = InvoiceLine.objects.select_related("agreement", "product")[:BY_SCRIPT]
    began = time.perf_counter()
    for line in lines:
        assert line.agreement
        assert line.product
        client.create_addition(
            line.agreement.connectwise_id,
            NewAddition(
                product_id=line.product.connectwise_id,
                quantity=line.quantity,
                unit_price=line.unit_price,
                unit_cost=line.unit_cost,
                effective_date=line.charge_start_date,
                invoice_description=line.offer_name,
                taxable=True,
            ),
        )
    return (time.perf_counter() - began) / len(lines)


def statements_per_line() -> float:
    """Counted in this process on a few lines of their own; commits are told apart."""
    from django.db import connection

    from invoices.models import InvoiceLine
    from invoices.sync import lanes, run

    lines = InvoiceLine.objects.filter(period=world.MAY).order_by("-pk")
    # The last ones: the run that is timed takes the first.
    last = list(lines.values_list("pk", flat=True)[:SAMPLE])
    started = run.start_run(period=world.MAY, user=None, line_ids=last)
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
        # Else the counters lag behind by up to a second, and this read would be of an old snapshot.
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def workers(sizes: Sizes) -> Iterator[list[int]]:
    """Celery workers as the launcher starts them; their process ids."""
    # Rounded up: together they hold at least as many as may be under way at once.
    threads = max(2, -(-sizes.concurrency // sizes.workers))
    command = [sys.executable, "-m", "celery", "-A", "integration", "worker", "--pool", "threads"]
    command += ["--concurrency", str(threads), "--without-gossip", "--without-mingle"]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                world.running(
                    [*command, "-n", f"bench{number}@%h"],
                    CONNECTWISE_CONCURRENCY=str(sizes.concurrency),
                )
            )
            for number in range(sizes.workers)
        ]
        world.wait_for(lambda: _answering(sizes.workers) == sizes.workers)
        yield [one.pid for one in started]


def _answering(wanted: int) -> int:
    from integration.celery import app

    return len(app.control.broadcast("ping", reply=True, timeout=5.0, limit=wanted) or ())


def _spent(workers: Sequence[int], database: str, stand_in: int) -> dict[str, world.Processor]:
    return {
        "workers": world.Processor(pids=workers),
        "PostgreSQL": world.Processor(database=database),
        "the stand-in": world.Processor(pids=[stand_in]),
    }


def _look_again(spent: Iterable[world.Processor]) -> None:
    time.sleep(0.1)
    for one in spent:
        one.look()


def run_once(
    *,
    url: str,
    database: str,
    stand_in: int,
    workers: Sequence[int],
    period: date,
    line_ids: list[int],
) -> Posted:
    """These lines of a month."""
    from invoices.models import SyncRun
    from invoices.sync import run
    from invoices.sync.states import RunState
    from invoices.tasks import sync as doorbell

    began = time.perf_counter()
    started = run.start_run(period=period, user=None, line_ids=line_ids)
    doorbell.ring(started)
    row = SyncRun.objects.filter(pk=started.pk)
    while row.filter(state=RunState.PLANNING).exists():
        time.sleep(0.02)
    planned = time.perf_counter()
    spent = _spent(workers, database, stand_in)
    before, commits = _meter(url), -_commits()
    while row.filter(state=RunState.RUNNING).exists():
        _look_again(spent.values())
    ended = time.perf_counter()
    meter = _meter(url)
    return Posted(
        lines=len(line_ids),
        outcome=run.progress(row.get()).sentence(),
        planning=planned - began,
        posting=ended - planned,
        requests=meter["requests"] - before["requests"],
        refused=_refused(meter) - _refused(before),
        at_once=meter["maxInFlight"],
        commits=commits + _commits(),
        cpu={name: one.seconds() for name, one in spent.items()},
    )


def _refused(meter: dict[str, Any]) -> int:
    return int(meter["byStatus"].get("429", 0))


def _meter(url: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{url}/_sandbox/state", timeout=5).json()
    return found
