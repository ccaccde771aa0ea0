"""Vanished subscriptions against the stand-in: ended, asked for, skipped, held back (P49)."""

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from invoices.models import (
    InvoiceLine,
    InvoiceSettings,
    Operation,
    Period,
    Posting,
    SyncRun,
    UnfinalSubscription,
)
from invoices.queries.history import past_runs
from invoices.sync import ending, lanes, run
from invoices.sync.scope import Cancellations
from invoices.sync.states import OperationState, PostingState
from tests.invoices.sync.world import JUNE, MAY, World, fresh, settle_later, sync

APPLY = Cancellations.APPLY


@pytest.fixture(autouse=True)
def in_july(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 7, 2))


@pytest.fixture
def gone(world: World) -> InvoiceLine:
    """Posted in May, and not in the complete June that was loaded; four others go on."""
    line = world.monthly(MAY, subscription_id="SUB-GONE")
    for n in range(4):
        world.monthly(MAY, subscription_id=f"SUB-{n}")
    sync()
    for n in range(4):
        world.monthly(JUNE, subscription_id=f"SUB-{n}")
    for month in (MAY, JUNE):
        Period.objects.create(month=month, complete=True)
    return line


def ended(world: World) -> dict[int, str]:
    return {one["id"]: one["cancelledDate"] for one in world.additions() if one.get("cancelledDate")}  # fmt: skip


def test_it_ends_on_the_last_day_of_the_month_before_and_nothing_else_does(
    world: World, gone: InvoiceLine
) -> None:
    sync(period=JUNE, cancellations=APPLY)

    assert ended(world) == {fresh(gone).addition_id: "2026-05-31T00:00:00Z"}
    assert Posting.objects.get(subscription_id="SUB-GONE").state == PostingState.ENDED
    (operation,) = Operation.objects.filter(line=None)
    assert (operation.state, operation.subscription_id) == (OperationState.DONE, "SUB-GONE")
    before = len(world.writes())
    sync(period=JUNE, cancellations=APPLY)
    assert len(world.writes()) == before


def test_under_ask_it_waits_until_it_is_ticked(world: World, gone: InvoiceLine) -> None:
    done = sync(period=JUNE)

    assert ended(world) == {}
    (waiting,) = ending.waiting_ends()
    assert waiting.posting
    assert waiting.posting.subscription_id == "SUB-GONE"
    assert done.total == 5
    sync(period=JUNE, cancellations=Cancellations.ASK, ends=(waiting.key,))
    assert len(ended(world)) == 1
    assert not ending.waiting_ends().exists()


def test_what_waits_is_not_forgotten_for_a_run_that_could_not_tell(
    world: World, gone: InvoiceLine
) -> None:
    """One over an older month, and one that failed before it had a plan."""
    sync(period=JUNE)
    sync(period=MAY)
    failed = run.start_run(period=JUNE, user=None)
    assert ending.waiting_ends().exists()
    run.fail_run(failed.pk, "no answer")

    assert ending.waiting_ends().exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: Period.objects.create(month=date(2026, 7, 1), complete=True),
        lambda world: Period.objects.filter(month=JUNE).update(complete=False),
        lambda world: world.monthly(JUNE, subscription_id="SUB-GONE", product=None),
        lambda world: world.monthly(JUNE, subscription_id="SUB-GONE", charge_type="Purchase Fee"),
        lambda world: UnfinalSubscription.objects.create(month=JUNE, subscription_id="SUB-GONE"),
        lambda world: InvoiceLine.objects.filter(period=MAY).update(billing_cycle="Annual"),
    ],
    ids=["older period", "incomplete", "unmapped", "purchase fee", "not final", "not due"],
)
def test_it_stays_where_it_may_not_be_gone(world: World, gone: InvoiceLine, spoil: Any) -> None:
    gone.agreement.billing_cycle = "Annual"  # type: ignore[union-attr]
    gone.agreement.save()  # type: ignore[union-attr]
    spoil(world)

    sync(period=JUNE, cancellations=APPLY)

    assert ended(world) == {}


def test_before_the_month_is_over_nothing_ends(
    world: World, gone: InvoiceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 6, 30))

    sync(period=JUNE, cancellations=APPLY)

    assert ended(world) == {}


@pytest.mark.parametrize(
    "overrides", [{"charge_type": "Usage Fee"}, {"invoice_source": "custom", "charge_type": "Correction"}, {"gone": True}]
)  # fmt: skip
def test_a_line_that_is_no_recurring_one_does_not_keep_it(
    world: World, gone: InvoiceLine, overrides: dict[str, Any]
) -> None:
    world.monthly(JUNE, subscription_id="SUB-GONE", **overrides)

    sync(period=JUNE, cancellations=APPLY)

    assert fresh(gone).addition_id in ended(world)


@pytest.mark.parametrize("posted", [{"psa_status": "synced"}, {"in_flight": True}])
def test_a_line_that_vanished_from_the_platform_after_it_was_posted_keeps_it(
    world: World, gone: InvoiceLine, posted: dict[str, Any]
) -> None:
    world.monthly(JUNE, subscription_id="SUB-GONE", gone=True, **posted)

    sync(period=JUNE, cancellations=APPLY)

    assert ended(world) == {}


@pytest.mark.parametrize(
    ("last", "stays"),
    [
        ({"billing_cycle": "Annual"}, True),  # due in a year
        ({"billing_cycle": "", "platform_end_date": date(2027, 4, 30)}, True),  # paid until then
        ({"billing_cycle": "", "platform_end_date": date(2026, 5, 31)}, False),
        ({"billing_cycle": "Monthly"}, False),
    ],
)
def test_the_last_line_says_how_long_it_was_paid_not_the_one_that_opened_it(
    world: World, gone: InvoiceLine, last: dict[str, Any], stays: bool
) -> None:
    gone.agreement.billing_cycle = "Annual"  # type: ignore[union-attr]
    gone.agreement.save()  # type: ignore[union-attr]
    opened = {"billing_cycle": "Annual" if not stays else "Monthly"}
    InvoiceLine.objects.filter(pk=gone.pk).update(period=date(2026, 4, 1), **opened)
    Posting.objects.filter(subscription_id="SUB-GONE").update(last_period=date(2026, 4, 1))
    world.monthly(MAY, subscription_id="SUB-GONE", **last)
    sync()

    sync(period=JUNE, cancellations=APPLY)

    assert (fresh(gone).addition_id in ended(world)) is not stays


def test_what_is_not_ours_stays(world: World, gone: InvoiceLine) -> None:
    others = {one["id"]: one for one in world.store.all("additions")}
    ours = {one["id"] for one in world.additions()}

    sync(period=JUNE, cancellations=APPLY)

    after = {one["id"]: one for one in world.store.all("additions")}
    assert all(after[number] == other for number, other in others.items() if number not in ours)


def test_a_run_over_ticked_lines_ends_nothing(world: World, gone: InvoiceLine) -> None:
    line = InvoiceLine.objects.filter(period=JUNE).earliest("pk")

    sync(line, period=JUNE, cancellations=APPLY)

    assert ended(world) == {}


def test_more_than_the_share_waits_for_force(world: World, gone: InvoiceLine) -> None:
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_share=19)

    sync(period=JUNE, cancellations=APPLY)
    assert ended(world) == {}
    assert "1 of 5" in ending.waiting_ends().get().reason

    sync(period=JUNE, cancellations=APPLY, force=True)
    assert len(ended(world)) == 1


@pytest.mark.parametrize("fault", ["lost_reply", "503_before_write", "drop", "429"])
def test_a_fault_on_the_way_ends_it_once(world: World, gone: InvoiceLine, fault: str) -> None:
    world.script(fault, retry_after_seconds=0)

    started = sync(period=JUNE, cancellations=APPLY)
    settle_later()
    lanes.work_lane(started.pk, started.epoch, lane=0)

    assert ended(world) == {fresh(gone).addition_id: "2026-05-31T00:00:00Z"}
    assert not Operation.objects.filter(state__in=["claimed", "unknown", "planned"]).exists()


def test_a_line_that_comes_back_opens_a_new_one(world: World, gone: InvoiceLine) -> None:
    sync(period=JUNE, cancellations=APPLY)
    back = world.monthly(date(2026, 7, 1), subscription_id="SUB-GONE")

    sync(period=date(2026, 7, 1))

    assert fresh(back).addition_id != fresh(gone).addition_id
    assert not world.addition(back).get("cancelledDate")


def command(*options: str) -> tuple[dict[str, Any], int]:
    out = StringIO()
    code = 0
    try:
        call_command(
            "sync_invoices", "--period", "2026-06", "--inline", "--json", *options, stdout=out
        )
    except SystemExit as stop:
        code = int(stop.code or 0)
    told: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return told, code


def test_the_command_lists_under_ask_and_exits_1(world: World, gone: InvoiceLine) -> None:
    told, code = command()

    assert code == 1
    (listed,) = told["cancellations"]
    assert (listed["subscription"], listed["end"], listed["state"]) == (
        "SUB-GONE", "2026-05-31", "skipped",
    )  # fmt: skip
    assert ended(world) == {}


def test_the_command_applies_and_skips(world: World, gone: InvoiceLine) -> None:
    told, code = command("--cancellations", "skip")
    assert (told["cancellations"], code) == ([], 0)

    told, code = command("--cancellations", "apply", "--dry-run")
    assert [one["state"] for one in told["cancellations"]] == ["planned"]
    assert ended(world) == {}

    told, code = command("--cancellations", "apply")
    assert ([one["state"] for one in told["cancellations"]], code) == (["done"], 0)
    assert (told["posted"], told["ended"]) == (0, 1)  # its four lines were posted by the first one
    assert len(ended(world)) == 1
    assert run.progress(SyncRun.objects.latest("pk")).sentence() == "1 ended"
    assert past_runs([SyncRun.objects.latest("pk")])[0].sentence == "1 ended"
