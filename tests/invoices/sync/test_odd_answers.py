"""Answers of ConnectWise that are odd but legal: nothing is doubled, lost or left open by them (P42)."""

from typing import Any

import pytest

from invoices.models import InvoiceLine, Posting
from invoices.sync.states import PostingState
from tests.invoices.sync.world import JUNE, MAY, World, fresh, settle_later, sync, take_back

Status = InvoiceLine.Status


def empty(world: World, line: InvoiceLine, field: str) -> None:
    """As some installations answer it: the field is there no more."""
    record: dict[str, Any] = dict(world.addition(line))
    del record[field]
    for table in (
        world.store.tables["additions"],
        world.store.by_agreement[record["agreementId"]],
    ):
        table[record["id"]] = record


@pytest.mark.parametrize("field", ["unitCost", "quantity", "product", "effectiveDate"])
def test_an_addition_with_an_empty_field_is_not_taken_for_a_deleted_one(
    world: World, field: str
) -> None:
    may = world.monthly(MAY)
    sync()
    empty(world, may, field)
    june = world.monthly(JUNE)

    sync(june, period=JUNE, overwrite=True)

    assert [one["id"] for one in world.additions()] == [fresh(may).addition_id]
    assert Posting.objects.get().state == PostingState.OPEN


def test_an_addition_with_an_empty_field_is_taken_back_like_any_other(world: World) -> None:
    line = world.line()
    sync()
    empty(world, line, "unitCost")

    take_back(line)

    assert fresh(line).psa_status == Status.NOT_SYNCED
    assert world.additions() == []


def test_an_id_that_another_line_has_by_now_is_not_taken_for_ours(world: World) -> None:
    """ConnectWise went back to a backup of its own, and gave the id once more."""
    may, other = world.monthly(MAY), world.monthly(MAY, subscription_id="SUB-B")
    sync()
    lost = fresh(may).addition_id
    world.store.remove("additions", lost)
    theirs = dict(world.addition(other))
    world.store.remove("additions", theirs["id"])
    world.store._put("additions", theirs | {"id": lost})
    june = world.monthly(JUNE)

    sync(june, period=JUNE, overwrite=True)

    assert world.store.find("additions", lost)["serialNumber"] == theirs["serialNumber"]
    assert world.store.find("additions", lost)["quantity"] == theirs["quantity"]
    assert fresh(june).addition_id != lost
    assert fresh(june).psa_status == Status.SYNCED


@pytest.mark.parametrize("written", ["", "WARRANTY-7"])
def test_an_addition_whose_reference_somebody_wrote_over_is_still_ours(
    world: World, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The serial number is a field that people fill in: the line's id leads to it all the same."""
    may = world.monthly(MAY)
    sync()
    world.store.edit("additions", fresh(may).addition_id, serialNumber=written)
    stood = len(world.store.all("additions"))
    june = world.monthly(JUNE, quantity=4, total_price=50, total_cost=33)

    sync(june, period=JUNE)
    sync(june, period=JUNE, overwrite=True)

    assert len(world.store.all("additions")) == stood
    assert fresh(june).psa_status == Status.SYNCED
    assert fresh(june).addition_id == fresh(may).addition_id
    assert world.store.find("additions", fresh(may).addition_id)["quantity"] == 4
    assert "no longer carries our reference LB-" in caplog.text


def test_an_id_that_was_ours_before_is_not_left_unconfirmed_for_ever(world: World) -> None:
    first = world.line()
    sync()
    number = fresh(first).addition_id
    take_back(first)
    second = world.line()
    world.store._next["additions"] = number

    sync(second)
    settle_later()

    assert fresh(second).psa_status == Status.SYNCED
    assert [one["id"] for one in world.additions()] == [number]
