"""The launcher's verbs as the Makefile calls them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.launch import checks, commands
from integration.launch.processes import Interrupted, run_tool
from integration.launch.state import ROOT, LaunchError, State
from tests.launch.conftest import PATIENCE, Launch, gone, read_until


def test_every_target_of_the_makefile_is_a_verb_in_one_line() -> None:
    targets = dict(
        re.findall(r"^(\w+): ; \$\(LAUNCH\) (\w+)", (ROOT / "Makefile").read_text(), re.M)
    )
    assert set(targets) == {"demo", "test", "soak", "bench", "lint", "setup", "lock"}
    assert set(targets.values()) <= set(commands.VERBS)


def test_what_goes_wrong_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_rest: list[str]) -> int:
        raise LaunchError("The disk is full: make room.")

    monkeypatch.setitem(commands.VERBS, "setup", (fail, "fails"))
    assert commands.main(["setup"]) == 1
    assert capsys.readouterr().err == "\nThe disk is full: make room.\n"


def test_being_interrupted_is_no_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_rest: list[str]) -> int:
        raise Interrupted("SIGINT")

    monkeypatch.setitem(commands.VERBS, "setup", (interrupt, "is interrupted"))
    assert commands.main(["setup"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"


def test_arguments_reach_pytest_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.VERBS, "test", (len, "counts its arguments"))
    assert commands.main(["test", "-k", "two words", "--durations=3"]) == 3


@pytest.mark.parametrize("verb", ["setup", "demo", "lint"])
@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--fast", 2)])
def test_a_verb_that_takes_no_arguments_does_not_begin_with_one(
    monkeypatch: pytest.MonkeyPatch, verb: str, argument: str, code: int
) -> None:
    monkeypatch.setitem(commands.VERBS, verb, (lambda rest: pytest.fail("it began"), "begins"))
    with pytest.raises(SystemExit) as ended:
        commands.main([verb, argument])
    assert ended.value.code == code


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ([], ["-n2", "--dist=loadfile", "--no-loadscope-reorder"]),
        (["-k", "grid"], ["-n2", "--dist=loadfile", "--no-loadscope-reorder", "-k", "grid"]),
        (["-n0"], ["-n0"]),
        (["--pdb"], ["--pdb"]),
        (["-n4", "--dist=load"], ["-n4", "--dist=load"]),
    ],
)
def test_the_suite_is_shared_between_two_processes(given: list[str], run: list[str]) -> None:
    assert checks.shared_out(given) == run


def test_a_soak_is_asked_for_seeds_in_makes_own_words() -> None:
    told = subprocess.run(
        ["make", "--dry-run", "soak", "SEEDS=1000", "FROM=7", "ARGS=--keep-going"],
        # Without the flags of the make that runs this test.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip().endswith("soak --seeds=1000 --from=7 --keep-going")


def test_a_soak_runs_on_servers_of_its_own_and_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[list[str], dict[str, str]]] = []

    def run_in_front(command: list[str], environment: dict[str, str]) -> int:
        ran.append((command, environment))
        return 1

    @contextmanager
    def own_servers() -> Iterator[dict[str, str]]:
        yield {"DATABASE_URL": "its own"}

    monkeypatch.setattr(checks, "run_in_front", run_in_front)
    monkeypatch.setattr(checks, "own_servers", own_servers)

    assert checks.soak(Path("python"), ["--seeds=3"]) == 1
    ((command, environment),) = ran
    assert command == ["python", "-m", "tests.soak", "--seeds=3"]
    assert environment == {"DATABASE_URL": "its own", "PYTHONHASHSEED": "0"}
    assert checks.soak(Path("python"), ["--minutes", "60"]) == 1
    assert ran[1][0] == ["python", "-m", "tests.soak_hour", "--minutes", "60"]


def test_speed_is_measured_on_servers_that_keep_their_data(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    fast: list[bool] = []

    def run_in_front(command: list[str], environment: dict[str, str]) -> int:
        ran.append(command)
        return 1

    @contextmanager
    def own_servers(**how: bool) -> Iterator[dict[str, str]]:
        fast.append(how["fast"])
        yield {}

    monkeypatch.setattr(checks, "run_in_front", run_in_front)
    monkeypatch.setattr(checks, "own_servers", own_servers)

    assert checks.bench(Path("python"), ["--only", "load"]) == 1
    assert ran == [["python", "-m", "bench", "--only", "load"]]
    assert fast == [False]


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        commands.main(["--help"])
    told = capsys.readouterr().out
    assert all(f"  {verb} " in told for verb in commands.VERBS)


def test_an_unknown_verb_is_misuse() -> None:
    with pytest.raises(SystemExit, match="2"):
        commands.main(["dance"])


def test_the_launcher_needs_nothing_but_python() -> None:
    """-I -S: no site-packages, whatever this test runs in."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import integration.launch.commands"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_installer_is_stopped_with_all_it_started(launch: Launch, state: State) -> None:
    launcher = launch(
        "from integration.launch.processes import *\n"
        "with interruptible():\n"
        "    run_tool(['/bin/sh', '-c', 'sleep 60 & echo up; wait'])"
    )
    read_until(launcher, "up")
    launcher.send_signal(signal.SIGTERM)
    launcher.communicate(timeout=PATIENCE)
    assert gone(state.folder) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_installer_is_stopped_even_before_the_launcher_knows_its_number(
    launch: Launch, state: State
) -> None:
    launcher = launch(
        "import signal, subprocess\n"
        "from integration.launch.processes import *\n"
        "class Late(subprocess.Popen):\n"
        "    def __init__(self, *given, **named):\n"
        "        reading, writing = os.pipe()\n"
        "        super().__init__(*given, **named, pass_fds=[writing], stdout=writing)\n"
        "        os.read(reading, 2)\n"  # it has begun to work
        "        signal.raise_signal(signal.SIGTERM)\n"
        "subprocess.Popen = Late\n"
        "with interruptible():\n"
        "    run_tool(['/bin/sh', '-c', 'sleep 600 & echo up; wait'])"
    )
    launcher.communicate(timeout=PATIENCE)
    assert gone(state.folder) == {}


def test_a_tools_own_exit_code_is_told() -> None:
    assert run_tool(["/bin/sh", "-c", "exit 4"]) == 4
