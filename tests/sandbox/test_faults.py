"""Each fault as a client meets it, and what the ledger knows of it."""

import threading
import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ADDITIONS, KEYS, NOVEMBER, Caller, addition


def post(connectwise: Caller, **overrides: Any) -> requests.Response:
    return connectwise.send("POST", ADDITIONS, addition(**overrides))


def script(connectwise: Caller, *words: str, **settings: Any) -> None:
    connectwise.running.faults.set(script=list(words), **settings)


def soon_there(connectwise: Caller) -> bool:
    """Written by the stand-in's own thread, which may get its turn after the caller's."""
    deadline = time.monotonic() + 20
    while not connectwise.count() and time.monotonic() < deadline:
        time.sleep(0.01)
    return connectwise.count() == 1


def test_a_lost_reply_was_written(connectwise: Caller) -> None:
    script(connectwise, "lost_reply")
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    assert connectwise.count() == 1
    assert [entry["replyLost"] for entry in connectwise.ledger()] == [True]
    assert post(connectwise).status_code == 201
    assert [entry["replyLost"] for entry in connectwise.ledger()] == [True, False]


def test_a_hanging_reply_runs_into_the_time_out_of_the_client(connectwise: Caller) -> None:
    script(connectwise, "hang", hang_seconds=10)
    with pytest.raises(requests.ReadTimeout):
        connectwise.session.post(connectwise.root + ADDITIONS, json=addition(), timeout=0.1)
    assert soon_there(connectwise)


def test_a_late_write_is_not_there_until_it_lands(connectwise: Caller) -> None:
    script(connectwise, "late_write", late_write_seconds=60)
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    assert connectwise.count() == 0
    assert connectwise.admin("/_sandbox/state").json()["lateWritesWaiting"] == 1
    assert connectwise.running.land_late_writes() == 1
    assert connectwise.count() == 1
    assert connectwise.ledger()[0]["fault"] == "late_write"
    assert connectwise.running.land_late_writes() == 0


def test_a_late_write_lands_by_itself(connectwise: Caller) -> None:
    script(connectwise, "late_write", late_write_seconds=0.05)
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    assert soon_there(connectwise)


def test_a_late_write_that_breaks_a_rule_is_never_written(connectwise: Caller) -> None:
    script(connectwise, "late_write", late_write_seconds=60)
    with pytest.raises(requests.ConnectionError):
        post(connectwise, billCustomer="Maybe")
    connectwise.running.land_late_writes()
    assert connectwise.ledger() == []


@pytest.mark.parametrize(
    ("word", "status", "written"),
    [
        ("500_before_write", 500, 0),
        ("503_before_write", 503, 0),
        ("503_after_write", 503, 1),
        ("500_after_write", 500, 1),
        ("504_after_write", 504, 1),
        ("409", 409, 0),
        ("401", 401, 0),
        ("403", 403, 0),
        ("404", 404, 0),
        ("ok", 201, 1),
    ],
)
def test_errors_before_and_after_writing(
    connectwise: Caller, word: str, status: int, written: int
) -> None:
    script(connectwise, word)
    assert post(connectwise).status_code == status
    assert connectwise.count() == written
    assert [entry["replyLost"] for entry in connectwise.ledger()] == [word != "ok"] * written


def test_a_throttled_request_says_when_to_come_back(connectwise: Caller) -> None:
    script(connectwise, "429", retry_after_seconds=30)
    answer = post(connectwise)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert answer.json() == {
        "error": "ConnectWiseAPI",
        "message": "Too many requests. Please try again in 30 seconds.",
    }
    assert connectwise.count() == 0


@pytest.mark.parametrize(
    ("status", "kind"), [("502", "text/html"), ("504", None), ("500", "application/json")]
)
def test_server_errors_may_be_pages_or_empty(
    connectwise: Caller, status: str, kind: str | None
) -> None:
    script(connectwise, f"{status}_before_write")
    assert post(connectwise).headers.get("Content-Type") == kind


def test_a_truncated_reply_was_written(connectwise: Caller) -> None:
    script(connectwise, "truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(connectwise)
    assert connectwise.count() == 1


def test_a_dropped_connection_wrote_nothing(connectwise: Caller) -> None:
    script(connectwise, "drop")
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    connectwise.running.faults.set(share_drop=1)
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    assert connectwise.ledger() == []
    assert requests.get(connectwise.base, timeout=5).status_code == 200


def test_a_search_lags_behind_while_lists_and_ids_do_not(connectwise: Caller) -> None:
    connectwise.running.faults.set(search_lag_seconds=60)
    made = post(connectwise).json()["id"]
    search = {"conditions": 'serialNumber="key-1"'}
    assert connectwise.get(ADDITIONS, **search).json() == []
    assert connectwise.get(f"{ADDITIONS}/count", **search).json() == {"count": 0}
    assert len(connectwise.get(ADDITIONS).json()) == 1
    assert connectwise.get(f"{ADDITIONS}/{made}").status_code == 200
    connectwise.running.faults.set(search_lag_seconds=0)
    assert len(connectwise.get(ADDITIONS, **search).json()) == 1


def test_latency_is_waited_for(connectwise: Caller) -> None:
    connectwise.running.faults.set(latency_ms=80)
    began = time.monotonic()
    connectwise.get("/system/info")
    assert time.monotonic() - began >= 0.08


def test_a_quota_is_kept_for_all_callers_together(connectwise: Caller) -> None:
    connectwise.running.faults.set(rate_limit_per_minute=3)
    statuses = [connectwise.get("/system/info").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert connectwise.admin("/_sandbox/state").json()["byStatus"] == {"200": 3, "429": 1}


def test_faults_are_set_by_json_and_reset(connectwise: Caller) -> None:
    answer = connectwise.admin("/_sandbox/faults", {"share_lost_reply": 1, "script": ["ok"]})
    assert answer.json()["share_lost_reply"] == 1
    assert post(connectwise).status_code == 201
    with pytest.raises(requests.ConnectionError):
        post(connectwise)
    connectwise.admin("/_sandbox/reset", {"data": False})
    assert connectwise.count() == 2
    assert post(connectwise).status_code == 201
    connectwise.admin("/_sandbox/reset", {})
    assert (connectwise.count(), connectwise.ledger()) == (0, [])


def test_faults_are_set_by_the_form_of_the_page(connectwise: Caller) -> None:
    form = {"share_429": "0.5", "script": "lost_reply, ok", "store_price_places": "", "seed": "4"}
    url = f"{connectwise.base}/_sandbox/faults"
    answer = requests.post(url, data=form, timeout=5)
    assert answer.status_code == 200
    assert answer.url == f"{connectwise.base}/"
    now = connectwise.running.faults.as_dict()
    assert (now["share_429"], now["script"], now["seed"]) == (0.5, ["lost_reply", "ok"], 4)
    requests.post(url, data={"reset": "1"}, timeout=5)
    assert connectwise.running.faults.as_dict()["share_429"] == 0


@pytest.mark.parametrize("body", [{"nonsense": 1}, {"script": ["explode"]}, [1]])
def test_a_wrong_setting_is_answered_by_name(connectwise: Caller, body: Any) -> None:
    answer = connectwise.admin("/_sandbox/faults", body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_another_site_cannot_turn_the_dial(connectwise: Caller) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    url = f"{connectwise.base}/_sandbox/faults"
    assert requests.post(url, json={}, headers=headers, timeout=5).status_code == 403


@pytest.mark.parametrize(
    ("word", "status"), [("429", 429), ("503_before_write", 503), ("500_before_write", 500)]
)
def test_the_platform_has_the_same_dial(platform: Caller, word: str, status: int) -> None:
    platform.running.faults.set(read_script=[word, "truncated"])
    answer = platform.get("/ping")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        platform.get("/invoice-lines", **NOVEMBER)
    assert platform.get("/ping").status_code == 200


def test_many_writers_at_once_lose_nothing(connectwise: Caller) -> None:
    def write() -> None:
        with requests.Session() as session:
            session.auth, session.headers["clientId"] = connectwise.session.auth, KEYS.client_id
            for _ in range(10):
                session.post(connectwise.root + ADDITIONS, json=addition(), timeout=10)

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ledger = connectwise.ledger()
    assert connectwise.count() == 80
    assert [entry["n"] for entry in ledger] == list(range(1, 81))
    assert len({entry["id"] for entry in ledger}) == 80
