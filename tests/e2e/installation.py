"""An installation as it runs for its users: worker and beat in processes of their own, both stand-ins."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from platform_client.sandbox import PlatformStandIn
from platform_client.sandbox import start as start_platform
from psa_connectwise.sandbox import ConnectWiseStandIn, Keys
from psa_connectwise.sandbox import start as start_connectwise
from sandbox_kit.app import Running

ROOT = Path(__file__).resolve().parent.parent.parent
API_KEY = "end-to-end-key"


@dataclass
class Installation:
    """The test's database and broker, seen by processes of their own."""

    platform: Running[PlatformStandIn]
    connectwise: Running[ConnectWiseStandIn]
    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """`manage.py …` in a process of its own."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | changes,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def result(self, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
        """The command's machine-readable last line, after checking how it ended."""
        done = self.command(*arguments, "--json")
        assert done.returncode == exit_code, done.stderr[-2000:] + done.stdout
        read: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return read

    def start_worker(self) -> None:
        self._start("worker", "worker", "--pool", "threads", "--concurrency", "4")

    def start_beat(self) -> None:
        self._start("beat", "beat", "--schedule", str(self.folder / "beat"))

    def kill_worker(self) -> None:
        """As a machine that loses power: no chance to tidy up."""
        worker = self.processes.pop("worker")
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """It does nothing meanwhile, and goes on where it was."""
        worker = self.processes["worker"]
        worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            worker.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "integration", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def additions(self) -> list[dict[str, Any]]:
        """Everything of ours that stands in ConnectWise."""
        return [
            one
            for one in self.connectwise.app.store.all("additions")
            if str(one.get("serialNumber", "")).startswith("LB-")
        ]


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Both stand-ins answer, the broker is empty, nothing is configured but the environment."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    keys = Keys()
    with start_platform(api_key=API_KEY) as platform, start_connectwise() as connectwise:
        environment = {
            **os.environ,
            "DATABASE_URL": _database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "PLATFORM_URL": platform.url,
            "PLATFORM_API_KEY": API_KEY,
            "CONNECTWISE_URL": connectwise.url,
            "CONNECTWISE_COMPANY_ID": keys.company_id,
            "CONNECTWISE_PUBLIC_KEY": keys.public,
            "CONNECTWISE_PRIVATE_KEY": keys.private,
            "CONNECTWISE_CLIENT_ID": keys.client_id,
            "CONNECTWISE_TIMEOUT_SECONDS": "3",
            "CONNECTWISE_SETTLE_SECONDS": "1",
            "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": "600000",
            "DEFAULT_AGREEMENT_TYPE": "Cloud Subscriptions",
        }
        running = Installation(platform, connectwise, folder, environment)
        try:
            yield running
        finally:
            running.stop()


def _database_url() -> str:
    known = connection.settings_dict
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    return f"postgres://{known['USER']}{password}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
