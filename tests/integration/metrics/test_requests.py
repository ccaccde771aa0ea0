"""Latencies of the remotes: added up in each process, handed over to Redis, never in the way."""

import threading
import time
from collections.abc import Iterator

import pytest
import redis
import responses
from django.conf import LazySettings

from integration.metrics import requests
from integration.metrics.requests import counted, hand_over, note
from wire import watching
from wire.errors import OutcomeUnknown
from wire.session import RemoteSession

URL = "https://remote.example/api"


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[None]:
    """Nothing counted, and nothing handed over but by the test."""
    monkeypatch.setattr(requests, "_handed_over_at", time.monotonic() + 1000)
    redis.Redis.from_url(settings.REDIS_URL).delete(requests.KEY)
    requests.forget()
    yield
    requests.forget()


def in_redis(settings: LazySettings) -> dict[bytes, bytes]:
    found = redis.Redis.from_url(settings.REDIS_URL).hgetall(requests.KEY)
    return dict(found)  # type: ignore[arg-type]


def test_a_request_is_in_its_bucket_with_its_outcome() -> None:
    note("ConnectWise", "POST", 201, 0.3)
    assert counted() == {
        ("connectwise", "POST", "bucket", "0.5"): 1,
        ("connectwise", "POST", "outcome", "2xx"): 1,
        ("connectwise", "POST", "seconds", ""): 0.3,
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "2xx"), (302, "3xx"), (404, "4xx"), (429, "429"), (503, "5xx"), (None, "no answer")],
)
def test_outcomes(status: int | None, outcome: str) -> None:
    note("The Platform", "GET", status, 0.01)
    assert counted()["platform", "GET", "outcome", outcome] == 1


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, "0.05"), (0.05, "0.05"), (0.051, "0.1"), (60, "60.0"), (61, "+Inf")],
)
def test_a_bucket_ends_with_its_bound(seconds: float, bucket: str) -> None:
    note("ConnectWise", "GET", 200, seconds)
    assert counted()["connectwise", "GET", "bucket", bucket] == 1


def test_processes_add_up_and_nothing_is_handed_over_twice(settings: LazySettings) -> None:
    note("ConnectWise", "GET", 200, 1)
    hand_over()
    hand_over()
    note("ConnectWise", "GET", 200, 2)
    assert counted()["connectwise", "GET", "seconds", ""] == 3


def test_redis_is_asked_once_in_five_seconds_not_for_each_request(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_handed_over_at", time.monotonic())
    for _ in range(100):
        note("ConnectWise", "GET", 200, 1)
    assert in_redis(settings) == {}

    monkeypatch.setattr(requests, "_handed_over_at", time.monotonic() - 6)
    note("ConnectWise", "GET", 200, 1)
    assert in_redis(settings)[b"connectwise|GET|outcome|2xx"] == b"101"


def test_without_redis_nothing_is_lost_and_nothing_raised(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = settings.REDIS_URL
    note("ConnectWise", "GET", 200, 1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    hand_over()
    settings.REDIS_URL = there
    assert counted()["connectwise", "GET", "seconds", ""] == 1


def test_threads_lose_no_request() -> None:
    def work() -> None:
        for _ in range(200):
            note("ConnectWise", "GET", 200, 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted()["connectwise", "GET", "outcome", "2xx"] == 1600


@responses.activate
def test_every_attempt_of_a_session_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str, int | None]] = []
    monkeypatch.setattr(watching, "_watchers", [lambda *it: told.append(it[:3])])
    session = RemoteSession(service="Remote", timeout=5, headers={}, sleep=lambda _: None)
    responses.get(URL, status=503)
    responses.get(URL, json={})
    responses.post(URL, body=ConnectionResetError("reset"))
    session.request("GET", URL)
    with pytest.raises(OutcomeUnknown):
        session.request("POST", URL, json={})
    assert told == [("Remote", "GET", 503), ("Remote", "GET", 200), ("Remote", "POST", None)]


def test_counting_costs_a_request_microseconds() -> None:
    started = time.thread_time()  # its own: what else the machine does is no cost of counting
    for _ in range(10_000):
        note("ConnectWise", "PATCH", 200, 0.1)
    assert time.thread_time() - started < 1  # 100 microseconds each
