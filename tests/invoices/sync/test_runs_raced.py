"""Previews and runs that several hands reach for at the same moment (P39, P40, P42)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Event
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.services.lines import Scope, lock
from invoices.sync import changed, keeping, lanes, previews, run
from invoices.sync.scope import UndoScope
from invoices.sync.states import OperationState, Origin, RunState
from sandbox_kit import http
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    preview,
    row,
    say_yes,
    settle_later,
    sync,
    work,
)
from tests.sessions import in_thread, until_somebody_waits

Status = InvoiceLine.Status


@pytest.fixture
def user(world: World) -> User:
    return User.objects.create_user("anna")


def test_a_preview_that_is_dropped_while_somebody_says_yes_keeps_its_rows(
    world: World, user: User
) -> None:
    line = world.line()
    draft = preview(user)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            previews.confirm(draft, user=user)
            dropping = in_thread(
                threads, lambda: previews.drop(SyncRun.objects.filter(state=RunState.DRAFT))
            )
            until_somebody_waits()
        dropping.result()

    work(draft)

    assert fresh(line).psa_status == Status.SYNCED


def test_a_run_that_dies_as_it_ends_still_shows_again_what_it_did_not_send(
    world: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()
    draft = preview(user)
    InvoiceLine.objects.update(
        charge_end_date=date(2026, 5, 20), charge_end_date_source="user", version=F("version") + 1
    )

    def killed(a_run: SyncRun) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(changed, "preview_again", killed)
        say_yes(draft, user)
    run.finish_if_done(draft.pk)

    draft.refresh_from_db()
    assert draft.state == RunState.FINISHED
    assert draft.followed_by.get().scope == {"lines": [line.pk]}


def test_what_says_already_what_would_be_written_is_synced_and_not_shown_for_ever(
    world: World, user: User
) -> None:
    sync(world.monthly(MAY))
    june = world.monthly(
        JUNE, quantity=Decimal(5), total_price=Decimal("62.50"), total_cost=Decimal("41.25")
    )
    draft = preview(user, JUNE)
    (addition,) = world.additions()
    after = row(draft, june).after
    assert after
    world.store.edit(
        "additions", addition["id"], quantity=5, invoiceDescription=after["invoice_description"]
    )
    written = len(world.writes())

    done = say_yes(draft, user)

    assert (fresh(june).psa_status, len(world.writes())) == (Status.SYNCED, written)
    assert row(done, june).intent == "unchanged"
    assert not done.followed_by.exists()


def test_a_retry_that_is_not_as_shown_stays_a_retry(world: World, user: User) -> None:
    line = world.monthly(MAY)
    sync(line)
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], quantity=9)
    InvoiceLine.objects.update(psa_status="error", version=F("version") + 1)
    draft = preview(user, lines=(line.pk,), overwrite=True, fresh=True)
    world.store.edit("additions", addition["id"], quantity=11)

    done = say_yes(draft, user)
    again = done.followed_by.get()
    previews.plan_if_needed(again.pk, again.epoch)
    again.refresh_from_db()
    say_yes(again, user)

    assert world.additions()[0]["quantity"] == 3
    assert fresh(line).psa_status == Status.SYNCED


def test_a_line_planned_again_lets_go_of_its_addition_that_is_over(world: World) -> None:
    first = world.monthly(MAY, charge_end_date=date(2026, 6, 10), charge_end_date_source="user")
    sync(first)
    june = world.monthly(JUNE)
    started = run.start_run(period=JUNE, user=None, origin=Origin.COMMAND)
    run.plan_if_needed(started.pk, started.epoch)
    assert row(started, june).kind == "update"
    InvoiceLine.objects.filter(pk=june.pk).update(
        charge_start_date=date(2026, 6, 15), version=F("version") + 1
    )

    lanes.work_lane(started.pk, started.epoch, lane=0)
    started.refresh_from_db()
    work(started)

    assert fresh(june).psa_status == Status.SYNCED
    assert len(world.additions()) == 2


def test_an_agreement_that_fails_leaves_the_lines_of_a_mere_preview_alone(
    world: World, user: User
) -> None:
    world.line(create_agreement=True, contract_id="C-77")
    world.script("drop")
    first = sync()
    second = world.line(create_agreement=True, contract_id="C-77")
    draft = preview(user)
    assert row(draft, second).waits_for_id
    world.script("400")

    settle_later()

    assert fresh(second).psa_status == Status.NOT_SYNCED
    assert row(draft, second).state == OperationState.PLANNED
    assert run.finish_if_done(first.pk)
    done = say_yes(draft, user)
    assert row(done, second).reason_code == "planned_again"
    again = done.followed_by.get()
    previews.plan_if_needed(again.pk, again.epoch)
    again.refresh_from_db()
    say_yes(again, user)
    assert fresh(second).psa_status == Status.SYNCED


def test_an_undo_that_was_shown_before_a_later_month_stood_on_its_addition_is_not_done(
    world: World, user: User
) -> None:
    may = world.monthly(MAY)
    sync(may)
    draft = preview(user, undo=UndoScope(line=may.pk))
    june = world.monthly(JUNE)
    sync(june, period=JUNE)
    assert row(june.operations.get().run, june).intent == "unchanged"

    done = say_yes(draft, user)

    assert "something newer" in row(done, may).reason
    assert len(world.additions()) == 1
    assert {fresh(may).psa_status, fresh(june).psa_status} == {Status.SYNCED}


def test_lines_that_are_refused_are_taken_in_the_order_in_which_everybody_takes_them(
    world: World,
) -> None:
    first, second = world.line(currency="USD"), world.line(currency="USD")
    started = run.start_run(period=MAY, user=None)
    run.plan_if_needed(started.pk, started.epoch)
    InvoiceLine.objects.update(psa_status="not_synced", error="", version=F("version") - 1)
    # Its row stands behind the other one's now, where a scan of the table comes to it last.
    InvoiceLine.objects.filter(pk=first.pk).update(note="moved")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            InvoiceLine.objects.select_for_update().get(pk=first.pk)
            marking = in_thread(threads, lambda: keeping.mark_refused(started))
            until_somebody_waits()
            InvoiceLine.objects.select_for_update(nowait=True).get(pk=second.pk)
        marking.result()

    assert {fresh(first).psa_status, fresh(second).psa_status} == {Status.ERROR}


def test_a_plan_is_kept_while_somebody_changes_its_lines(world: World, user: User) -> None:
    """A plan points at lines and customers: it waits for nobody who doesn't delete them."""
    line = world.line()
    lines = InvoiceLine.objects.all()
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        lock(Scope(lines=lines, total=1, checks=(), parts=()))
        draft = in_thread(threads, lambda: preview(user)).result(timeout=20)

    assert row(draft, line).state == OperationState.PLANNED


def test_what_the_second_hand_holds_is_not_sent_once_the_run_was_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Event()
    # ConnectWise answers the first hand once the run is stopped.
    monkeypatch.setattr(http, "time", SimpleNamespace(sleep=lambda _: stopped.wait(20)))
    lines = [world.line() for _ in range(4)]
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.connectwise.faults.set(latency_ms=1)
    with ThreadPoolExecutor(1) as threads:
        posting = in_thread(
            threads, lambda: lanes.work_lane(started.pk, started.epoch, lane=0, hands=2)
        )
        until_both_hands_are_full()
        run.stop_run(started)
        stopped.set()
        posting.result()

    started.refresh_from_db()
    assert started.state == RunState.STOPPED
    assert len(world.additions()) == 1
    assert [fresh(line).psa_status for line in lines].count(Status.NOT_SYNCED) == 3
    assert not any(fresh(line).in_flight for line in lines)


def until_both_hands_are_full() -> None:
    """One's request is out, the other waits for its turn."""
    claimed = Operation.objects.filter(state=OperationState.CLAIMED)
    deadline = monotonic() + 20
    while claimed.count() < 2 or not claimed.filter(sent_at__isnull=False).exists():
        assert monotonic() < deadline
        sleep(0.01)
