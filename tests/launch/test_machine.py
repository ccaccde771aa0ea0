"""Ports that are taken and Chromiums that are not there."""

import socket
from pathlib import Path

import pytest

from integration.launch import machine
from integration.launch.state import LaunchError


@pytest.fixture
def no_chromium(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr(machine, "CHROMIUM_NAMES", ("no-such-browser",))
    monkeypatch.setattr(machine, "MAC_CHROME", tmp_path / "a" / "b" / "c" / "d" / "e")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_leads_to_the_next_free_one(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        taken = server.getsockname()[1]
        assert not machine.is_free(taken)
        assert machine.free_port(taken) > taken


def test_a_free_port_is_taken_as_preferred() -> None:
    port = machine.free_port()
    assert machine.free_port(port) == port


def test_chromium_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/bin/sh")
    assert machine.find_chromium() == Path("/bin/sh")


def test_chromium_variable_that_names_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/program")
    with pytest.raises(LaunchError, match="CHROMIUM names no program: /no/such/program"):
        machine.find_chromium()


@pytest.mark.usefixtures("no_chromium")
def test_playwrights_newest_chromium_is_found(tmp_path: Path) -> None:
    for build in ("1000", "1200"):
        program = tmp_path / f"chromium-{build}" / "chrome-linux64" / "chrome"
        program.parent.mkdir(parents=True)
        program.touch()
    assert machine.find_chromium() == program


@pytest.mark.usefixtures("no_chromium")
def test_no_chromium_and_none_to_install_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "apt_install", lambda *packages: False)
    with pytest.raises(LaunchError, match="apt-get install chromium"):
        machine.ensure_chromium(Path("/bin/true"))


def test_a_chromium_is_installed_where_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([None, Path("/usr/bin/chromium")])
    installed: list[str] = []

    def install(*packages: str) -> bool:
        installed.extend(packages)
        return True

    monkeypatch.setattr(machine, "find_chromium", lambda: next(found))
    monkeypatch.setattr(machine, "apt_install", install)
    assert machine.ensure_chromium(Path("/bin/false")) == Path("/usr/bin/chromium")
    assert "chromium" in installed


def test_an_address_nobody_listens_on_does_not_answer() -> None:
    assert not machine.answers(f"http://127.0.0.1:{machine.free_port()}/")
