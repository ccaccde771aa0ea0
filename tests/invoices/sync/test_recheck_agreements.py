"""Agreements whose creation came twice, or late (P46)."""

from datetime import date
from typing import Any

import pytest

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.sync import lanes, run
from psa_connectwise.models import Agreement
from tests.invoices.sync.world import (
    World,
    fresh,
    let_time_pass,
    read_directory,
    settle_later,
    sync,
)

Status = InvoiceLine.Status


def made(world: World) -> list[dict[str, Any]]:
    """Those of that name that stand in ConnectWise."""
    return [one for one in world.store.all("agreements") if one["name"] == "C-77"]


def test_of_two_that_came_about_the_one_that_is_used_stays(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("late_write", late_write_seconds=7200)
    started = sync()
    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)
    world.connectwise.land_late_writes()
    assert len(made(world)) == 2

    let_time_pass(3700)
    lanes.sweep()

    (agreement,) = made(world)
    assert agreement["id"] == world.addition(line)["agreementId"]


def test_one_of_two_that_people_use_by_now_is_left_to_them(world: World) -> None:
    world.line(create_agreement=True, contract_id="C-77")
    world.script("late_write", late_write_seconds=7200)
    started = sync()
    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)
    world.connectwise.land_late_writes()
    late = max(one["id"] for one in made(world))
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], id=9_001, agreementId=late, serialNumber="")

    let_time_pass(3700)
    lanes.sweep()

    assert len(made(world)) == 2


def test_one_that_came_after_it_was_given_up_is_found_by_later_lines(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("late_write", late_write_seconds=7200)
    run.stop_run(sync())
    SyncRun.objects.update(stop_requested=True)
    settle_later()
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()
    sync(line)

    (agreement,) = made(world)
    assert agreement["id"] == world.addition(line)["agreementId"]


def test_one_that_was_read_since_it_was_given_up_bills_earlier_like_any_of_ours(
    world: World,
) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("late_write", late_write_seconds=7200)
    run.stop_run(sync(line))
    SyncRun.objects.update(stop_requested=True)
    settle_later()
    world.connectwise.land_late_writes()
    read_directory()
    sync(line)
    early = world.line(
        create_agreement=True, contract_id="C-77", charge_start_date=date(2026, 4, 9)
    )

    lanes.sweep()  # long before it is looked for in ConnectWise
    sync(early)

    assert (fresh(early).psa_status, fresh(early).error) == (Status.SYNCED, "")
    (agreement,) = made(world)
    assert agreement["billStartDate"] == "2026-04-09T00:00:00Z"


@pytest.fixture
def late_move(world: World) -> Agreement:
    """Ours was to bill from 20 April, which was given up and is still on its way."""
    world.line(create_agreement=True, contract_id="C-77")
    sync()
    ours = Agreement.objects.get(name="C-77")
    early = world.line(agreement=ours, contract_id="C-77", charge_start_date=date(2026, 4, 20))
    world.script("late_write", late_write_seconds=7200)
    run.stop_run(sync(early))
    SyncRun.objects.update(stop_requested=True)
    assert settle_later().given_back == 1
    return ours


def bills_from(world: World, agreement: Agreement) -> str:
    return str(world.store.find("agreements", agreement.connectwise_id)["billStartDate"])


def test_a_later_billing_start_that_lands_after_an_earlier_one_is_moved_back_again(
    world: World, late_move: Agreement
) -> None:
    line = world.line(agreement=late_move, contract_id="C-77", charge_start_date=date(2026, 4, 9))
    sync(line)
    world.connectwise.land_late_writes()
    assert bills_from(world, late_move) == "2026-04-20T00:00:00Z"

    let_time_pass(3700)
    lanes.sweep()

    assert bills_from(world, late_move) == "2026-04-09T00:00:00Z"
    writes = len(world.writes())
    let_time_pass(90_000)
    lanes.sweep()
    assert len(world.writes()) == writes
    assert not Operation.objects.filter(recheck_at__isnull=False).exists()


def test_a_billing_start_that_was_given_up_and_lands_late_is_known(
    world: World, late_move: Agreement
) -> None:
    world.connectwise.land_late_writes()
    writes = len(world.writes())

    let_time_pass(3700)
    lanes.sweep()

    late_move.refresh_from_db()
    assert late_move.bill_start_date == date(2026, 4, 20)
    assert len(world.writes()) == writes


def test_a_billing_start_that_people_chose_since_is_left_to_them(
    world: World, late_move: Agreement
) -> None:
    line = world.line(agreement=late_move, contract_id="C-77", charge_start_date=date(2026, 4, 9))
    sync(line)
    world.store.edit("agreements", late_move.connectwise_id, billStartDate="2026-04-15T00:00:00Z")

    let_time_pass(3700)
    lanes.sweep()

    assert bills_from(world, late_move) == "2026-04-15T00:00:00Z"


def test_one_that_connectwise_does_not_move_back_is_told(
    world: World, late_move: Agreement, caplog: pytest.LogCaptureFixture
) -> None:
    line = world.line(agreement=late_move, contract_id="C-77", charge_start_date=date(2026, 4, 9))
    sync(line)
    world.connectwise.land_late_writes()
    world.script("400_before_write")

    let_time_pass(3700)
    lanes.sweep()

    assert "ConnectWise does not move that back" in caplog.text
    assert Operation.objects.filter(rechecked=True).exists()
