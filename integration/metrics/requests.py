"""How long the remotes took, counted by all processes together in one hash of Redis.

Web servers and workers are several processes, in containers that share no folder: so no process
could answer for the others, and prometheus-client's own files (PROMETHEUS_MULTIPROC_DIR) would not
reach. Each process adds up in memory, which costs a request microseconds, and hands its sums over
every few seconds and whenever a task or request ends. What a killed process had not handed over is
lost; an emptied Redis is a counter that starts anew, which Prometheus knows.
"""

import logging
import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from typing import Any

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

KEY = "linebridge:remote-requests"
# Seconds; the last is the time-out that a request has by default.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# The last bucket takes what is longer than all others.
LABELS = (*(str(bound) for bound in BUCKETS), "+Inf")
HAND_OVER_SECONDS = 5.0
REDIS_SECONDS = 2.0

_lock = threading.Lock()
_sums: defaultdict[str, float] = defaultdict(float)
_handed_over_at = 0.0


def note(service: str, method: str, status: int | None, seconds: float) -> None:
    """One more request; a watcher of `wire.watching`."""
    remote = service.lower().removeprefix("the ")
    bucket = LABELS[bisect_left(BUCKETS, seconds)]
    outcome = "no answer" if status is None else f"{status // 100}xx" if status != 429 else "429"
    with _lock:
        _sums[f"{remote}|{method}|bucket|{bucket}"] += 1
        _sums[f"{remote}|{method}|outcome|{outcome}"] += 1
        _sums[f"{remote}|{method}|seconds|"] += seconds
    if time.monotonic() - _handed_over_at > HAND_OVER_SECONDS:
        hand_over()


def hand_over(**_signal: object) -> None:
    """Adds what this process has counted to Redis; never raises, keeps it where Redis is away."""
    global _handed_over_at
    with _lock:
        if not _sums:
            return
        sums, _handed_over_at = dict(_sums), time.monotonic()
        _sums.clear()
    try:
        with _broker() as broker, broker.pipeline(transaction=True) as pipe:
            for name, value in sums.items():
                pipe.hincrbyfloat(KEY, name, value)
            pipe.execute()
    except redis.RedisError as error:
        with _lock:
            for name, value in sums.items():
                _sums[name] += value
        logger.debug("latencies are not handed over: %s", error)


def counted() -> dict[tuple[str, str, str, str], float]:
    """(remote, method, what, label) → sum over all processes; raises RedisError."""
    hand_over()
    with _broker() as broker:
        found: Any = broker.hgetall(KEY)
    return {_key(name.decode()): float(value) for name, value in found.items()}


def forget() -> None:
    """A forked child must not hand over its parent's sums again."""
    global _lock
    _lock = threading.Lock()
    _sums.clear()


def _key(name: str) -> tuple[str, str, str, str]:
    remote, method, what, label = name.split("|")
    return remote, method, what, label


def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    )


os.register_at_fork(after_in_child=forget)
