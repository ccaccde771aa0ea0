"""A newer change that is written again over an older one holds its Addition like any other (P42)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import lanes, run
from invoices.sync.scope import RunScope
from invoices.sync.states import OperationKind, OperationState
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.schemas import Addition
from tests.invoices.sync.world import (
    JULY,
    JUNE,
    MAY,
    World,
    fresh,
    settle_later,
    sync,
    take_back,
    work,
)

Status = InvoiceLine.Status
AUGUST = date(2026, 8, 1)


def of_quantity(number: int) -> dict[str, Decimal]:
    return {
        "quantity": Decimal(number),
        "total_price": number * Decimal("12.50"),
        "total_cost": number * Decimal("8.25"),
    }


@pytest.fixture
def july(world: World) -> InvoiceLine:
    """June's four were sent twice, July's nine stand there, and June's first four are to come."""
    world.monthly(MAY)
    sync()
    world.monthly(JUNE, **of_quantity(4))
    world.script("late_write", late_write_seconds=36000)
    sync(period=JUNE)
    settle_later()
    july = world.monthly(JULY, **of_quantity(9))
    sync(period=JULY)
    return july


@pytest.fixture
def planned(world: World, july: InvoiceLine) -> SyncRun:
    """August's twelve, planned before June's four came late."""
    world.monthly(AUGUST, **of_quantity(12))
    started = run.start_run(period=AUGUST, scope=RunScope(), user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.connectwise.land_late_writes()
    return started


def look_again() -> None:
    assert Operation.objects.filter(recheck_at__isnull=False).update(recheck_at=Now())
    lanes.sweep()


def once_it_was_read(monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
    """`then` happens between the recheck's look and its write."""
    read = ConnectWiseClient.addition

    def addition(self: ConnectWiseClient, agreement_id: int, addition_id: int) -> Addition:
        found = read(self, agreement_id, addition_id)
        monkeypatch.setattr(ConnectWiseClient, "addition", read)
        then()
        return found

    monkeypatch.setattr(ConnectWiseClient, "addition", addition)


def test_what_is_posted_while_it_is_looked_at_is_not_written_over(
    world: World, july: InvoiceLine, planned: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    once_it_was_read(monkeypatch, lambda: work(planned))

    look_again()

    assert world.addition(july)["quantity"] == 12
    assert Posting.objects.get().after_image["quantity"] == "12.0000"


def test_it_is_left_alone_while_another_change_of_it_is_under_way(
    world: World, july: InvoiceLine, planned: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script("lost_reply")
    once_it_was_read(monkeypatch, lambda: work(planned))
    stood = len(world.writes())

    look_again()

    assert len(world.writes()) == stood + 1
    settle_later()
    assert world.addition(july)["quantity"] == 12


def test_a_lost_answer_to_it_is_settled_before_the_next_line_is_posted(
    world: World, july: InvoiceLine
) -> None:
    world.connectwise.land_late_writes()
    world.script("lost_reply")
    look_again()
    august = world.monthly(AUGUST, **of_quantity(12))

    sync(period=AUGUST)

    assert fresh(august).error_code == "addition_busy"
    settle_later()
    assert world.addition(july)["quantity"] == 9
    sync(period=AUGUST)
    assert world.addition(july)["quantity"] == 12
    assert fresh(august).psa_status == Status.SYNCED


def test_one_that_never_arrived_is_sent_again(world: World, july: InvoiceLine) -> None:
    world.connectwise.land_late_writes()
    world.script("503_before_write")
    look_again()
    assert world.addition(july)["quantity"] == 4

    settle_later()

    assert world.addition(july)["quantity"] == 9
    assert not Operation.objects.filter(state=OperationState.UNKNOWN).exists()


def test_it_is_no_change_of_the_month_that_could_be_taken_back(
    world: World, july: InvoiceLine
) -> None:
    world.connectwise.land_late_writes()
    look_again()
    again = Operation.objects.filter(kind=OperationKind.UPDATE, line=None).get()
    assert again.state == OperationState.DONE

    take_back(july)

    (addition,) = world.additions()
    assert addition["quantity"] == 4
    assert fresh(july).psa_status == Status.NOT_SYNCED
    assert not again.undone_by.exists()


def test_a_refusal_of_it_is_told_and_not_tried_at_every_sweep(
    world: World, july: InvoiceLine, caplog: pytest.LogCaptureFixture
) -> None:
    world.connectwise.land_late_writes()
    world.script("400_before_write")

    look_again()

    assert "Write it by hand" in caplog.text
    stood = len(world.writes())
    lanes.sweep()
    assert len(world.writes()) == stood
