"""What changes in ConnectWise, or in our settings, between a preview, its yes and its posting."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from invoices.models import InvoiceLine, InvoiceSettings, Period, Posting, SyncRun
from invoices.sync import ending, lanes, previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import PostingState, RunState
from tests.factories import make_user
from tests.invoices.sync.world import (
    FOUR,
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


def previewed(user: User, period: date = MAY, **scope: object) -> SyncRun:
    draft = previews.start_draft(period=period, user=user, scope=RunScope(**scope))  # type: ignore[arg-type]
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def yes(draft: SyncRun, user: User, **how: object) -> SyncRun:
    previews.confirm(draft, user=user, **how)  # type: ignore[arg-type]
    return work(draft)


def test_a_retry_that_two_people_press_writes_once(world: World, user: User) -> None:
    other = make_user("invoices.sync_invoices", username="otto")
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)
    world.store.edit("additions", world.additions()[0]["id"], unitPrice=Decimal(99))
    sync(period=JUNE)
    assert fresh(june).error_code == "changed_in_connectwise"
    mine = previewed(user, JUNE, lines=(june.pk,), overwrite=True, fresh=True)
    theirs = previewed(other, JUNE, lines=(june.pk,), overwrite=True, fresh=True)

    yes(mine, user)
    writes = len(world.writes())
    second = yes(theirs, other)

    assert fresh(june).psa_status == Status.SYNCED
    assert (len(world.writes()), second.state) == (writes, RunState.FINISHED)
    assert not SyncRun.objects.filter(state="drafting").exists()


def test_an_addition_that_was_deleted_just_before_its_change(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, **FOUR)
    started = run.start_run(period=JUNE, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.store.remove("additions", world.additions()[0]["id"])

    lanes.work_lane(started.pk, started.epoch, lane=0)

    row = fresh(june)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "not_found")
    assert world.additions() == []
    sync(june, period=JUNE, overwrite=True)
    assert [one["id"] for one in world.additions()] == [fresh(june).addition_id]
    assert Posting.objects.filter(state=PostingState.OPEN).count() == 1


def test_a_product_that_became_inactive_after_the_preview(world: World, user: User) -> None:
    line = world.line()
    assert line.agreement and line.product
    draft = previewed(user)
    world.store.edit("catalog", line.product.connectwise_id, inactiveFlag=True)

    yes(draft, user)

    row = fresh(line)
    assert (row.psa_status, row.in_flight) == (Status.ERROR, False)
    assert f"Product {line.product.identifier} is inactive" in row.error


def test_an_agreement_that_was_cancelled_after_the_preview(world: World, user: User) -> None:
    line = world.line()
    assert line.agreement and line.product
    draft = previewed(user)
    world.store.edit(
        "agreements", line.agreement.connectwise_id, agreementStatus="Cancelled", cancelledFlag=True
    )

    yes(draft, user)

    row = fresh(line)
    assert (row.psa_status, row.in_flight) == (Status.ERROR, False)
    assert "The agreement is Cancelled" in row.error


def test_the_policy_of_the_yes_is_what_was_ticked(
    world: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 7, 2))
    for name in "ABCDEF":
        world.monthly(MAY, subscription_id=f"SUB-{name}")
    sync()
    for name in "ABCDE":
        world.monthly(JUNE, subscription_id=f"SUB-{name}")
    Period.objects.create(month=JUNE, complete=True)
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_policy="apply")
    draft = previewed(user, JUNE)
    InvoiceSettings.objects.update(cancellation_policy="skip")
    (end,) = ending.ends_of(draft)

    done = yes(draft, user, ends=[end.key], force=True)

    assert done.state == RunState.FINISHED
    assert Posting.objects.get(subscription_id="SUB-F").state == PostingState.ENDED


def test_an_undo_that_two_people_say_yes_to(world: World, user: User) -> None:
    other = make_user("invoices.undo_sync", username="otto")
    line = world.line()
    done = sync()
    mine = previewed(user, undo=UndoScope(run=done.pk), fresh=True)
    theirs = previewed(other, undo=UndoScope(run=done.pk), fresh=True)
    yes(mine, user)
    writes = len(world.writes())

    second = yes(theirs, other)

    assert (len(world.writes()), second.state) == (writes, RunState.FINISHED)
    assert fresh(line).psa_status == Status.NOT_SYNCED


def test_an_undo_that_was_done_and_posted_again_meanwhile(world: World, user: User) -> None:
    line = world.line()
    done = sync()
    draft = previewed(user, undo=UndoScope(run=done.pk), fresh=True)
    take_back(done)
    sync()
    assert fresh(line).psa_status == Status.SYNCED

    yes(draft, user)

    assert fresh(line).psa_status == Status.SYNCED
    assert len(world.additions()) == 1


def test_an_undo_while_a_write_of_its_run_is_on_its_way(world: World) -> None:
    """It is not known to stand there, so there is nothing to take back; it is posted in the end."""
    late, line = world.line(), world.line()
    world.script("late_write", late_write_seconds=200)
    done = sync()

    undone = take_back(done)

    assert undone.state == RunState.FINISHED
    world.connectwise.land_late_writes()
    settle_later()
    assert [fresh(one).psa_status for one in (late, line)] == [Status.SYNCED, Status.NOT_SYNCED]
    assert [one["id"] for one in world.additions()] == [fresh(late).addition_id]
