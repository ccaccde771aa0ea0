"""A posted line that the Platform gives a new number is not billed twice without a person's yes (P17)."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine
from invoices.sync import run
from invoices.sync.cautions import CautionCode
from invoices.sync.scope import RunScope
from invoices.sync.states import OperationState, Origin
from tests.invoices.sync.world import (
    MAY,
    World,
    fresh,
    preview,
    row,
    say_yes,
    sync,
    take_back,
    work,
)

Status = InvoiceLine.Status


@pytest.fixture
def old(world: World) -> InvoiceLine:
    """Posted, and gone from the Platform since."""
    line = world.monthly(MAY)
    sync()
    InvoiceLine.objects.filter(pk=line.pk).update(gone=True)
    return fresh(line)


def renumbered(world: World, old: InvoiceLine, **changes: object) -> InvoiceLine:
    same = ("organization", "offer", "contract_id", "platform_start_date", "platform_end_date")
    values = {name: getattr(old, name) for name in same}
    return world.monthly(MAY, **values | changes)


def by_the_schedule() -> None:
    work(run.start_run(period=MAY, scope=RunScope(), user=None, origin=Origin.SCHEDULE))


def test_the_preview_warns_and_a_yes_posts_it(world: World, old: InvoiceLine, user: User) -> None:
    new = renumbered(world, old)

    draft = preview(user)

    told = [one for one in row(draft, new).warnings if one["code"] == CautionCode.TWIN]
    assert f"{old.platform_id}, which is gone from the Platform, is Addition" in told[0]["text"]
    say_yes(draft, user)
    assert fresh(new).psa_status == Status.SYNCED
    assert len(world.additions()) == 2


def test_a_run_that_nobody_sees_leaves_it_to_a_person(world: World, old: InvoiceLine) -> None:
    new, other = renumbered(world, old), world.line()

    by_the_schedule()

    assert (fresh(new).psa_status, fresh(new).error_code) == (Status.ERROR, "perhaps_posted")
    assert fresh(other).psa_status == Status.SYNCED
    assert len(world.additions()) == 2


def test_once_the_old_one_is_taken_back_it_is_posted_like_any_other(
    world: World, old: InvoiceLine
) -> None:
    new = renumbered(world, old)
    take_back(old)

    by_the_schedule()

    assert fresh(new).psa_status == Status.SYNCED
    assert [one["id"] for one in world.additions()] == [fresh(new).addition_id]


@pytest.mark.parametrize("changed", [{"quantity": 4}, {"total_price": 99}, {"contract_id": "C-9"}])
def test_what_is_not_alike_is_no_twin(
    world: World, old: InvoiceLine, changed: dict[str, object]
) -> None:
    new = renumbered(world, old, **changed)

    by_the_schedule()

    assert fresh(new).psa_status == Status.SYNCED


def test_two_alike_that_are_both_on_the_platform_are_two_charges(world: World) -> None:
    first = world.monthly(MAY)
    sync()
    second = renumbered(world, fresh(first))

    by_the_schedule()

    assert fresh(second).psa_status == Status.SYNCED


def test_one_lines_upload_asks_first(world: World, old: InvoiceLine, operator: Client) -> None:
    new = renumbered(world, old)

    answer = operator.post(f"/mapping/invoices/lines/{new.pk}/sync/")

    assert "alike in all but its number" in answer.content.decode()
    assert not new.operations.exclude(state=OperationState.SKIPPED).exists()
