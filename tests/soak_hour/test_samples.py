"""When a minute-by-minute table counts as growing."""

import os
from collections.abc import Callable

import pytest

from tests.soak_hour.samples import Sample, grown, memory, p95, table


def hour(
    web: Callable[[int], float] = lambda _: 200,
    connections: Callable[[int], int] = lambda _: 20,
    latency: Callable[[int], float] = lambda _: 100,
) -> list[Sample]:
    return [
        Sample(
            minute=n, memory={"web": web(n)}, connections=connections(n), requests=9, p95=latency(n)
        )
        for n in range(60)
    ]


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (hour(), []),
        (hour(web=lambda n: 200 + n % 5), []),
        (hour(web=lambda n: 100 if n < 10 else 200), []),  # it has only just warmed up
        (hour(web=lambda n: 200 + 4 * n), ["memory of web grew from 278 to 406 MB"]),
        (hour(connections=lambda n: 10 + n // 2), ["connections to PostgreSQL grew from 20 to 36"]),
        (hour(latency=lambda n: 50 + 20 * n), ["p95 of the pages grew from 440 to 1080 ms"]),
        (hour(latency=lambda n: 900 if n == 50 else 100), []),  # one bad minute
        (hour()[:2], ["too few samples to tell a trend: let it run longer"]),
    ],
)
def test_only_what_keeps_rising_is_told(samples: list[Sample], told: list[str]) -> None:
    assert grown(samples) == told


def test_the_memory_of_a_process_is_that_of_its_children_too() -> None:
    assert memory(os.getpid()) > 10
    assert memory(os.getppid()) > memory(os.getpid())


def test_a_minute_without_requests_has_a_row_like_others() -> None:
    assert p95([]) == 0
    assert round(p95([0.1, 0.2])) == 195
    heads, row = table(hour()[:1])
    assert heads.split() == ["minute", "web", "MB", "connections", "requests", "p95", "ms"]
    assert row.split() == ["0.0", "200", "20", "9", "100"]
