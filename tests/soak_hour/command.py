"""`make soak ARGS="--minutes 60"`: web, worker, beat and both stand-ins, as the demo starts them.

People look, edit and load through their own sessions while the month is posted and taken back again,
over remotes that lose replies, answer late and fail. A table tells each minute; exit code 1 if memory,
connections or latency grew, or if the stand-in's records say that anything was lost or doubled.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from psycopg import sql

from integration.launch import demo, machine, standins
from integration.launch.processes import Stack, interruptible
from integration.launch.state import ROOT, State
from tests.soak_hour import samples, verdict
from tests.soak_hour.people import Crowd, Person

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
# After the faults: what is unknown is settled some seconds later, and then posted again.
LAST_SYNCS = 8
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


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
        self.watch(crowd)
        crowd.join()
        _say(", ".join(f"{what.strip()} {count:,}" for what, count in sorted(crowd.done.items())))
        return [*dict.fromkeys(crowd.wrong), *samples.grown(self.samples), *self.settle()]

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
            return subprocess.run(
                [str(self.python), "manage.py", *command.split()],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, check=False,
            ).returncode  # fmt: skip

    def dial(self, platform: dict[str, Any], connectwise: dict[str, Any]) -> None:
        for name, faults in (("PLATFORM_URL", platform), ("CONNECTWISE_URL", connectwise)):
            address = f"{self.environment[name]}/_sandbox/faults"
            requests.post(address, json=faults, timeout=60).raise_for_status()

    def post_and_take_back(self) -> None:
        """So that there is always something to post; who is refused by another's work tries again."""
        self.manage("sync_invoices --period current --cancellations skip")
        self.manage("undo_sync --period current")

    def watch(self, crowd: Crowd) -> None:
        """A sample each minute, oftener in a short soak; told as it comes."""
        count = min(MOST_SAMPLES, max(A_MINUTE, round(self.minutes * A_MINUTE)))
        began, every = time.monotonic(), self.minutes * 60 / count
        for number in range(1, count + 1):
            time.sleep(max(0, began + number * every - time.monotonic()))
            self.stack.refuse_dead()
            self.samples.append(self.sample(number * every / 60, crowd.take_times()))
            lines = list(samples.table(self.samples))
            _say("\n".join(lines if number == 1 else lines[-1:]))

    def sample(self, minute: float, times: Sequence[float]) -> samples.Sample:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            found = connection.execute(CONNECTIONS).fetchone()
        watched = ("web", "worker", "beat")
        return samples.Sample(
            minute=minute,
            memory={
                service.name: samples.memory(child.pid)
                for service, child in self.stack.children
                if service.name in watched
            },
            connections=int(found[0]) - 1 if found else 0,
            requests=len(times),
            p95=samples.p95(times),
        )

    def settle(self) -> list[str]:
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
            found = self.judge()
            if not found:
                break
            _say("\n".join(f"not yet: {one}" for one in found))
            time.sleep(10)
        return found

    def judge(self) -> list[str]:
        us = verdict.ours(self.environment["DATABASE_URL"])
        address = f"{self.environment['CONNECTWISE_URL']}/_sandbox/additions"
        additions = json.loads(requests.get(address, timeout=60).text, parse_float=Decimal)
        statuses = f"{sum(one.psa_status == 'synced' for one in us.lines)} lines Synced"
        _say(
            f"{statuses}, in Error: {dict(verdict.errors(us)) or 'none'}; {len(additions)} Additions"
        )
        return list(verdict.wrong(us, additions))


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
