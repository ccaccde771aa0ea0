"""manage.py beside a running demo, and what ends a start in a line."""

import os
from pathlib import Path

import pytest
from django.db.utils import OperationalError

from integration.launch.state import State
from integration.startup import plainly, use_running_demo

SERVERS = ("DATABASE_URL", "REDIS_URL")


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LINEBRIDGE_STATE", str(tmp_path))
    return State(tmp_path)


def test_manage_takes_the_running_demos_environment(
    running: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "redis://mine")
    with running.locked():
        running.announce({"DATABASE_URL": "postgres://demo", "REDIS_URL": "redis://demo"})
        use_running_demo()
    assert [os.environ.get(name, "") for name in SERVERS] == ["postgres://demo", "redis://mine"]


def test_a_database_of_ones_own_wins(running: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://mine")
    monkeypatch.setenv("REDIS_URL", "")
    with running.locked():
        running.announce({"DATABASE_URL": "postgres://demo", "REDIS_URL": "redis://demo"})
        use_running_demo()
    assert [os.environ.get(name, "") for name in SERVERS] == ["postgres://mine", ""]


def test_another_operational_error_keeps_its_trace() -> None:
    with pytest.raises(OperationalError, match="deadlock"), plainly():
        raise OperationalError("deadlock detected")


def test_no_connection_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"), plainly():
        raise OperationalError("connection failed: no route\nmore")
    assert capsys.readouterr().err == (
        "DATABASE_URL names a database that does not answer: connection failed: no route\n"
    )
