"""The launcher's state folder: one run at a time, secrets that last, nothing stale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.launch.state import ROOT, LaunchError, State, dotenv


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_secrets_are_made_once_and_are_nobody_elses_to_read(state: State) -> None:
    first = state.secrets()
    assert state.secrets() == first
    assert len(set(first.values())) == len(first)
    assert mode(state.folder / "secrets.json") == 0o600


def test_a_secret_added_by_a_later_version_leaves_the_kept_ones(state: State) -> None:
    (state.folder / "secrets.json").write_text('{"SECRET_KEY": "kept"}')
    assert state.secrets()["SECRET_KEY"] == "kept"
    assert state.secrets()["postgres"]


def test_a_second_run_is_told_where_the_first_one_is(state: State) -> None:
    with state.locked():
        state.announce({"LINEBRIDGE_ADDRESS": "http://127.0.0.1:8001/", "LINEBRIDGE_PROCESS": "7"})
        with pytest.raises(
            LaunchError, match=r"already runs.*http://127\.0\.0\.1:8001/ \(process 7\)"
        ):
            State(state.folder).locked().__enter__()


def test_the_environment_of_a_running_stack_is_found_and_private(state: State) -> None:
    with state.locked():
        state.announce({"DATABASE_URL": "postgres://here"})
        assert state.running() == {"DATABASE_URL": "postgres://here"}
        assert mode(state.folder / "environment") == 0o600
    assert state.running() is None


def test_a_killed_runs_lock_and_environment_count_for_nothing(state: State) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from integration.launch.state import State\n"
        "state = State(Path(sys.argv[1])); state.locked().__enter__(); state.announce({'A': 'b'})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(state.folder)], cwd=ROOT, check=False)
    assert (state.folder / "environment").exists()
    assert state.running() is None
    with state.locked():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves files of another account")
def test_root_leaves_nothing_that_the_checkouts_owner_cannot_write(state: State) -> None:
    os.chown(state.folder, 65534, 65534)
    with state.locked():
        state.secrets()
        state.log("web").parent.mkdir()
        state.log("web").touch()
    assert {path.stat().st_uid for path in state.folder.rglob("*")} == {65534}


def test_dotenv_reads_what_settings_would(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\nA=1\nexport B='two words'\n\nC=\"x=y\"\nD=\n#E=5\n")
    assert dotenv(file) == {"A": "1", "B": "two words", "C": "x=y", "D": ""}
    assert dotenv(tmp_path / "missing") == {}
