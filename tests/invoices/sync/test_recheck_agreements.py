"""Agreements whose creation came twice, or late (P46)."""

from typing import Any

from invoices.models import SyncRun
from invoices.sync import lanes, run
from tests.invoices.sync.world import World, let_time_pass, settle_later, sync


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
