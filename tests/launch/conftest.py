"""Folders and processes for the launcher's tests."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from integration.launch.state import ROOT, State

Launch = Callable[..., "subprocess.Popen[str]"]
PATIENCE = 60  # seconds; what ends at once takes its time too where others have the processor


@pytest.fixture
def state() -> Iterator[State]:
    """A state folder that the servers' account can enter; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="linebridge-"))
    kept = State(folder)
    kept.make()
    yield kept
    shutil.rmtree(folder)


@pytest.fixture
def launch(state: State) -> Iterator[Launch]:
    """Runs Python code as a launcher of its own would run, on `state`."""
    children: list[subprocess.Popen[str]] = []

    def run(code: str, **variables: str) -> "subprocess.Popen[str]":
        environment = {**own_environment(), "LINEBRIDGE_STATE": str(state.folder), **variables}
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.communicate()
    gone(state.folder)


def own_environment() -> dict[str, str]:
    """Without the servers that this test run uses."""
    taken = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEY"}
    return {name: value for name, value in os.environ.items() if name not in taken}


def processes_of(folder: Path) -> dict[int, str]:
    """Every process that works in the folder or was told of it (Linux)."""
    needle, found = str(folder).encode(), {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            told = needle in command or needle in (process / "environ").read_bytes()
            if told or str((process / "cwd").readlink()).startswith(str(folder)):
                found[int(process.name)] = command.replace(b"\0", b" ").decode()
    return found


def gone(folder: Path, seconds: float = PATIENCE) -> dict[int, str]:
    """What is still there after a while: {} when every process has ended."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def read_until(child: "subprocess.Popen[str]", text: str) -> str:
    """The output up to the line with the text; all of it if that never came."""
    assert child.stdout is not None
    read = ""
    for line in child.stdout:
        read += line
        if text in line:
            return read
    pytest.fail(f"{text!r} never came:\n{read}")
