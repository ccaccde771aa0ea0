"""What came of a run is counted once and kept, and stays true when something settles after its end."""

import pytest

from invoices.models import Operation, SyncRun
from invoices.queries.history import count_outcomes
from invoices.sync import lanes, run
from tests.invoices.sync.mishaps import given_back
from tests.invoices.sync.world import MAY, World, let_time_pass, settle_later, sync, work


def kept(a_run: SyncRun) -> dict[str, int]:
    """As it stands on the run, and never other than what its operations say."""
    a_run.refresh_from_db()
    counted = count_outcomes([a_run.pk])[a_run.pk]
    assert a_run.outcomes == counted
    return counted


def test_a_run_is_counted_as_it_ends(world: World) -> None:
    world.line()
    world.line(currency="USD")

    done = sync()

    assert kept(done) == {"done": 1, "error": 1}


def test_what_a_run_left_unknown_is_counted_again_by_the_sweep_that_settles_it(
    world: World,
) -> None:
    world.line()
    world.script("lost_reply")
    done = sync()
    assert kept(done) == {"unknown": 1}

    settle_later()

    assert kept(done) == {"done": 1}


def test_a_run_that_is_stopped_by_refused_keys_tells_what_it_left(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)

    run.fail_run(started.pk, "ConnectWise refused the keys.")

    assert kept(started) == {"left": 1}


def test_what_a_worker_still_had_in_hand_when_its_run_failed_is_counted_once_it_is_recorded(
    world: World,
) -> None:
    world.line()
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    Operation.objects.update(state="claimed")
    run.fail_run(started.pk, "ConnectWise refused the keys.")
    assert kept(started) == {"waiting": 1}

    Operation.objects.update(state="done")
    run.finish_if_done(started.pk)

    assert kept(started) == {"done": 1}


def test_a_write_that_comes_after_it_was_given_up_counts_after_all(world: World) -> None:
    given_back(world, world.line())
    gave_up = SyncRun.objects.get()
    assert kept(gave_up) == {"left": 1}
    world.connectwise.land_late_writes()

    let_time_pass(3700)
    lanes.sweep()

    assert kept(gave_up) == {"done": 1}


def test_a_run_that_nobody_counted_is_counted_by_the_next_sweep(world: World) -> None:
    world.line()
    done = sync()
    SyncRun.objects.update(outcomes=None)

    lanes.sweep()

    assert kept(done) == {"done": 1}


@pytest.mark.parametrize("state", ["planning", "running", "draft", "drafting"])
def test_a_run_that_is_not_over_is_not_counted(world: World, state: str) -> None:
    world.line()
    done = sync()
    SyncRun.objects.update(outcomes=None, state=state)

    lanes.sweep()

    done.refresh_from_db()
    assert done.outcomes is None


def test_each_run_is_counted_by_itself(world: World) -> None:
    world.line()
    first = sync()
    world.line(currency="USD")
    second = work(run.start_run(period=MAY, user=None))

    assert (kept(first), kept(second)) == ({"done": 1}, {"error": 1})
