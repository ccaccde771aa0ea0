"""Previews: what they keep, the yes to them, and when they go (P39)."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from invoices.models import InvoiceLine, InvoiceSettings, Operation, Period, Posting, SyncRun
from invoices.sync import ending, previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Intent, OperationState, RunState
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    preview,
    row,
    say_yes,
    sync,
)

Status = InvoiceLine.Status


def test_a_preview_touches_nothing_and_keeps_what_it_says(world: World, user: User) -> None:
    good = world.line()
    bad = world.line(currency="USD")

    draft = preview(user)

    assert (draft.state, draft.is_live, draft.total) == (RunState.DRAFT, False, 2)
    assert draft.known_at is not None and draft.planned_at is not None
    assert row(draft, good).intent == Intent.CREATE
    assert (row(draft, good).revenue, row(draft, good).currency) == (Decimal("37.50"), "EUR")
    assert row(draft, good).organization_id == good.organization_id
    assert row(draft, bad).intent == Intent.REFUSE
    assert {fresh(good).psa_status, fresh(bad).psa_status} == {Status.NOT_SYNCED}
    assert not fresh(good).in_flight
    assert world.writes() == []


def test_a_yes_posts_what_was_shown_under_the_very_same_rows(world: World, user: User) -> None:
    lines = [world.line(), world.monthly(MAY)]
    refused = world.line(currency="USD")
    draft = preview(user)
    shown = {one.pk: (one.key, one.after) for one in draft.operations.all()}

    done = say_yes(draft, user)

    assert done.state == RunState.FINISHED
    assert {one.pk: (one.key, one.after) for one in done.operations.all()} == shown
    assert [fresh(line).psa_status for line in lines] == [Status.SYNCED] * 2
    assert fresh(refused).psa_status == Status.ERROR
    assert fresh(lines[0]).synced_by == user
    assert len(world.additions()) == 2
    assert not done.followed_by.exists()


def test_a_preview_that_reads_first_knows_what_changed_by_hand(world: World, user: User) -> None:
    sync(world.monthly(MAY))
    june = world.monthly(JUNE)
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], quantity=9)

    assert row(preview(user, JUNE), june).state == OperationState.PLANNED
    assert row(preview(user, JUNE, fresh=True), june).reason_code == "changed_in_connectwise"


def test_a_newer_preview_takes_the_place_of_the_older_one(world: World, user: User) -> None:
    world.line()
    old = preview(user)
    new = preview(user)

    assert list(SyncRun.objects.values_list("pk", flat=True)) == [new.pk]
    assert not Operation.objects.filter(run=old.pk).exists()


def test_a_preview_nobody_said_yes_to_is_dropped_after_a_day(world: World, user: User) -> None:
    world.line()
    draft = preview(user)
    SyncRun.objects.update(created_at=F("created_at") - previews.KEPT_FOR)

    previews.drop_old()

    assert not SyncRun.objects.filter(pk=draft.pk).exists()


def test_a_run_is_never_dropped_as_an_old_preview(world: World, user: User) -> None:
    world.line()
    done = say_yes(preview(user), user)
    SyncRun.objects.update(created_at=F("created_at") - previews.KEPT_FOR)

    previews.drop_old()

    assert SyncRun.objects.filter(pk=done.pk).exists()


def test_two_yeses_to_one_preview_start_it_once(world: World, user: User) -> None:
    world.line()
    draft = preview(user)
    previews.confirm(draft, user=user)

    with pytest.raises(run.CantStart):
        previews.confirm(draft, user=user)


def test_a_yes_while_another_run_is_on_is_refused(world: World, user: User) -> None:
    world.line()
    draft = preview(user)
    run.start_run(period=MAY, user=user)

    with pytest.raises(run.AlreadyRunning):
        previews.confirm(draft, user=user)
    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT


def test_a_yes_to_a_plan_that_was_made_anew_is_refused(world: World, user: User) -> None:
    world.line()
    seen = preview(user)
    assert previews.plan_anew(SyncRun.objects.get(pk=seen.pk), fresh=False)

    with pytest.raises(run.CantStart, match="planned anew"):
        previews.confirm(seen, user=user)


def test_planning_anew_shows_what_is_now(world: World, user: User) -> None:
    world.line()
    draft = preview(user)
    world.line()
    previews.plan_anew(draft, fresh=True)
    draft.refresh_from_db()
    previews.plan_if_needed(draft.pk, draft.epoch)

    draft.refresh_from_db()
    assert (draft.state, draft.total, draft.operations.count()) == (RunState.DRAFT, 2, 2)


def test_a_preview_that_may_not_read_connectwise_says_so_and_is_no_plan_to_say_yes_to(
    world: World, user: User
) -> None:
    world.line()
    draft = previews.start_draft(period=MAY, user=user, scope=RunScope(fresh=True))
    world.connectwise.faults.set(denied=["additions:read"])
    previews.plan_if_needed(draft.pk, draft.epoch)

    draft.refresh_from_db()
    assert (draft.state, draft.planned_at) == (RunState.DRAFT, None)
    assert "ConnectWise" in draft.message
    with pytest.raises(run.CantStart):
        previews.confirm(draft, user=user)


def test_a_preview_whose_worker_died_is_found_again(world: World, user: User) -> None:
    draft = previews.start_draft(period=MAY, user=user, scope=RunScope())
    assert previews.unpicked() == []
    let_time_pass(60)
    assert [one.pk for one in previews.unpicked()] == [draft.pk]


def three_gone(world: World) -> None:
    """Three subscriptions of April that May no longer has."""
    Period.objects.create(month=MAY, complete=True)
    for name in ("SUB-A", "SUB-B", "SUB-C"):
        sync(world.monthly(date(2026, 4, 1), subscription_id=name), period=date(2026, 4, 1))


def test_the_ticked_ends_of_a_preview_are_sent_and_the_others_are_not(
    world: World, user: User
) -> None:
    three_gone(world)
    draft = preview(user)
    ends = {one.subscription_id: one for one in draft.operations.filter(intent=Intent.END)}
    assert {one.state for one in ends.values()} == {OperationState.SKIPPED}

    done = say_yes(draft, user, ends=[ends["SUB-B"].key], force=True)

    states = dict(done.operations.values_list("subscription_id", "state"))
    assert states == {"SUB-A": "skipped", "SUB-B": "done", "SUB-C": "skipped"}
    ended = Posting.objects.get(subscription_id="SUB-B")
    (stands,) = (one for one in world.additions() if one["id"] == ended.addition_id)
    assert stands["cancelledDate"] == "2026-04-30T00:00:00Z"


@pytest.mark.parametrize(
    ("policy", "share", "ticked"), [("ask", 100, 0), ("apply", 100, 3), ("apply", 20, 3)]
)
def test_what_the_policy_ends_is_ticked_also_where_it_takes_a_second_yes(
    world: World, user: User, policy: str, share: int, ticked: int
) -> None:
    three_gone(world)
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_policy=policy, cancellation_share=share)

    assert preview(user).operations.filter(ticked=True).count() == ticked


def test_what_a_person_ticked_and_unticked_stays_so_when_it_is_planned_anew(
    world: World, user: User
) -> None:
    three_gone(world)
    draft = preview(user)
    one = draft.operations.get(subscription_id="SUB-B")
    assert previews.tick(draft, ticked=True)
    assert previews.tick(draft, ticked=False, row=one.pk)

    previews.plan_anew(draft, fresh=True)
    draft.refresh_from_db()
    previews.plan_if_needed(draft.pk, draft.epoch)

    ticks = dict(draft.operations.values_list("subscription_id", "ticked"))
    assert ticks == {"SUB-A": True, "SUB-B": False, "SUB-C": True}


def test_an_undo_is_previewed_and_done_as_shown(world: World, user: User) -> None:
    line = world.line()
    sync(line)
    draft = preview(user, undo=UndoScope(line=line.pk))
    assert row(draft, line).intent == Intent.REMOVE
    assert len(world.additions()) == 1

    say_yes(draft, user)

    assert fresh(line).psa_status == Status.NOT_SYNCED
    assert world.additions() == []


def test_a_preview_is_no_run_to_anybody_else(world: World, user: User) -> None:
    world.line()
    draft = preview(user)

    assert run.live_run() is None
    assert not run.plan_if_needed(draft.pk, draft.epoch)
    assert not run.finish_if_done(draft.pk)
    assert list(ending.waiting_ends()) == []
    assert draft.operations.get().state == OperationState.PLANNED
