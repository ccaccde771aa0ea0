"""A command that leaves its run to the workers says so when none takes it up."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from invoices.management import watching
from invoices.models import SyncRun
from invoices.sync import lanes, run
from tests.invoices.sync.world import World


def test_it_says_once_that_no_worker_takes_the_run_up_and_waits_for_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker comes after two minutes: the command waited, and ends with the run."""
    world.line()
    clock = 0.0

    def sleep(seconds: float) -> None:
        nonlocal clock
        clock += 10 * seconds
        if clock > 120:
            started = SyncRun.objects.get()
            run.plan_if_needed(started.pk, started.epoch)
            lanes.work_lane(started.pk, started.epoch, lane=0)

    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock, sleep=sleep))
    monkeypatch.setattr(watching, "ring", lambda _run: None)
    told, out = StringIO(), StringIO()
    call_command("sync_invoices", period="2026-05", stderr=told, stdout=out)
    assert told.getvalue().count(watching.NOT_TAKEN_UP) == 1
    assert "1 posted" in out.getvalue()
    assert len(world.additions()) == 1
