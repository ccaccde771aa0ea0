"""The launcher's verbs as the Makefile calls them."""

import re
import signal
import subprocess
import sys

import pytest

from integration.launch import commands
from integration.launch.processes import Interrupted, run_tool
from integration.launch.state import ROOT, LaunchError, State
from tests.launch.conftest import Launch, gone, read_until


def test_every_target_of_the_makefile_is_a_verb_in_one_line() -> None:
    targets = dict(
        re.findall(r"^(\w+): ; \$\(LAUNCH\) (\w+)", (ROOT / "Makefile").read_text(), re.M)
    )
    assert set(targets) == {"demo", "test", "lint", "setup", "lock"}
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
    launcher.communicate(timeout=5)
    assert gone(state.folder) == {}


def test_a_tools_own_exit_code_is_told() -> None:
    assert run_tool(["/bin/sh", "-c", "exit 4"]) == 4
