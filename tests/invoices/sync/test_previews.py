"""The plan shown is the plan executed (P39): previews, the yes to them, and what changes meanwhile."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from invoices.models import InvoiceLine, Operation, Period, Posting, SyncRun
from invoices.services.lines import LineChange, update_lines
from invoices.sync import ending, lanes, previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Intent, OperationState, Origin, RunState
from psa_connectwise.models import Product
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    sync,
    work,
)

Status = InvoiceLine.Status


@pytest.fixture
def user(world: World) -> User:
    return User.objects.create_user("anna")


def preview(user: User, period: date = MAY, **scope: object) -> SyncRun:
    """A preview, planned in this process."""
    draft = previews.start_draft(period=period, user=user, scope=RunScope(**scope))  # type: ignore[arg-type]
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def say_yes(draft: SyncRun, user: User, **how: object) -> SyncRun:
    """Confirmed and worked on, as far as that goes now."""
    previews.confirm(draft, user=user, **how)  # type: ignore[arg-type]
    return work(draft)


def row(of: SyncRun, line: InvoiceLine) -> Operation:
    return of.operations.get(line=line, is_step=False)


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


def test_a_line_that_became_mapped_after_the_preview_is_not_posted(
    world: World, user: User
) -> None:
    world.line()
    draft = preview(user)
    later = world.line()

    say_yes(draft, user)

    assert fresh(later).psa_status == Status.NOT_SYNCED
    assert len(world.additions()) == 1


def test_an_edit_after_the_preview_is_shown_before_it_is_sent(world: World, user: User) -> None:
    same, edited = world.line(), world.line()
    draft = preview(user)
    update_lines(seen={edited.pk: None}, change=LineChange(end=date(2026, 5, 20)), user=user)

    done = say_yes(draft, user)

    assert fresh(same).psa_status == Status.SYNCED
    assert fresh(edited).psa_status == Status.NOT_SYNCED
    aside = row(done, edited)
    assert (aside.state, aside.reason_code) == (OperationState.SKIPPED, "planned_again")
    assert "cancelled date is 2026-05-20, not 2026-05-31" in aside.reason
    again = done.followed_by.get()
    assert (again.state, again.user) == (RunState.DRAFTING, user)

    previews.plan_if_needed(again.pk, again.epoch)
    again.refresh_from_db()
    say_yes(again, user)

    assert world.addition(edited)["cancelledDate"] == "2026-05-20T00:00:00Z"


def test_an_edit_that_changes_nothing_that_is_sent_does_not_hold_its_line_up(
    world: World, user: User
) -> None:
    line = world.line()
    draft = preview(user)
    InvoiceLine.objects.update(version=F("version") + 1)

    say_yes(draft, user)

    assert fresh(line).psa_status == Status.SYNCED


def test_a_line_posted_by_somebody_else_meanwhile_is_left_alone(world: World, user: User) -> None:
    line, other = world.line(), world.line()
    draft = preview(user)
    sync(line)

    done = say_yes(draft, user)

    assert row(done, line).state == OperationState.SKIPPED
    assert fresh(other).psa_status == Status.SYNCED
    assert len(world.additions()) == 2
    assert not done.followed_by.exists()


def test_what_would_be_refused_now_is_an_error_and_not_sent(world: World, user: User) -> None:
    line = world.line()
    draft = preview(user)
    Product.objects.filter(pk=world.product.pk).update(inactive=True)

    done = say_yes(draft, user)

    assert row(done, line).state == OperationState.REFUSED
    assert (fresh(line).psa_status, fresh(line).error_code) == (Status.ERROR, "product_inactive")
    assert world.additions() == []


def test_what_would_be_posted_now_though_it_was_shown_as_refused_is_shown_again(
    world: World, user: User
) -> None:
    line = world.line()
    product = Product.objects.filter(pk=world.product.pk)
    product.update(inactive=True)
    draft = preview(user)
    product.update(inactive=False)

    done = say_yes(draft, user)

    assert "it would be posted now" in row(done, line).reason
    assert (fresh(line).psa_status, world.additions()) == (Status.NOT_SYNCED, [])
    assert done.followed_by.get().scope == {"lines": [line.pk]}


def test_an_addition_changed_by_hand_after_the_preview_is_not_written_over(
    world: World, user: User
) -> None:
    sync(world.monthly(MAY))
    june = world.monthly(JUNE, quantity=Decimal(5), total_price=Decimal("62.50"))
    draft = preview(user, JUNE)
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], quantity=9)

    say_yes(draft, user)

    assert fresh(june).error_code == "changed_in_connectwise"
    assert world.additions()[0]["quantity"] == 9


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


def test_a_preview_that_cannot_read_connectwise_says_so_and_can_be_tried_again(
    world: World, user: User
) -> None:
    world.line()
    draft = previews.start_draft(period=MAY, user=user, scope=RunScope(fresh=True))
    world.connectwise.stop()
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


def test_the_ticked_ends_of_a_preview_are_sent_and_the_others_are_not(
    world: World, user: User
) -> None:
    Period.objects.create(month=MAY, complete=True)
    for name in ("SUB-A", "SUB-B", "SUB-C"):
        sync(world.monthly(date(2026, 4, 1), subscription_id=name), period=date(2026, 4, 1))
    draft = preview(user)
    ends = {one.subscription_id: one for one in draft.operations.filter(intent=Intent.END)}
    assert {one.state for one in ends.values()} == {OperationState.SKIPPED}

    done = say_yes(draft, user, ends=[ends["SUB-B"].key], force=True)

    states = dict(done.operations.values_list("subscription_id", "state"))
    assert states == {"SUB-A": "skipped", "SUB-B": "done", "SUB-C": "skipped"}
    ended = Posting.objects.get(subscription_id="SUB-B")
    (stands,) = (one for one in world.additions() if one["id"] == ended.addition_id)
    assert stands["cancelledDate"] == "2026-04-30T00:00:00Z"


def test_an_undo_is_previewed_and_done_as_shown(world: World, user: User) -> None:
    line = world.line()
    sync(line)
    draft = preview(user, undo=UndoScope(line=line.pk))
    assert row(draft, line).intent == Intent.REMOVE
    assert len(world.additions()) == 1

    say_yes(draft, user)

    assert fresh(line).psa_status == Status.NOT_SYNCED
    assert world.additions() == []


def test_a_line_that_changes_between_plan_and_claim_is_planned_again_by_an_unseen_run(
    world: World,
) -> None:
    line = world.line()
    other = world.line()
    started = run.start_run(period=MAY, user=None, origin=Origin.COMMAND)
    run.plan_if_needed(started.pk, started.epoch)
    InvoiceLine.objects.filter(pk=line.pk).update(
        charge_end_date=date(2026, 5, 20), charge_end_date_source="user", version=F("version") + 1
    )

    lanes.work_lane(started.pk, started.epoch, lane=0)
    started.refresh_from_db()
    assert started.state == RunState.PLANNING
    done = work(started)

    assert (done.state, done.total) == (RunState.FINISHED, 2)
    assert [fresh(one).psa_status for one in (line, other)] == [Status.SYNCED] * 2
    assert world.addition(line)["cancelledDate"] == "2026-05-20T00:00:00Z"
    assert done.operations.count() == 2


def test_a_preview_is_no_run_to_anybody_else(world: World, user: User) -> None:
    world.line()
    draft = preview(user)

    assert run.live_run() is None
    assert not run.plan_if_needed(draft.pk, draft.epoch)
    assert not run.finish_if_done(draft.pk)
    assert list(ending.waiting_ends()) == []
    assert draft.operations.get().state == OperationState.PLANNED
