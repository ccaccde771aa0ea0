"""A seed with real processes, real sockets and SIGKILL: not to be replayed, but nothing is played.

Only the waiting isn't real: between two killings the database's clocks are set forward.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from integration.launch.state import ROOT
from sandbox_kit.app import Running
from tests.soak.boundaries import Boundary, Tally
from tests.soak.play import MOST_TRIES, Play
from tests.soak.scenario import MONTHS
from tests.soak.stage import Stage

WORKERS, ROUNDS = 3, 4
FAULTS = {
    "share_lost_reply": 0.1,
    "share_5xx_after": 0.1,
    "share_late_write": 0.1,
    "share_5xx_before": 0.05,
    "late_write_seconds": 3600,
    "latency_ms": 15,
}


def play_for_real(stage: Stage, seed: int, *, rounds: int = ROUNDS) -> Tally:
    """One month, posted by workers that are killed again and again."""
    tally = stage.reset(seed)
    play = Play(stage, seed)
    play.begin(MONTHS[0])
    play.people.press_sync()
    stage.bells.clear()
    with Running(stage.app, "127.0.0.1", 0) as server:
        server.faults.set(**FAULTS, seed=seed)
        for _ in range(rounds):
            with _workers(server.url):
                time.sleep(play.random.uniform(0.1, 1.0))
            tally[Boundary.KILLED_FOR_REAL] += WORKERS
            stage.crew.pass_time(400)
        server.faults.reset()
        server.land_late_writes()
    play.shop.work_until_quiet()
    play.press_until_posted(limit=MOST_TRIES)
    play.judge()
    play.nothing_more_is_sent()
    return tally


@contextmanager
def _workers(url: str) -> Iterator[None]:
    """Killed at the end, wherever they are."""
    workers = [_start(lane, url) for lane in range(WORKERS)]
    try:
        for worker in workers:
            assert worker.stdout
            if worker.stdout.readline() != b"ready\n":
                raise RuntimeError("a worker could not start")
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            worker.communicate()


def _start(lane: int, url: str) -> "subprocess.Popen[bytes]":
    known = connection.settings_dict
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    where = f"{known['USER']}{password}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://{where}",
        "CONNECTWISE_URL": url,
        "CONNECTWISE_COMPANY_ID": settings.CONNECTWISE_COMPANY_ID,
        "CONNECTWISE_PUBLIC_KEY": settings.CONNECTWISE_PUBLIC_KEY,
        "CONNECTWISE_PRIVATE_KEY": settings.CONNECTWISE_PRIVATE_KEY,
        "CONNECTWISE_CLIENT_ID": settings.CONNECTWISE_CLIENT_ID,
        "CONNECTWISE_TIMEOUT_SECONDS": str(settings.CONNECTWISE_TIMEOUT_SECONDS),
        "CONNECTWISE_SETTLE_SECONDS": str(settings.CONNECTWISE_SETTLE_SECONDS),
        "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": "600000",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.soak.worker", str(lane)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
