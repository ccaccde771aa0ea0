""" "Create new agreement" (P46): made exactly once, before the lines that need it."""

from datetime import date

import pytest

from invoices.models import InvoiceLine, Operation, OwnAgreement
from invoices.sync import lanes, run
from invoices.sync.states import OperationKind, RunState
from mapping.models import AgreementDefault
from psa_connectwise.models import Agreement, Company
from tests.invoices.sync.world import (
    MAY,
    World,
    fresh,
    read_directory,
    settle_later,
    sync,
    work,
    work_lanes,
)

Status = InvoiceLine.Status


def made(world: World) -> list[dict[str, object]]:
    """The agreements that were made by us."""
    return [
        entry["record"]
        for entry in world.writes()
        if entry["kind"] == "agreements" and entry["method"] == "POST"
    ]


def test_it_is_named_after_its_contract_and_bills_from_the_earliest_loaded_month(
    world: World,
) -> None:
    world.line(create_agreement=True, contract_id="C-77", period=date(2026, 4, 1))
    line = world.line(create_agreement=True, contract_id="C-77")

    sync()

    (agreement,) = made(world)
    assert agreement["name"] == "C-77"
    assert agreement["startDate"] == agreement["billStartDate"] == "2026-04-01T00:00:00Z"
    assert agreement["type"]["id"] == 2  # type: ignore[index]
    assert agreement["currency"]["currencyCode"] == "EUR"  # type: ignore[index]
    assert line.company
    assert agreement["company"]["id"] == line.company.connectwise_id  # type: ignore[index]
    assert agreement["prorateFlag"] is False


def test_fifty_lines_make_one_and_show_it_as_existing_afterwards(world: World) -> None:
    lines = [world.line(create_agreement=True, contract_id="C-77") for _ in range(50)]

    sync()

    assert len(made(world)) == 1
    rows = [fresh(line) for line in lines]
    assert {row.psa_status for row in rows} == {Status.SYNCED}
    assert {row.agreement_name for row in rows} == {"C-77"}
    assert not any(row.create_agreement for row in rows)
    assert len({row.addition_id for row in rows}) == 50


@pytest.mark.parametrize("fault", ["lost_reply", "500_after_write", "drop"])
def test_fifty_lines_make_one_though_the_reply_is_lost(world: World, fault: str) -> None:
    lines = [world.line(create_agreement=True, contract_id="C-77") for _ in range(50)]
    world.script(fault)
    started = sync()

    settle_later()
    work(started)

    assert len(made(world)) == 1
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    assert len({fresh(line).addition_id for line in lines}) == 50
    assert len(world.additions()) == 50


def test_lanes_at_once_make_one(world: World) -> None:
    lines = [world.line(create_agreement=True, contract_id=f"C-{n % 3}") for n in range(30)]
    started = run.start_run(period=MAY, line_ids=None, user=None)
    work_lanes(started, 4)

    assert sorted(str(one["name"]) for one in made(world)) == ["C-0", "C-1", "C-2"]
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    assert len(world.additions()) == 30


def test_when_the_reply_to_its_creation_is_lost_it_is_found_and_the_lines_follow(
    world: World,
) -> None:
    lines = [world.line(create_agreement=True, contract_id="C-77") for _ in range(3)]
    world.script("lost_reply")

    started = sync()

    assert started.state == RunState.RUNNING  # its lines wait for the agreement
    assert settle_later().found == 1
    lanes.work_lane(started.pk, started.epoch, lane=0)
    assert len(made(world)) == 1
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}


def test_found_though_the_directory_was_read_in_between(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("lost_reply")
    started = sync()
    read_directory()

    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert len(made(world)) == 1
    assert fresh(line).psa_status == Status.SYNCED


def test_a_run_that_starts_while_it_is_unknown_waits_for_the_same_one(world: World) -> None:
    first = world.line(create_agreement=True, contract_id="C-77")
    world.script("lost_reply")
    started = sync()
    run.stop_run(started)
    second = world.line(create_agreement=True, contract_id="C-77")
    started.refresh_from_db()
    assert started.state == RunState.STOPPED

    again = sync()

    assert Operation.objects.filter(kind=OperationKind.CREATE_AGREEMENT).count() == 1
    settle_later()
    lanes.work_lane(again.pk, again.epoch, lane=0)
    assert len(made(world)) == 1
    assert {fresh(line).psa_status for line in (first, second)} == {Status.SYNCED}


def test_a_later_month_finds_it(world: World) -> None:
    world.line(create_agreement=True, contract_id="C-77")
    sync()
    later = world.line(create_agreement=True, contract_id="C-77")

    sync()

    assert len(made(world)) == 1
    assert fresh(later).agreement_name == "C-77"


def test_one_that_is_just_alike_is_found_after_our_database_is_rebuilt(world: World) -> None:
    world.line(create_agreement=True, contract_id="C-77")
    sync()
    OwnAgreement.objects.update(agreement=None)
    Operation.objects.filter(line__isnull=False).delete()
    Operation.objects.all().delete()
    OwnAgreement.objects.all().delete()
    world.line(create_agreement=True, contract_id="C-77")

    sync()

    assert len(made(world)) == 1


def test_defaults_that_asked_for_it_name_it(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    default = AgreementDefault.objects.create(
        organization=line.organization, contract_id="C-77", create_agreement=True
    )

    sync()

    default.refresh_from_db()
    assert default.agreement == Agreement.objects.get(name="C-77")
    assert not default.create_agreement


def test_when_it_is_refused_its_lines_stand_in_error_with_the_reason(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    other = world.line()
    world.script("400_before_write")

    sync()

    row = fresh(line)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "agreement_not_made")
    assert row.error.startswith("The new agreement could not be made: ")
    assert fresh(other).psa_status == Status.SYNCED


def test_one_of_ours_that_cannot_be_read_is_not_made_again(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("lost_reply")
    started = sync()
    number = made(world)[0]["id"]
    world.store.edit("agreements", number, cancelledFlag="maybe")

    settle_later()

    assert len(made(world)) == 1
    assert "can't be read" in Operation.objects.get(line=None).last_error
    world.store.edit("agreements", number, cancelledFlag=False)
    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)
    assert fresh(line).psa_status == Status.SYNCED


def test_a_company_without_a_contact_is_told_to_get_one(world: World) -> None:
    line = world.line(create_agreement=True)
    Company.objects.update(default_contact_id=None)

    sync()

    assert fresh(line).error_code == "no_contact"
    assert "default contact" in fresh(line).error
    assert made(world) == []


def test_a_currency_nobody_uses_there_is_an_error(world: World) -> None:
    line = world.line(create_agreement=True, currency="JPY")

    sync()

    assert fresh(line).error_code == "currency_unknown"
