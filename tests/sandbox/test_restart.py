"""The data outlive the process: stopped, killed, started again; and the commands themselves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from platform_client import sandbox as platform_sandbox
from psa_connectwise import sandbox as connectwise_sandbox
from tests.sandbox.conftest import ADDITIONS, NOVEMBER, TODAY, Caller, addition, connectwise_session

ROOT = Path(__file__).parents[2]
API = "/v4_6_release/apis/3.0"


def test_connectwise_remembers_writes_hands_and_its_ledger(tmp_path: Path) -> None:
    state = tmp_path / "cw.jsonl"
    with connectwise_sandbox.start(today=TODAY, state_file=state) as running:
        caller = Caller(running, API, connectwise_session())
        kept = caller.send("POST", ADDITIONS, addition(unitPrice=5.2456)).json()
        gone = caller.send("POST", ADDITIONS, addition()).json()
        caller.send("DELETE", f"{ADDITIONS}/{gone['id']}")
        running.app.store.edit("catalog", 600, inactiveFlag=True)
        ledger = caller.ledger()
    with connectwise_sandbox.start(today=date(2026, 12, 3), state_file=state) as running:
        caller = Caller(running, API, connectwise_session())
        assert caller.get(f"{ADDITIONS}/{kept['id']}").json() == kept
        assert caller.count() == 1
        assert caller.ledger() == ledger
        assert caller.get("/procurement/catalog/600").json()["inactiveFlag"] is True
        assert caller.send("POST", ADDITIONS, addition()).json()["id"] > gone["id"]
        assert running.app.store.anchor == TODAY


def test_a_reset_lasts_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "cw.jsonl"
    with connectwise_sandbox.start(today=TODAY, state_file=state) as running:
        caller = Caller(running, API, connectwise_session())
        caller.send("POST", ADDITIONS, addition())
        caller.admin("/_sandbox/reset", {})
    with connectwise_sandbox.start(today=TODAY, state_file=state) as running:
        assert running.app.store.ledger == []


def lines(caller: Caller, **window: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = caller.get("/invoice-lines", limit=1000, **window).json()["items"]
    return items


def test_the_platform_keeps_its_months_when_the_calendar_moves_on(tmp_path: Path) -> None:
    state = tmp_path / "platform.jsonl"
    session = requests.Session()
    session.headers["X-Api-Key"] = "sandbox-key"
    with platform_sandbox.start(today=TODAY, state_file=state) as running:
        caller = Caller(running, "/api/v1", session)
        first = lines(caller, **NOVEMBER)
        running.app.book.change(first[0]["id"], set={"quantity": "77"})
    with platform_sandbox.start(today=date(2026, 12, 15), state_file=state) as running:
        caller = Caller(running, "/api/v1", session)
        again = lines(caller, **NOVEMBER)
        assert again[0]["quantity"] == "77"
        assert [line["id"] for line in again] == [line["id"] for line in first]
        assert not {"New", "New Corrected"} & {line["invoiceStatus"] for line in again}
        december = {"invoiceDateFrom": "2026-12-01", "invoiceDateTo": "2026-12-31"}
        new = lines(caller, **december)
        assert len(new) > 200
        assert max(line["invoiceDate"] for line in new) <= "2026-12-15"
        assert len(running.app.book.months()) == 4
    session.close()


def start(module: str, *options: str, ready: Path) -> tuple["subprocess.Popen[str]", str]:
    command = [sys.executable, "-m", module, "--ready-file", str(ready), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    told = json.loads(ready.read_text())
    assert told["pid"] == process.pid
    ready.unlink()
    return process, told["url"]


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_process_ends_at_once_and_its_successor_knows_everything(
    tmp_path: Path, processes: list["subprocess.Popen[str]"], end: signal.Signals
) -> None:
    options = ("--state-file", str(tmp_path / "cw.jsonl"), "--today", "2026-11-22")
    process, url = start("psa_connectwise.sandbox", *options, ready=tmp_path / "ready")
    processes.append(process)
    session = connectwise_session()
    made = session.post(url + API + ADDITIONS, json=addition(), timeout=5).json()
    os.kill(process.pid, end)
    assert process.wait(timeout=20) == (0 if end is not signal.SIGKILL else -end)
    process, url = start("psa_connectwise.sandbox", *options, ready=tmp_path / "ready")
    processes.append(process)
    again = session.get(f"{url}{API}{ADDITIONS}/{made['id']}", timeout=5)
    assert again.json() == made
    session.close()


def test_the_platform_runs_as_a_process(
    tmp_path: Path, processes: list["subprocess.Popen[str]"]
) -> None:
    options = ("--api-key", "k", "--lines", "5", "--today", "2026-11-22")
    process, url = start("platform_client.sandbox", *options, ready=tmp_path / "ready")
    processes.append(process)
    headers = {"X-Api-Key": "k"}
    page = requests.get(f"{url}/api/v1/invoice-lines", NOVEMBER, headers=headers, timeout=5).json()
    assert page["total"] == 5


def run(module: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("platform_client.sandbox", ("--api-key", "--lines", "--state-file", "--today")),
        (
            "psa_connectwise.sandbox",
            ("--company-id", "--public-key", "--client-id", "--print-mappings"),
        ),
    ],
)
def test_help_names_the_options(module: str, options: tuple[str, ...]) -> None:
    shown = run(module, "--help").stdout
    assert all(option in shown for option in options)


def test_the_mapping_is_printed_and_served(connectwise: Caller) -> None:
    printed = run("psa_connectwise.sandbox", "--print-mappings").stdout
    served = connectwise.admin("/_sandbox/mappings.csv")
    assert served.text == printed
    assert printed.startswith(
        "kind,platform_id,contract_id,connectwise_id,organization_id,offer_id\n"
    )


def test_nothing_listens_beyond_loopback() -> None:
    with pytest.raises(ValueError, match="loopback"):
        connectwise_sandbox.start(host="0.0.0.0")
