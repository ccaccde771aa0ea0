"""`make demo` from end to end, on a state folder of its own."""

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from integration.launch.state import ROOT, State
from tests.launch.conftest import (
    PATIENCE,
    Launch,
    gone,
    own_environment,
    processes_of,
    read_until,
)

DEMO = """
import sys
from pathlib import Path
from integration.launch import demo
from integration.launch.processes import interruptible
from integration.launch.state import LaunchError, State
try:
    with interruptible():
        sys.exit(demo.run(Path(sys.executable), State.here()))
except LaunchError as error:
    sys.exit(str(error))
"""
RUNS = "Linebridge runs:"
EVERYONE = {
    "postgres", "valkey-server", "platform_client.sandbox", "psa_connectwise.sandbox", "gunicorn",
    "integration worker", "integration beat",
}  # fmt: skip
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def open_files(process: int) -> Iterator[str]:
    """As the kernel names them; a busy process closes some meanwhile, or has ended."""
    with suppress(FileNotFoundError):
        for link in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):
                yield str(link.readlink())


def listening(processes: dict[int, str]) -> set[str]:
    """The local addresses (as the kernel writes them) on which these processes listen."""
    sockets = {opened for process in processes for opened in open_files(process)}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


def manage(state: State, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**own_environment(), "LINEBRIDGE_STATE": str(state.folder)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@linux
def test_demo_from_the_first_start_to_a_killed_one(launch: Launch, state: State) -> None:
    """One test, because each start takes seconds: start, use, refuse a second, stop, start, kill."""
    first = launch(DEMO)
    said = read_until(first, RUNS)
    line = re.search(r"runs: (http://127\.0\.0\.1:\d+/)  login: demo  password: (\S+)$", said)
    assert line
    address, password = line.groups()

    with urllib.request.urlopen(f"{address}accounts/login/") as page:
        assert page.status == 200
    running = processes_of(state.folder)
    assert not [name for name in EVERYONE if name not in " ".join(running.values())]
    assert {at[:8] for at in listening(running)} == {"0100007F"}

    second = launch(DEMO)
    assert f"already runs from this folder: {address}" in second.communicate(timeout=PATIENCE)[0]
    assert second.returncode == 1

    users = "from django.contrib.auth.models import User; print(list(User.objects.values_list('username')))"
    assert "[('demo',)]" in manage(state, "shell", "-c", users).stdout

    first.send_signal(signal.SIGINT)
    assert "data stay" in first.communicate(timeout=PATIENCE)[0]
    assert first.returncode == 0
    assert processes_of(state.folder) == {}
    refused = manage(state, "check")
    assert (refused.returncode, refused.stderr.split()[0]) == (2, "SECRET_KEY")

    third = launch(DEMO)
    assert password in read_until(third, RUNS)
    third.kill()
    assert gone(state.folder) == {}
