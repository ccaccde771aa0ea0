"""What a run leaves behind: its plan, what was sent when it was stopped, and one word about the rest (P39–P41)."""

import logging
from decimal import Decimal

import pytest
from django.test import Client

from invoices.models import InvoiceLine
from invoices.sync import call, lanes, run
from invoices.sync.states import Intent, Origin, RunState
from tests.factories import make_line
from tests.invoices.sync.world import JUNE, MAY, World, fresh, row, sync, work

Status = InvoiceLine.Status


def test_a_scheduled_run_keeps_the_plan_it_executed(world: World, operator: Client) -> None:
    sync(world.monthly(MAY))
    five = {"quantity": 5, "total_price": Decimal("62.50"), "total_cost": Decimal("41.25")}
    updated, refused = world.monthly(JUNE, **five), world.line(period=JUNE, currency="USD")

    done = work(run.start_run(period=JUNE, user=None, origin=Origin.SCHEDULE))

    assert row(done, updated).intent == Intent.UPDATE
    assert "The line is in USD" in row(done, refused).reason
    assert done.plan["totals"]["planned"]["EUR"]["lines"] == 1
    page = operator.get(f"/mapping/invoices/runs/{done.pk}/").content.decode()
    assert " · schedule · " in page
    assert "<del>3</del>" in page
    assert "<ins>5</ins>" in page


def test_stopped_halfway_what_was_sent_stays_and_the_rest_stays_not_synced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [world.line() for _ in range(3)]
    started = run.start_run(period=MAY, user=None)

    def perform_and_stop(*arguments: object) -> None:
        call.perform(*arguments)  # type: ignore[arg-type]
        run.stop_run(started)

    monkeypatch.setattr(lanes, "perform", perform_and_stop)
    done = work(started)

    assert done.state == RunState.STOPPED
    states = sorted(fresh(line).psa_status for line in lines)
    assert states == [Status.NOT_SYNCED, Status.NOT_SYNCED, Status.SYNCED]
    assert len(world.additions()) == 1


def test_unmapped_lines_are_told_once_by_their_number(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        make_line(period=MAY)
    world.line()

    with caplog.at_level(logging.WARNING, logger="invoices"):
        sync()

    assert [one.getMessage() for one in caplog.records] == [
        "3 unmapped lines of May 2026 were left Not Synced"
    ]
