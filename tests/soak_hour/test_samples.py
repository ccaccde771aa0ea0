"""When a minute-by-minute table counts as growing."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.soak_hour.samples import Sample, grown, memory, p95, processor, table


def hour(**changing: Callable[[int], Any]) -> list[Sample]:
    well: dict[str, Any] = {
        "memory": {"web": 200}, "connections": {"Redis": 20}, "requests": 9,
        "p95": 100, "crowding": 1, "page_cpu": 40, "request_cpu": 40,
    }  # fmt: skip
    return [
        Sample(**{"minute": n, "posted": n} | well | {what: at(n) for what, at in changing.items()})
        for n in range(60)
    ]


def web(megabytes: Callable[[int], float]) -> list[Sample]:
    return hour(memory=lambda n: {"web": megabytes(n)})


def held(connections: Callable[[int], int]) -> list[Sample]:
    return hour(connections=lambda n: {"Redis": connections(n)})


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (hour(), []),
        (web(lambda n: 200 + n % 5), []),
        (web(lambda n: 100 if n < 10 else 200), []),  # it has only just warmed up
        (web(lambda n: 200 + 4 * n), ["memory of web grew from 278 to 406 MB"]),
        (held(lambda n: 10 + n // 2), ["connections to Redis grew from 31 to 39"]),
        # A sync that comes rarely, and then oftener.
        (held(lambda n: 24 if n == 7 or n > 40 else 8), []),
        (hour(p95=lambda n: 50 + 20 * n),
         ["p95 of the pages, others on the machine taken off, grew from 440 to 1080 ms"]),
        (hour(p95=lambda n: 900 if n == 50 else 100), []),  # one bad minute
        # The machine is shared from the middle on: all takes eight times as long.
        (hour(p95=lambda n: 100 if n < 30 else 800, crowding=lambda n: 1 if n < 30 else 8), []),
        (hour(page_cpu=lambda n: 40 + 2 * n), ["processor time of a page grew from 79 to 143 ms"]),
        (hour(request_cpu=lambda n: 40 + 2 * n),
         ["processor time of a request in the web server grew from 79 to 143 ms"]),
        (hour(posted=lambda _: 300), ["nothing was posted while it was watched"]),
        (hour()[:2], ["too few samples to tell a trend: let it run longer"]),
    ],
)  # fmt: skip
def test_only_what_keeps_rising_is_told(samples: list[Sample], told: list[str]) -> None:
    assert grown(samples) == told


def test_the_memory_of_a_process_is_that_of_its_children_too() -> None:
    assert memory(os.getpid()) > 10
    assert memory(os.getppid()) > memory(os.getpid())


def test_the_processor_time_of_a_process_only_grows_and_is_that_of_its_children_too() -> None:
    before = processor(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert processor(os.getpid()) > before > 0


def test_a_minute_without_requests_has_a_row_like_others() -> None:
    assert p95([]) == 0
    assert round(p95([0.1, 0.2])) == 195
    heads, row = table(hour()[:1])
    names = "minute web MB Redis posted requests p95 ms crowding web CPU ms page CPU ms"
    assert " ".join(heads.split()) == names
    assert row.split() == ["0.0", "200", "20", "0", "9", "100", "1.0", "40", "40"]
