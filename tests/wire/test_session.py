"""What the session sends again, what it never does, and how long it waits."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses

from wire.errors import ConfigError, OutcomeUnknown, RemoteError, TransientError
from wire.session import RETRY_AFTER_SECONDS, RemoteSession, retry_after

URL = "https://remote.example/things"
NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
RESET = requests.ConnectionError("reset")


class Clock:
    """Notes what was waited for instead of waiting."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.paused: list[float] = []
        self.events: list[str] = []

    def session(self, **options: Any) -> RemoteSession:
        defaults: dict[str, Any] = {
            "service": "Remote",
            "timeout": 5.0,
            "headers": {"Accept": "application/json"},
            "throttle": lambda: self.events.append("throttle"),
            "pause": self.paused.append,
            "sleep": self.slept.append,
            "jitter": lambda low, high: high,
        }
        return RemoteSession(**(defaults | options))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@responses.activate
def test_a_get_is_tried_again_after_server_errors_with_growing_waits(clock: Clock) -> None:
    for status in (500, 503):
        responses.get(URL, status=status)
    responses.get(URL, json={"ok": True})
    assert clock.session().request("GET", URL).json() == {"ok": True}
    assert clock.slept == [1.0, 2.0]
    assert clock.events == ["throttle"] * 3


@responses.activate
def test_backoff_uses_full_jitter(clock: Clock) -> None:
    responses.get(URL, status=500)
    responses.get(URL, json={})
    asked: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.25

    clock.session(jitter=jitter).request("GET", URL)
    assert asked == [(0.0, 1.0)]
    assert clock.slept == [0.25]


@responses.activate
@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"body": RESET}, {"body": requests.ReadTimeout("slow")}]
)
def test_a_get_gives_up_after_its_tries(clock: Clock, fault: dict[str, Any]) -> None:
    responses.get(URL, **fault)
    with pytest.raises(TransientError):
        clock.session(tries=3).request("GET", URL)
    assert len(responses.calls) == 3


@responses.activate
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 408},
        {"status": 500, "body": "<h1>timeout</h1>"},
        {"status": 502},
        {"status": 503},
        {"status": 504},
        {"body": RESET},
        {"body": requests.ReadTimeout("slow")},
    ],
)
def test_a_write_whose_fate_is_open_is_sent_once(
    clock: Clock, method: str, fault: dict[str, Any]
) -> None:
    responses.add(method, URL, headers={"x-cw-request-id": "r-1"}, **fault)
    with pytest.raises(OutcomeUnknown) as caught:
        clock.session().request(method, URL, json={"a": 1})
    assert len(responses.calls) == 1
    assert caught.value.service == "Remote"
    assert caught.value.status == fault.get("status")
    assert caught.value.request_id == ("r-1" if "status" in fault else None)


@responses.activate
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_any_method_is_sent_again_when_no_connection_came_about(clock: Clock, method: str) -> None:
    responses.add(method, URL, body=requests.ConnectTimeout("no route"))
    responses.add(method, URL, json={"id": 1}, status=201)
    assert clock.session().request(method, URL).status == 201
    assert len(responses.calls) == 2


@responses.activate
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_429_is_obeyed_by_everyone_and_sent_again(clock: Clock, method: str) -> None:
    responses.add(method, URL, status=429, headers={"Retry-After": "7"})
    responses.add(method, URL, json={})
    assert clock.session().request(method, URL).status == 200
    assert clock.slept == clock.paused == [7.0]
    assert clock.events == ["throttle"] * 2


@responses.activate
def test_a_429_without_retry_after_waits_half_a_minute(clock: Clock) -> None:
    responses.post(URL, status=429)
    responses.post(URL, json={})
    clock.session().request("POST", URL)
    assert clock.slept == [RETRY_AFTER_SECONDS]


@responses.activate
def test_beyond_the_budget_a_429_is_told_with_the_wait(clock: Clock) -> None:
    responses.post(URL, status=429, headers={"Retry-After": "40"})
    with pytest.raises(TransientError) as caught:
        clock.session(wait_budget=60).request("POST", URL)
    assert caught.value.retry_after == 40
    assert caught.value.status == 429
    assert clock.slept == [40]
    assert clock.paused == [40, 40]


@responses.activate
def test_an_absurd_retry_after_pauses_no_longer_than_five_minutes(clock: Clock) -> None:
    responses.get(URL, status=429, headers={"Retry-After": "86400"})
    with pytest.raises(TransientError) as caught:
        clock.session().request("GET", URL)
    assert caught.value.retry_after == 86400
    assert clock.paused == [300]
    assert clock.slept == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 2.5 ", 2.5),
        ("0", 1),
        ("Fri, 01 May 2026 12:01:30 GMT", 90),
        ("Fri, 01 May 2026 11:00:00 GMT", 1),
        ("Fri, 01 May 2026 12:01:30", RETRY_AFTER_SECONDS),
        ("soon", RETRY_AFTER_SECONDS),
        ("-5", RETRY_AFTER_SECONDS),
        ("", RETRY_AFTER_SECONDS),
        (None, RETRY_AFTER_SECONDS),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after(header, now=NOW) == seconds


@responses.activate
def test_on_send_comes_after_the_throttle_and_before_every_attempt(clock: Clock) -> None:
    responses.post(URL, status=429, headers={"Retry-After": "1"})

    def arrived(request: Any) -> tuple[int, dict[str, str], str]:
        clock.events.append("arrived")
        return 201, {}, "{}"

    responses.add_callback("POST", URL, callback=arrived)
    clock.session().request("POST", URL, on_send=lambda: clock.events.append("stamp"))
    assert clock.events == ["throttle", "stamp", "throttle", "stamp", "arrived"]


@responses.activate
def test_who_is_held_up_after_the_stamp_sends_nothing_late(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP for ten minutes, say: it was looked for and made once more meanwhile."""
    responses.post(URL, json={})
    began = time.monotonic()

    def held_up() -> None:
        monkeypatch.setattr(time, "monotonic", lambda: began + 600)

    with pytest.raises(OutcomeUnknown):
        clock.session().request("POST", URL, on_send=held_up)
    assert len(responses.calls) == 0


@responses.activate
def test_nothing_is_sent_when_on_send_raises(clock: Clock) -> None:
    responses.post(URL, json={})

    def lost() -> None:
        raise LookupError("lease lost")

    with pytest.raises(LookupError):
        clock.session().request("POST", URL, on_send=lost)
    assert len(responses.calls) == 0


@responses.activate
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects_are_not_followed(clock: Clock, method: str) -> None:
    responses.add(method, URL, status=302, headers={"Location": "https://elsewhere.example/"})
    assert clock.session().request(method, URL).status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_refusals_are_answers(clock: Clock) -> None:
    responses.post(URL, status=400, json={"code": "InvalidObject"})
    answer = clock.session().request("POST", URL, json={})
    assert answer.status == 400
    assert answer.json() == {"code": "InvalidObject"}


@responses.activate
def test_decimals_travel_exactly(clock: Clock) -> None:
    responses.post(URL, body='{"price": 0.1000000000000000055511151231257827}')
    answer = clock.session().request("POST", URL, json={"price": Decimal("5.2456")})
    assert responses.calls[0].request.body == b'{"price": 5.2456}'
    assert answer.json() == {"price": Decimal("0.1000000000000000055511151231257827")}


def test_proxies_of_the_environment_are_ignored(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    session = clock.session()
    with responses.RequestsMock() as mocked:
        mocked.get(URL, json={})
        session.request("GET", URL)
        assert vars(mocked.calls[0].request)["req_kwargs"]["proxies"] == {}


@responses.activate
@pytest.mark.parametrize(
    "fault",
    [lambda: requests.exceptions.InvalidURL("bad"), lambda: requests.exceptions.InvalidHeader("x")],
)
def test_a_request_that_can_not_be_built_was_not_sent(
    clock: Clock, fault: Callable[[], Exception]
) -> None:
    responses.post(URL, body=fault())
    with pytest.raises(TransientError):
        clock.session().request("POST", URL)


def test_errors_say_what_to_do_and_name_the_remote() -> None:
    for kind in (TransientError, OutcomeUnknown, ConfigError):
        assert issubclass(kind, RemoteError)
