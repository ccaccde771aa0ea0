"""Of two Additions of one key one goes while the next month's line is on its way to it (P42)."""

from decimal import Decimal

import pytest
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import lanes, remote, run
from invoices.sync.call import perform
from invoices.sync.claim import claim_next
from invoices.sync.remote import Reference
from invoices.sync.scope import RunScope
from invoices.sync.states import OperationKind
from tests.invoices.sync.world import JUNE, MAY, World, fresh, settle_later, sync, work

Status = InvoiceLine.Status


@pytest.fixture
def june(world: World) -> InvoiceLine:
    """Its subscription's Addition stands there twice, and ours is the younger one."""
    may = world.monthly(MAY)
    world.script("late_write", late_write_seconds=7200)
    sync()
    settle_later()
    world.connectwise.land_late_writes()
    younger = max(one["id"] for one in world.additions())
    assert younger != fresh(may).addition_id
    Posting.objects.update(addition_id=younger)
    InvoiceLine.objects.update(addition_id=younger)
    amounts = {
        "quantity": Decimal(5),
        "total_price": Decimal("62.50"),
        "total_cost": Decimal("41.25"),
    }
    return world.monthly(JUNE, **amounts)


@pytest.fixture
def planned(june: InvoiceLine) -> SyncRun:
    started = run.start_run(period=JUNE, scope=RunScope(lines=(june.pk,)), user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    return started


def look_again() -> None:
    creations = Operation.objects.filter(kind=OperationKind.CREATE, recheck_at__isnull=False)
    assert creations.update(recheck_at=Now())
    lanes.sweep()


def test_it_waits_while_ours_is_being_changed(
    world: World, june: InvoiceLine, planned: SyncRun
) -> None:
    claim = claim_next(planned.pk, planned.epoch)
    assert claim

    look_again()

    assert len(world.additions()) == 2
    perform(remote.client(), claim, Reference("serialNumber"))
    look_again()
    (kept,) = world.additions()
    assert (kept["id"], kept["quantity"]) == (fresh(june).addition_id, 5)
    assert fresh(june).psa_status == Status.SYNCED


def test_what_is_planned_for_ours_goes_to_the_one_that_stays(
    world: World, june: InvoiceLine, planned: SyncRun
) -> None:
    look_again()
    work(planned)

    (kept,) = world.additions()
    assert (kept["id"], kept["quantity"]) == (fresh(june).addition_id, 5)
    assert fresh(june).psa_status == Status.SYNCED
