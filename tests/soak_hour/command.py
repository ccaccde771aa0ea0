"""`make soak ARGS="--minutes 60"`: web, worker, beat and both stand-ins, as the demo starts them.

People look, edit and load through their own sessions while the month is posted and taken back again,
over remotes that lose replies, answer late and fail, and a Redis that forgets all it holds each half minute,
unless there was something of others in it. A table tells each minute; exit code 1 if memory,
connections, or what the pages cost grew, if an edit that was saved is gone, or if the stand-in's
records say that anything was lost or doubled. Others may use the machine meanwhile: pages are judged by
processor time, and by the clock only after what such work takes by the clock beyond that is taken off.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
import requests
from psycopg import sql

from integration.launch import demo, machine, standins
from integration.launch.processes import Stack, interruptible
from integration.launch.state import ROOT, State
from tests.soak_hour import samples, verdict
from tests.soak_hour.connections import Connections
from tests.soak_hour.gauge import Gauge
from tests.soak_hour.people import GRID, QUERIES, Crowd, Person

MOST_SAMPLES, A_MINUTE = 60, 10
CONNECTWISE_FAULTS = {
    "share_lost_reply": 0.02, "share_5xx_after": 0.02, "share_5xx_before": 0.02,
    "share_late_write": 0.01, "late_write_seconds": 5, "share_429": 0.02, "share_drop": 0.01,
    "latency_ms": 30, "search_lag_seconds": 3,
}  # fmt: skip
PLATFORM_FAULTS = {
    "share_5xx_before": 0.02,
    "share_429": 0.01,
    "share_drop": 0.01,
    "latency_ms": 20,
}
EMPTIED_EVERY = 30  # seconds
COULD_NOT_RUN = 2
# After the faults: what is unknown is settled some seconds later, and then posted again.
LAST_SYNCS = 8
POSTED = "SELECT count(*) FROM invoices_operation WHERE state = 'done'"
WATCHED = ("web", "worker", "beat")


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="linebridge-soak-"))
    state = State(folder)
    with interruptible(), state.locked(), Stack(state) as stack:
        hour = Hour(stack, people=asked.people, minutes=asked.minutes)
        failures = hour.run()
    for one in failures:
        _say(f"FAILED: {one}")
    if failures:
        _say(f"The logs are in {folder / 'logs'}.")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    _say("Nothing was lost, nothing stands twice, and nothing grew.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--people", type=int, default=4)
    return parser


class Hour:
    """One soak by the clock."""

    def __init__(self, stack: Stack, *, people: int, minutes: float) -> None:
        self.stack, self.people, self.minutes = stack, people, minutes
        self.python = Path(sys.executable)
        self.environment = os.environ | standins.start(stack, self.python)
        self.environment["DATABASE_URL"] = fresh_database(os.environ["DATABASE_URL"])
        self.address = f"http://127.0.0.1:{machine.free_port(0)}/"
        self.samples: list[samples.Sample] = []
        self.ended: Counter[str] = Counter()
        self.broker = redis.Redis.from_url(self.environment["REDIS_URL"])
        self.broker_is_ours = self.broker.dbsize() == 0
        self.web_cpu = 0.0

    def run(self) -> list[str]:
        self.bring_up()
        password = self.stack.state.secrets()["demo_login"]
        crowd = Crowd(self.address, demo.LOGIN, password)
        self.dial(PLATFORM_FAULTS, CONNECTWISE_FAULTS)
        for number in range(self.people):
            person = Person(crowd, number)
            crowd.begin(f"person {number}", person.look)
        crowd.begin("loader", Person(crowd, -1).load)
        crowd.begin("poster", self.post_and_take_back)
        if self.broker_is_ours:
            crowd.begin("forgetter", lambda: self.forget(crowd))
        with self.instruments() as (gauge, connections):
            self.watch(crowd, gauge, connections)
        crowd.join()
        for counted in (crowd.done, self.ended):
            _say(", ".join(f"{what.strip()} {count:,}" for what, count in sorted(counted.items())))
        return [*dict.fromkeys(crowd.wrong), *samples.grown(self.samples), *self.settle(crowd)]

    @contextmanager
    def instruments(self) -> Iterator[tuple[Gauge, Connections]]:
        month = time.strftime("%Y-%m")
        pages = [f"{GRID}?period={month}{query}" for query in QUERIES]
        database, broker = (self.environment[name] for name in ("DATABASE_URL", "REDIS_URL"))
        with (
            self.stack.state.log("gauge").open("a") as log,
            closing(Gauge(self.environment, demo.LOGIN, pages, log)) as gauge,
            closing(Connections(database, broker)) as connections,
        ):
            gauge.read()  # it takes its time to start
            yield gauge, connections

    def bring_up(self) -> None:
        """As `make demo` does, and a month that is mapped and loaded."""
        self.stack.run(demo.step(self.python, self.environment, self.stack.state))
        for service in demo.product(self.python, self.environment, self.address, self.stack.state):
            self.stack.start(service)
            self.stack.wait_ready(service)
        answer = requests.get(
            f"{self.environment['CONNECTWISE_URL']}/_sandbox/mappings.csv", timeout=60
        )
        mappings = self.stack.state.folder / "mappings.csv"
        mappings.write_bytes(answer.content)
        for command in (
            "refresh_directory",
            f"import_mappings {mappings}",
            "load_invoices --period current",
        ):
            if code := self.manage(command):
                raise RuntimeError(f"{command} ended with exit code {code}")
        self.post_and_take_back()  # so that every lane has its connection before these are counted

    def manage(self, command: str) -> int:
        """Through the workers, as an operator would in a terminal; nothing to do is no failure."""
        with self.stack.state.log("manage").open("a") as log:
            code = subprocess.run(
                [str(self.python), "manage.py", *command.split()],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, check=False,
            ).returncode  # fmt: skip
        self.ended[f"{command.split()[0]} with exit code {code}"] += 1
        return code

    def dial(self, platform: dict[str, Any], connectwise: dict[str, Any]) -> None:
        for name, faults in (("PLATFORM_URL", platform), ("CONNECTWISE_URL", connectwise)):
            address = f"{self.environment[name]}/_sandbox/faults"
            requests.post(address, json=faults, timeout=60).raise_for_status()

    def post_and_take_back(self) -> None:
        """So that there is always something to post; who is refused by another's work tries again."""
        if self.manage("sync_invoices --period current --cancellations skip") != COULD_NOT_RUN:
            self.manage("undo_sync --period current")

    def forget(self, crowd: Crowd) -> None:
        """All doorbells, the cache, the counters: what is to be done stands in PostgreSQL."""
        self.broker.flushdb()
        crowd.done["emptied Redis"] += 1
        crowd.stop.wait(EMPTIED_EVERY)

    def watch(self, crowd: Crowd, gauge: Gauge, connections: Connections) -> None:
        """A sample each minute, oftener in a short soak; told as it comes."""
        count = min(MOST_SAMPLES, max(A_MINUTE, round(self.minutes * A_MINUTE)))
        began, every = time.monotonic(), self.minutes * 60 / count
        self.web_cpu = samples.processor(self.pid("web"))
        crowd.take_times()
        while (passed := time.monotonic() - began) < self.minutes * 60:
            # What a slow sample takes is not made up for: each has a whole interval's requests.
            time.sleep(every)
            self.stack.refuse_dead()
            minute = (passed + every) / 60
            self.samples.append(self.sample(minute, crowd.take_times(), gauge, connections))
            lines = list(samples.table(self.samples))
            _say("\n".join(lines if len(lines) == 2 else lines[-1:]))

    def sample(
        self, minute: float, times: Sequence[float], gauge: Gauge, connections: Connections
    ) -> samples.Sample:
        before, self.web_cpu = self.web_cpu, samples.processor(self.pid("web"))
        cost, held = gauge.read(), connections.take()
        return samples.Sample(
            minute=minute,
            memory={name: samples.memory(self.pid(name)) for name in WATCHED},
            connections={"PostgreSQL": held.postgresql, "Redis": held.redis},
            posted=self.posted(),
            requests=len(times),
            p95=samples.p95(times),
            request_cpu=1000 * (self.web_cpu - before) / max(1, len(times)),
            page_cpu=cost.cpu,
            crowding=cost.crowding,
        )

    def pid(self, service: str) -> int:
        return next(child.pid for one, child in self.stack.children if one.name == service)

    def posted(self) -> int:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            found = connection.execute(POSTED).fetchone()
        return int(found[0]) if found else 0

    def settle(self, crowd: Crowd) -> list[str]:
        """Without faults, load and sync until the verdict is clean; what is still wrong at the end."""
        for name in ("PLATFORM_URL", "CONNECTWISE_URL"):
            requests.post(
                f"{self.environment[name]}/_sandbox/reset", json={"data": False}, timeout=60
            )
        found: list[str] = []
        for _ in range(LAST_SYNCS):
            self.manage("load_invoices --period current")
            self.manage("settle_postings")
            self.manage("sync_invoices --period current --cancellations skip")
            found = self.judge(crowd)
            if not found:
                break
            _say("\n".join(f"not yet: {one}" for one in found))
            time.sleep(10)
        return found

    def judge(self, crowd: Crowd) -> list[str]:
        us = verdict.ours(self.environment["DATABASE_URL"])
        address = f"{self.environment['CONNECTWISE_URL']}/_sandbox/additions"
        additions = json.loads(requests.get(address, timeout=60).text, parse_float=Decimal)
        statuses = f"{sum(one.psa_status == 'synced' for one in us.lines)} lines Synced"
        _say(
            f"{statuses}, in Error: {dict(verdict.errors(us)) or 'none'}; {len(additions)} Additions"
        )
        edits = verdict.lost_edits(self.environment["DATABASE_URL"], crowd.saved)
        return [*verdict.wrong(us, additions), *edits]


def fresh_database(url: str) -> str:
    """Beside the one that is given: the stand-ins begin anew too, and know nothing of older lines."""
    given = urlsplit(url)
    name = f"{given.path.strip('/')}_soak"
    with psycopg.connect(urlunsplit(given._replace(path="/postgres")), autocommit=True) as admin:
        for command in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
            admin.execute(sql.SQL(command).format(sql.Identifier(name)))
    return urlunsplit(given._replace(path=f"/{name}"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
