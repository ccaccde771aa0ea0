"""The database's clock was ahead for a while and was put right: nothing waits until it catches up."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from invoices.models import InvoiceLine, Operation, Period, SyncRun
from invoices.sync import ending, lanes, patience, run
from invoices.sync.claim import claim_next
from invoices.sync.states import RunState
from tests.invoices.sync.world import MAY, World, fresh, settle_later, sync, work
from wire.errors import TransientError
from wire.throttle import Throttle

Status = InvoiceLine.Status
AHEAD = timedelta(hours=8)


def clock_was_ahead() -> None:
    for name in ("sent_at", "lease_expires_at", "not_before", "recheck_at"):
        Operation.objects.filter(**{f"{name}__isnull": False}).update(**{name: F(name) + AHEAD})
    for name in ("heartbeat", "ask_again_at"):
        SyncRun.objects.filter(**{f"{name}__isnull": False}).update(**{name: F(name) + AHEAD})


def test_what_was_sent_then_is_settled_within_the_usual_time(world: World) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()
    clock_was_ahead()

    lanes.sweep()
    assert settle_later().found == 1

    assert fresh(line).psa_status == Status.SYNCED
    assert len(world.additions()) == 1


def test_what_a_dead_worker_held_then_is_free_after_its_lease(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    assert claim_next(started.pk, started.epoch)
    clock_was_ahead()

    lanes.sweep()
    settle_later()

    assert work(started).state == RunState.FINISHED
    assert fresh(line).psa_status == Status.SYNCED


def test_a_plan_that_waited_then_is_asked_for_again(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, user=None)
    patience.wait(started, TransientError("No.", service="ConnectWise"))
    clock_was_ahead()
    assert not patience.due()

    lanes.sweep()

    assert [one.pk for one in patience.due()] == [started.pk]


def test_an_answer_that_asks_to_wait_for_a_day_keeps_nobody_out_for_so_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Throttle, "pause", lambda throttle, seconds: None)
    line = world.line()
    world.script("429", retry_after_seconds=86_400)

    done = sync()

    assert done.state == RunState.RUNNING
    within = Now() + timedelta(minutes=6)
    assert Operation.objects.filter(line=line, not_before__lt=within).count() == 1
    waiting = SyncRun.objects.filter(pk=done.pk)
    waiting.update(state=RunState.PLANNING)
    done.refresh_from_db()
    patience.wait(done, TransientError("No.", service="ConnectWise", retry_after=86_400))
    assert waiting.filter(ask_again_at__lt=within).count() == 1


@pytest.mark.django_db
def test_a_worker_whose_clock_is_ahead_ends_nothing_before_the_month_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Period.objects.create(month=MAY, complete=True)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=60))

    month = ending.month_of_run(MAY)

    assert month and month.today < (now + timedelta(days=2)).date()
