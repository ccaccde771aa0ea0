"""Children never outlive the launcher, and a dead one is never overlooked."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from integration.launch.processes import (
    MOST_DEATHS,
    Service,
    Stack,
    birth,
    end_leftovers,
    last_words,
)
from integration.launch.state import LaunchError, State, write_private
from tests.launch.conftest import PATIENCE, Launch, gone, processes_of, read_until

SLEEPER = """
from pathlib import Path
from integration.launch.processes import *
state = State.here()
with interruptible(), state.locked(), Stack(state) as stack:
    try:
        stack.start(Service(name="sleeper", command=["/bin/sleep", "60"], environment={},
                            folder=state.folder))
        print("up", flush=True)
        stack.watch()
    except Interrupted as interrupted:
        print(interrupted, flush=True)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def shell(code: str, *, name: str = "shell", patience: float = 1) -> Service:
    return Service(
        name=name, command=["/bin/sh", "-c", code], environment={"PATH": os.environ["PATH"]},
        patience=patience,
    )  # fmt: skip


def ended(number: int) -> bool:
    """The kernel buries what it killed a moment later."""
    deadline = time.monotonic() + PATIENCE
    while birth(number) and time.monotonic() < deadline:
        time.sleep(0.01)
    return birth(number) == ""


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_asked_to_stop_stops_the_children(
    launch: Launch, state: State, number: signal.Signals
) -> None:
    launcher = launch(SLEEPER)
    read_until(launcher, "up")
    assert "sleep" in "".join(processes_of(state.folder).values())
    launcher.send_signal(number)
    assert launcher.communicate(timeout=PATIENCE)[0].strip() == number.name
    assert processes_of(state.folder) == {}


@linux
def test_a_killed_launcher_leaves_no_process(launch: Launch, state: State) -> None:
    launcher = launch(SLEEPER)
    read_until(launcher, "up")
    launcher.kill()
    assert gone(state.folder) == {}


def test_a_child_that_will_not_stop_is_killed_with_its_children(state: State) -> None:
    deaf = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
    with Stack(state) as stack:
        child = stack.start(shell(deaf, patience=0.2))
        while not (printed := state.log("shell").read_text().strip()):
            time.sleep(0.01)
    assert child.returncode == -signal.SIGKILL
    assert ended(int(printed))


def test_a_dead_child_ends_the_watch_and_names_its_log(state: State) -> None:
    with Stack(state) as stack:
        stack.start(shell("echo the reason; exit 3", name="worker"))
        with pytest.raises(LaunchError, match=r"worker ended by itself \(exit 3\)") as raised:
            stack.watch()
    assert "the reason" in str(raised.value)
    assert str(state.log("worker")) in str(raised.value)


def test_a_killed_service_is_started_again_and_what_it_started_ends(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    service = replace(shell("sleep 60 & echo $!; wait", name="worker"), restarts=True)
    with Stack(state) as stack:
        first = stack.start(service)
        while not (grandchild := state.log("worker").read_text().strip()):
            time.sleep(0.01)
        first.kill()
        first.wait()
        stack.look_after()
        (_service, second), *others = stack.children
        assert second.pid != first.pid
        assert second.poll() is None
        assert not others
        assert ended(int(grandchild))
    assert "worker ended by itself (exit -9): started again." in capsys.readouterr().out


def test_a_service_that_keeps_dying_ends_the_watch(state: State) -> None:
    with Stack(state) as stack:
        stack.start(replace(shell("echo again; exit 3", name="worker"), restarts=True))
        with pytest.raises(LaunchError, match=r"worker ended by itself \(exit 3\)"):
            stack.watch()
    assert state.log("worker").read_text().count("again") == MOST_DEATHS + 1


def test_a_step_that_fails_says_why(state: State) -> None:
    with Stack(state) as stack, pytest.raises(LaunchError, match=r"(?s)migrate failed.*no table"):
        stack.run(shell("echo no table; exit 1", name="migrate"))


def test_a_service_that_never_answers_is_given_up(state: State) -> None:
    silent = Service(
        name="silent", command=["/bin/sleep", "60"], environment={}, ready=lambda: False
    )
    with Stack(state) as stack:
        stack.start(silent)
        with pytest.raises(LaunchError, match="silent did not answer within 0 seconds"):
            stack.wait_ready(silent, seconds=0.1)


def test_leftovers_of_a_killed_run_are_ended(state: State) -> None:
    left = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    write_private(state.folder / "processes.json", f'{{"{left.pid}": "{birth(left.pid)}"}}')
    end_leftovers(state)
    assert left.wait(timeout=PATIENCE) == -signal.SIGINT
    assert not (state.folder / "processes.json").exists()


def test_another_process_that_has_the_number_now_is_let_alone(state: State) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    write_private(state.folder / "processes.json", f'{{"{stranger.pid}": "earlier"}}')
    end_leftovers(state)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_last_words_of_a_log_that_is_missing_still_say_where_it_is(state: State) -> None:
    assert last_words(state.log("none")) == f"The whole log: {state.log('none')}"


def test_a_log_that_grew_large_is_put_aside(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.launch.processes.LARGEST_LOG", 10)
    for _run in range(2):
        with Stack(state) as stack:
            stack.run(shell("echo more than ten letters"))
    assert state.log("shell").read_text() == "more than ten letters\n"
    assert state.log("shell").with_suffix(".log.1").exists()
