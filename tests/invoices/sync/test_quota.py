"""A quota of ConnectWise is used up and not gone beyond, by all lanes together (P48)."""

import time
from dataclasses import dataclass, field

import pytest
from pytest_django import Settings

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import run
from invoices.sync.states import RunState
from sandbox_kit import dial
from tests.invoices.sync.world import FOUR, JUNE, MAY, World, work_lanes
from wire import watching
from wire.throttle import SLACK

PER_MINUTE = 900
LANES = 8
# A minute is too long for a test: the same pace over two seconds. What the slack of a whole minute
# leaves for requests that travel unequally fast is added, for those are as slow in two seconds.
WINDOW = 2.0
IN_WINDOW = round(PER_MINUTE * WINDOW / 60) + round(PER_MINUTE * (1 - 1 / SLACK))
LINES = 50


@dataclass
class Requests:
    """Every request that went out: when it was answered, and how."""

    statuses: list[int | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def hear(self, service: str, method: str, status: int | None, seconds: float) -> None:
        self.statuses.append(status)
        self.times.append(time.monotonic())


@pytest.fixture
def heard(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Requests:
    """Under the quota, which the stand-in counts, too."""
    monkeypatch.setattr(dial, "MINUTE", WINDOW)
    requests = Requests()
    monkeypatch.setattr(watching, "_watchers", [requests.hear])
    limit(world, settings)
    return requests


def limit(world: World, settings: Settings) -> None:
    settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE = PER_MINUTE
    world.connectwise.faults.set(rate_limit_per_minute=IN_WINDOW)


def lift(world: World, settings: Settings) -> None:
    settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE = 0
    world.connectwise.faults.set(rate_limit_per_minute=0)


def post(month: InvoiceLine) -> SyncRun:
    started = run.start_run(period=month.period, user=None)
    work_lanes(started, LANES)
    started.refresh_from_db()
    return started


@pytest.mark.parametrize("kind", ["create", "update"])
def test_the_quota_is_kept_to_and_no_429_met(
    world: World, settings: Settings, heard: Requests, kind: str
) -> None:
    lines = [world.monthly(MAY, subscription_id=f"SUB-{n}") for n in range(LINES)]
    if kind == "update":
        lift(world, settings)
        post(lines[0])
        limit(world, settings)
        lines = [world.monthly(JUNE, subscription_id=f"SUB-{n}", **FOUR) for n in range(LINES)]
        heard.statuses.clear()
        heard.times.clear()

    done = post(lines[0])

    assert (done.state, run.progress(done).posted) == (RunState.FINISHED, LINES)
    assert {one.kind for one in done.operations.all()} == {kind}
    assert heard.statuses.count(429) < len(heard.statuses) / 100
    assert len(heard.statuses) <= LINES * 1.05
    # That it takes hardly longer is measured by `make bench`, on a machine that does nothing else.
    took, ideal = heard.times[-1] - heard.times[0], (len(heard.times) - 1) * 60 / PER_MINUTE
    assert took > 0.95 * ideal
