"""Of two Additions of one key one goes while a line is on its way to it (P42)."""

from collections.abc import Callable
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
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.schemas import Addition
from tests.invoices.sync.mishaps import another_product, given_back
from tests.invoices.sync.world import JUNE, MAY, World, fresh, settle_later, sync, take_back, work

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


def once_it_was_listed(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Does it between the look at what stands there and the taking up, the first time."""
    image_of = remote.image_of

    def meanwhile(addition: Addition) -> object:
        monkeypatch.setattr(remote, "image_of", image_of)
        act()
        return image_of(addition)

    monkeypatch.setattr(remote, "image_of", meanwhile)


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


def test_what_a_line_takes_up_while_it_is_looked_for_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()
    given_back(world, line)
    world.connectwise.land_late_writes()
    once_it_was_listed(monkeypatch, lambda: sync(line))
    look_again()
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]
    assert fresh(line).psa_status == Status.SYNCED


def test_what_an_undo_made_again_while_it_is_looked_for_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, charge_start_date=MAY, product=another_product(world))
    sync(period=JUNE)  # the same start: May's is removed, and another one made
    world.script("ok", "late_write", late_write_seconds=7200)
    run.stop_run(take_back(june))
    SyncRun.objects.update(stop_requested=True)
    settle_later()
    world.connectwise.land_late_writes()
    once_it_was_listed(monkeypatch, lambda: take_back(june))
    look_again()
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(may).addition_id]


def test_what_was_made_again_by_hand_while_it_is_looked_for_stands_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()
    world.script("late_write", late_write_seconds=7200)
    sync()
    settle_later()
    world.store.remove("additions", fresh(line).addition_id)
    sync(line)
    world.connectwise.land_late_writes()
    read = ConnectWiseClient.addition

    def once_it_was_read(self: ConnectWiseClient, agreement_id: int, addition_id: int) -> Addition:
        monkeypatch.setattr(ConnectWiseClient, "addition", read)
        sync(line, overwrite=True)
        return read(self, agreement_id, addition_id)

    monkeypatch.setattr(ConnectWiseClient, "addition", once_it_was_read)
    InvoiceLine.objects.update(psa_status=Status.ERROR)
    look_again()
    lanes.sweep()

    assert [one["id"] for one in world.additions()] == [fresh(line).addition_id]
