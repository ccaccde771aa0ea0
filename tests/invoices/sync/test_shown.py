"""What changes between the preview and its execution is not sent, but planned again and said so (P39)."""

from datetime import date
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import F

from invoices.models import InvoiceLine
from invoices.services.lines import LineChange, update_lines
from invoices.sync import lanes, previews, run
from invoices.sync.states import OperationState, Origin, RunState
from psa_connectwise.models import Product
from tests.invoices.sync.world import JUNE, MAY, World, fresh, preview, row, say_yes, sync, work

Status = InvoiceLine.Status


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
