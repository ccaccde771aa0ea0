"""One limit for all: evenly spaced, paused together, kept in Redis."""

import threading
import uuid
from collections.abc import Iterator
from itertools import pairwise

import pytest
import redis
from django.conf import settings

from wire.errors import TransientError
from wire.throttle import Throttle


@pytest.fixture
def name() -> Iterator[str]:
    unique = f"test-{uuid.uuid4().hex}"
    yield unique
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(f"throttle:{unique}:slot", f"throttle:{unique}:pause")
    client.close()


def make_throttle(name: str, *, per_minute: int = 600, **options: object) -> Throttle:
    defaults = {"longest_wait": 3600} | options
    return Throttle(name=name, redis_url=settings.REDIS_URL, per_minute=per_minute, **defaults)  # type: ignore[arg-type]


def kept_slot(name: str) -> float | None:
    """Seconds since 1970 of the slot that the next request would get; None once that is over."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    slot = broker.get(f"throttle:{name}:slot")
    broker.close()
    return int(slot) / 1_000_000 if slot else None


def next_slot(name: str) -> float:
    slot = kept_slot(name)
    assert slot is not None
    return slot


def test_slots_are_evenly_spaced_from_the_first_on(name: str) -> None:
    waits: list[float] = []
    throttle = make_throttle(name, per_minute=1, sleep=waits.append)
    for _ in range(5):
        throttle()
    # Nothing really waits here, so each reserves the slot after the one before.
    assert waits == pytest.approx([61.2, 122.4, 183.6, 244.8], abs=10)


def test_all_processes_share_one_limit(name: str) -> None:
    def work() -> None:
        throttle = make_throttle(name, per_minute=1, sleep=lambda seconds: None)
        for _ in range(4):
            throttle()

    make_throttle(name, per_minute=1)()
    first = next_slot(name)
    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert next_slot(name) - first == pytest.approx(20 * 61.2)


@pytest.mark.parametrize("per_minute", [1, 7, 60, 900])
def test_no_sliding_minute_holds_more_than_the_quota(name: str, per_minute: int) -> None:
    throttle = make_throttle(name, per_minute=per_minute)
    following = []
    for _ in range(min(per_minute * 2 + 2, 100)):
        throttle._next_wait()
        following.append(kept_slot(name))
    # A slot may be over before a slow machine reads it: the next ones are only further apart.
    slots = [slot for slot in following if slot]
    spacing = min(later - earlier for earlier, later in pairwise(slots))
    # A closed window of 60 seconds holds at most this many slots so far apart.
    assert int(60 / spacing) + 1 <= per_minute


def test_names_are_separate(name: str) -> None:
    waits: list[float] = []
    make_throttle(name, per_minute=1, sleep=waits.append)()
    make_throttle(f"{name}-other", per_minute=1, sleep=waits.append)()
    assert waits == []


def test_a_pause_stops_everyone_even_without_a_quota(name: str) -> None:
    waits: list[float] = []
    throttle = make_throttle(name, per_minute=0, sleep=waits.append)
    throttle()
    assert waits == []
    make_throttle(name).pause(30)
    with pytest.raises(_Enough):
        make_throttle(name, per_minute=0, sleep=_enough)()
    assert throttle._next_wait() == pytest.approx(30, abs=10)


def test_a_shorter_pause_does_not_end_a_longer_one(name: str) -> None:
    throttle = make_throttle(name)
    throttle.pause(60)
    throttle.pause(1)
    assert throttle._next_wait() > 40


def test_who_already_waits_obeys_a_pause_that_begins_meanwhile(name: str) -> None:
    waits: list[float] = []
    throttle = make_throttle(name, per_minute=6)

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            throttle.pause(60)
        else:
            redis.Redis.from_url(settings.REDIS_URL).delete(f"throttle:{name}:pause")

    throttle()
    throttle._sleep = sleep
    throttle()
    assert waits == pytest.approx([10, 60], abs=10)


def test_a_wait_beyond_reason_is_told_instead(name: str) -> None:
    throttle = make_throttle(name, longest_wait=10)
    throttle.pause(60)
    with pytest.raises(TransientError) as caught:
        throttle()
    assert caught.value.retry_after == pytest.approx(60, abs=10)


def test_a_broker_that_does_not_answer_is_named() -> None:
    throttle = Throttle(name="x", redis_url="redis://127.0.0.1:1/0", per_minute=1)
    with pytest.raises(TransientError, match="Check Redis"):
        throttle()


class _Enough(Exception):
    pass


def _enough(seconds: float) -> None:
    raise _Enough
