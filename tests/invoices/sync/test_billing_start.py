"""An agreement of ours bills from an earlier day, so that an earlier charge can be posted (P46)."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User

from invoices.causes import NOT_CONFIRMED
from invoices.models import InvoiceLine, Operation, OwnAgreement
from invoices.queries.plan_row import outcome_words
from invoices.sync import lanes, previews, run
from invoices.sync.planning import preview
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Intent, OperationKind, OperationState, Origin, RunState
from invoices.sync.summary import summarize
from psa_connectwise.models import Agreement
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    read_directory,
    settle_later,
    sync,
    work,
)

Status = InvoiceLine.Status
APRIL_9 = "2026-04-09T00:00:00Z"
EARLIER = {"charge_start_date": date(2026, 4, 9)}


@pytest.fixture
def ours(world: World) -> Agreement:
    """Made by us for contract C-77, billing from May on, nothing invoiced yet."""
    world.line(create_agreement=True, contract_id="C-77")
    sync()
    return Agreement.objects.get(name="C-77")


def line_of(world: World, of: Agreement, **overrides: Any) -> InvoiceLine:
    values = {"agreement": of, "contract_id": "C-77", **EARLIER}
    return world.line(**values | overrides)


def there(world: World, agreement: Agreement) -> dict[str, Any]:
    found: dict[str, Any] = world.store.find("agreements", agreement.connectwise_id)
    return found


def moves(world: World) -> list[Any]:
    return [one["body"] for one in world.writes() if one["kind"] == "agreements" and one["method"] == "PATCH"]  # fmt: skip


def test_it_is_moved_once_for_all_lines_before_they_are_posted(
    world: World, ours: Agreement
) -> None:
    lines = [line_of(world, ours, charge_start_date=date(2026, 4, 9 + n)) for n in range(5)]
    before = len(world.writes())

    started = sync()

    assert moves(world) == [[
        {"op": "replace", "path": "billStartDate", "value": APRIL_9},
        {"op": "replace", "path": "startDate", "value": APRIL_9},
    ]]  # fmt: skip
    kinds = [(one["kind"], one["method"]) for one in world.writes()[before:]]
    assert kinds == [("agreements", "PATCH")] + [("additions", "POST")] * 5
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    ours.refresh_from_db()
    assert (ours.bill_start_date, ours.start_date) == (date(2026, 4, 9), date(2026, 4, 9))
    assert (started.total, run.progress(started).posted) == (5, 5)
    operation = Operation.objects.get(kind=OperationKind.UPDATE_AGREEMENT)
    assert (operation.state, operation.own_agreement) == (
        OperationState.DONE, OwnAgreement.objects.get(),
    )  # fmt: skip
    assert outcome_words(started, operation) == "Changed"
    assert operation.before == {"start_date": "2026-05-01", "bill_start_date": "2026-05-01"}
    assert operation.after == {"start_date": "2026-04-09", "bill_start_date": "2026-04-09"}


def test_a_line_that_asks_for_a_new_one_finds_it_and_moves_it(
    world: World, ours: Agreement
) -> None:
    line = line_of(world, ours, agreement=None, create_agreement=True)

    sync()

    assert len(moves(world)) == 1
    assert fresh(line).agreement == ours


def test_the_dialog_tells_of_it(world: World, ours: Agreement) -> None:
    line = line_of(world, ours)

    summary = summarize(preview(MAY, [line.pk]))

    assert (summary.billing_starts, summary.post, summary.refused) == (1, 1, 0)
    assert summary.does_more_than_post


def test_one_that_is_not_ours_is_left_alone(world: World, ours: Agreement) -> None:
    OwnAgreement.objects.update(agreement=None)
    line = line_of(world, ours)

    sync()

    assert fresh(line).error_code == "before_billing_start"
    assert moves(world) == []


def test_one_that_bills_early_enough_by_now_is_not_told_again(
    world: World, ours: Agreement
) -> None:
    line = line_of(world, ours)
    dates = dict.fromkeys(("startDate", "billStartDate", "nextInvoiceDate"), APRIL_9)
    world.store.edit("agreements", ours.connectwise_id, **dates)

    sync()

    assert moves(world) == []
    assert fresh(line).psa_status == Status.SYNCED


def test_where_connectwise_refuses_the_lines_say_so_with_the_fix(
    world: World, ours: Agreement
) -> None:
    lines = [line_of(world, ours) for _ in range(2)]
    other = world.line()
    # Invoiced since the directory was read.
    world.connectwise.app.store.invoice(ours.connectwise_id, JUNE)

    started = sync()

    for line in lines:
        row = fresh(line)
        assert (row.psa_status, row.error_code) == (Status.ERROR, "before_billing_start")
        assert row.error.startswith("The charge starts before agreement C-77 begins to bill, and")
        assert "billStartDate cannot be changed after the agreement was invoiced." in row.error
        assert row.error.endswith(
            "Change the start date here, or the billing start in ConnectWise."
        )
    assert fresh(other).psa_status == Status.SYNCED
    assert started.state == RunState.FINISHED
    read_directory()
    sync()
    assert {fresh(line).error_code for line in lines} == {"period_invoiced"}


@pytest.mark.parametrize("fault", ["lost_reply", "503_after_write", "truncated"])
def test_when_the_reply_is_lost_it_is_read_and_the_lines_follow(
    world: World, ours: Agreement, fault: str
) -> None:
    line = line_of(world, ours)
    world.script(fault)

    started = sync()

    assert started.state == RunState.RUNNING
    assert fresh(line).error != NOT_CONFIRMED  # nothing of the line is under way
    assert settle_later().found == 1
    lanes.work_lane(started.pk, started.epoch, lane=0)
    assert len(moves(world)) == 1
    assert fresh(line).psa_status == Status.SYNCED
    started.refresh_from_db()
    assert started.state == RunState.FINISHED


@pytest.mark.parametrize("fault", ["500_before_write", "drop"])
def test_when_it_never_happened_it_is_sent_once_more(
    world: World, ours: Agreement, fault: str
) -> None:
    line = line_of(world, ours)
    world.script(fault)
    started = sync()

    assert settle_later().sent_again == 1

    lanes.work_lane(started.pk, started.epoch, lane=0)
    assert len(moves(world)) == 1
    assert fresh(line).psa_status == Status.SYNCED


def test_a_run_that_starts_while_it_is_unknown_goes_after_it(world: World, ours: Agreement) -> None:
    first = line_of(world, ours)
    world.script("lost_reply")
    run.stop_run(sync())
    earlier = line_of(world, ours, charge_start_date=date(2026, 4, 2))

    again = sync()
    settle_later()
    lanes.work_lane(again.pk, again.epoch, lane=0)

    assert {fresh(line).psa_status for line in (first, earlier)} == {Status.SYNCED}
    assert there(world, ours)["billStartDate"] == "2026-04-02T00:00:00Z"
    assert len(moves(world)) == 2


def test_a_quota_is_waited_out(world: World, ours: Agreement) -> None:
    line = line_of(world, ours)
    world.script("429", "ok", retry_after_seconds=0)

    sync()

    assert fresh(line).psa_status == Status.SYNCED


def test_when_the_agreement_is_gone_the_lines_say_so(world: World, ours: Agreement) -> None:
    line = line_of(world, ours)
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    for addition in world.store.all("additions", ours.connectwise_id):
        world.store.remove("additions", addition["id"])
    world.store.remove("agreements", ours.connectwise_id)

    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert fresh(line).error_code == "before_billing_start"
    assert "No longer in ConnectWise" in fresh(line).error


def test_an_answer_that_keeps_the_old_date_is_not_believed(
    world: World, ours: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_of(world, ours)
    monkeypatch.setattr(
        "psa_connectwise.sandbox.rules.patched", lambda operations, names: {"customerPO": "x"}
    )

    sync()

    assert "answered that agreement C-77 bills from 2026-05-01, not 2026-04-09" in fresh(line).error
    assert not fresh(line).addition_id


def test_an_undo_takes_the_line_back_and_leaves_the_date(world: World, ours: Agreement) -> None:
    line = line_of(world, ours)
    posted = sync()

    undone = sync(undo=UndoScope(run=posted.pk))

    (operation,) = undone.operations.all()
    assert [one["text"] for one in operation.warnings] == [
        "Agreement C-77 goes on billing from the earlier day it was moved back to."
    ]
    assert fresh(line).psa_status == Status.NOT_SYNCED
    assert there(world, ours)["billStartDate"] == APRIL_9
    sync()
    assert len(moves(world)) == 1


def test_the_schedule_moves_it_once_and_leaves_what_connectwise_refused(
    world: World, ours: Agreement
) -> None:
    line = line_of(world, ours)
    world.script("400_before_write")

    def by_schedule() -> None:
        work(run.start_run(period=MAY, user=None, origin=Origin.SCHEDULE))

    by_schedule()
    assert fresh(line).error_code == "before_billing_start"
    by_schedule()
    assert moves(world) == []
    other = line_of(world, ours, charge_start_date=date(2026, 4, 20))
    by_schedule()
    assert len(moves(world)) == 1
    assert fresh(other).psa_status == Status.SYNCED


def test_a_preview_shows_it_and_its_yes_does_it(
    world: World, ours: Agreement, admin_user: User
) -> None:
    lines = [line_of(world, ours), line_of(world, ours)]
    draft = previews.start_draft(period=MAY, user=admin_user, scope=RunScope())
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    shown = draft.operations.get(kind=OperationKind.UPDATE_AGREEMENT)
    assert (shown.state, shown.intent) == (OperationState.PLANNED, Intent.AGREEMENT)
    assert {one.waits_for for one in draft.operations.filter(line__in=lines)} == {shown}
    assert moves(world) == []

    previews.confirm(draft, user=admin_user)
    work(draft)

    assert len(moves(world)) == 1
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}


def test_what_was_not_previewed_is_not_moved(
    world: World, ours: Agreement, admin_user: User
) -> None:
    """The plan shown is the plan executed: somebody moved the date on after the preview."""
    world.store.edit("agreements", ours.connectwise_id, startDate=APRIL_9, billStartDate=APRIL_9,
                     nextInvoiceDate=APRIL_9)  # fmt: skip
    read_directory()
    line = line_of(world, ours)
    draft = previews.start_draft(period=MAY, user=admin_user, scope=RunScope())
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    later = {"bill_start_date": MAY, "start_date": MAY, "next_invoice_date": MAY}
    Agreement.objects.filter(pk=ours.pk).update(**later)

    previews.confirm(draft, user=admin_user)
    work(draft)

    assert moves(world) == []
    operation = Operation.objects.get(line=line, run=draft)
    assert operation.reason == (
        "Planned again: its agreement would have to bill from an earlier day first."
    )
