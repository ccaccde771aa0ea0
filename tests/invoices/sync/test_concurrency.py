"""Workers, runs, people and a ConnectWise that cross each other's way: nothing doubled, nothing
stuck (P42). The judge of what was posted is the stand-in, never our tables.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import call, lanes, run
from invoices.sync.claim import Claim, claim_next
from invoices.sync.states import OperationKind, OperationState, PostingState, RunState
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import Product
from tests.invoices.sync.world import JUNE, MAY, World, fresh, let_time_pass, settle_later, sync
from tests.sessions import in_threads
from wire.errors import TransientError

Status = InvoiceLine.Status


def test_a_stop_while_an_operation_waits_to_be_tried_again_leaves_its_subscription_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line(charge_type="Cycle Fee", subscription_id="SUB-A")
    monkeypatch.setattr("invoices.sync.call.CONFLICT_SECONDS", 60.0)
    world.script("409")
    waiting = sync(line)
    assert waiting.state == RunState.RUNNING

    run.stop_run(waiting)
    sync(line)

    assert fresh(line).psa_status == Status.SYNCED


def test_lines_that_wait_for_an_agreement_of_a_stopped_run_get_it_all_the_same(
    world: World,
) -> None:
    world.line(create_agreement=True, contract_id="C-77")
    world.script("drop")
    run.stop_run(sync())
    second = world.line(create_agreement=True, contract_id="C-77")
    again = sync(second)
    assert Operation.objects.filter(kind=OperationKind.CREATE_AGREEMENT).count() == 1

    settle_later()
    lanes.work_lane(again.pk, again.epoch, lane=0)

    again.refresh_from_db()
    assert again.state == RunState.FINISHED
    assert fresh(second).psa_status == Status.SYNCED


def test_a_run_ends_though_the_agreement_it_waits_for_is_withdrawn(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("drop")
    waiting = sync(line)
    world.connectwise.faults.set(denied=["agreements:add"])
    settle_later()

    lanes.work_lane(waiting.pk, waiting.epoch, lane=0)

    waiting.refresh_from_db()
    assert waiting.state == RunState.FINISHED
    assert (fresh(line).psa_status, fresh(line).in_flight) == (Status.NOT_SYNCED, False)


def test_what_cannot_be_sent_again_now_stays_to_be_settled_though_its_run_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()

    def broken(claim: Claim) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr("invoices.sync.call.stamp_sent", broken)
        assert sync().state == RunState.FINISHED
    world.script("409")
    monkeypatch.setattr("invoices.sync.call._conflict", no_answer)
    settle_later()
    monkeypatch.undo()
    assert fresh(line).in_flight

    settle_later()

    assert fresh(line).psa_status == Status.SYNCED


def no_answer(claim: Claim, error: TransientError) -> None:
    """As if the throttle had not let it through."""
    Operation.objects.update(times_sent=0)
    claim.operation.times_sent = 0
    call._later(claim, error, 30)


def test_what_is_postponed_in_a_failed_run_is_withdrawn_with_it(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    run.fail_run(started.pk, "wrong keys")
    Operation.objects.update(state=OperationState.PLANNED)  # a 429 in another lane, after that

    lanes.work_lane(started.pk, started.epoch, lane=0)
    run.finish_if_done(started.pk)

    assert Operation.objects.get().state == OperationState.WITHDRAWN


def test_a_planner_that_was_taken_over_does_not_end_the_run_of_its_successor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)

    def overtaken(a_run: SyncRun) -> None:
        SyncRun.objects.update(epoch=F("epoch") + 1)
        raise TransientError("no answer", service="ConnectWise")

    monkeypatch.setattr("invoices.sync.planning.plan_run", overtaken)
    assert not run.plan_if_needed(started.pk, started.epoch)

    started.refresh_from_db()
    assert started.state == RunState.PLANNING


def test_a_run_whose_planners_die_again_and_again_ends(world: World) -> None:
    started = run.start_run(period=MAY, line_ids=None, user=None)
    for _ in range(run.MOST_PLANNERS + 1):
        SyncRun.objects.update(heartbeat=Now() - timedelta(minutes=5))
        run.take_over_dead_plans()

    started.refresh_from_db()
    assert started.state == RunState.FAILED


# --- Killed at any moment, and many at once ---------------------------------------------------------

# Where a worker dies, and of what kind of answer.
MOMENTS = [
    ("invoices.sync.lanes.claim_next", "ok"),
    ("invoices.sync.lanes.perform", "ok"),
    ("invoices.sync.call.stamp_sent", "ok"),
    ("invoices.sync.applied.stands", "ok"),
    ("invoices.sync.statements.record", "ok"),
    ("invoices.sync.settle._take_over", "lost_reply"),
    ("invoices.sync.settle.find_by_key", "lost_reply"),
    ("invoices.sync.moves.release_line", "lost_reply"),
    ("invoices.sync.settle.lease_again", "drop"),
    ("invoices.sync.settle.perform", "drop"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("moment", "fault"), MOMENTS)
def test_whenever_a_worker_is_killed_there_is_one_addition_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str, when: str, fault: str
) -> None:
    line = world.line(charge_type="Cycle Fee", subscription_id="SUB-A")
    world.script(fault)
    with monkeypatch.context() as patch, suppress(SystemExit):
        patch.setattr(moment, killed(import_string(moment), when))
        sync()
        settle_later()
    live = run.live_run()

    for _ in range(3):
        settle_later()
        if live:
            lanes.work_lane(live.pk, live.epoch, lane=0)

    (addition,) = world.additions()
    row = fresh(line)
    assert (row.psa_status, row.addition_id) == (Status.SYNCED, addition["id"])
    assert not row.in_flight
    assert run.live_run() is None
    assert Posting.objects.get().state == PostingState.OPEN


def killed(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            function(*args, **kwargs)
        raise SystemExit

    return dying


def test_a_database_session_that_ends_while_a_request_is_out_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.line()
    send = ConnectWiseClient.create_addition

    def cut_off(*args: Any, **kwargs: Any) -> Any:
        answer = send(*args, **kwargs)
        mine = connection.connection.info.backend_pid
        in_threads(lambda: terminate(mine))
        return answer

    with monkeypatch.context() as patch, suppress(DatabaseError):
        patch.setattr(ConnectWiseClient, "create_addition", cut_off)
        sync()
    connection.close()  # as Celery does between tasks

    settle_later()
    live = run.live_run()
    if live:
        lanes.work_lane(live.pk, live.epoch, lane=0)

    (addition,) = world.additions()
    assert (fresh(line).psa_status, fresh(line).addition_id) == (Status.SYNCED, addition["id"])
    assert run.live_run() is None


def terminate(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_lanes_and_sweeps_at_once_under_every_fault_post_each_line_once(world: World) -> None:
    lines = [world.line() for _ in range(40)]
    world.connectwise.faults.set(
        share_5xx_before=0.15, share_5xx_after=0.15, share_lost_reply=0.15, seed=7
    )
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)

    for _ in range(6):
        in_threads(
            *[partial(lanes.work_lane, started.pk, started.epoch, lane % 3) for lane in range(5)],
            lanes.sweep,
            lanes.sweep,
        )
        let_time_pass(400)
    world.connectwise.faults.set(share_5xx_before=0, share_5xx_after=0, share_lost_reply=0)
    for _ in range(3):
        settle_later()

    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    assert sorted(fresh(line).addition_id or 0 for line in lines) == sorted(
        one["id"] for one in world.additions()
    )


def test_a_lane_with_two_hands_has_one_request_under_way_and_posts_each_line_once(
    world: World,
) -> None:
    lines = [world.line() for _ in range(20)]
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.connectwise.faults.set(latency_ms=5)
    world.connectwise.server.meter.reset()

    assert not lanes.work_lane(started.pk, started.epoch, lane=0, hands=2)

    assert world.connectwise.server.meter.max_in_flight == 1
    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    assert len(world.additions()) == 20
    started.refresh_from_db()
    assert started.state == RunState.FINISHED


def test_wrong_keys_stop_both_hands_of_a_lane(world: World) -> None:
    lines = [world.line() for _ in range(20)]
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    world.connectwise.faults.set(script=["ok", *["401"] * 30])

    lanes.work_lane(started.pk, started.epoch, lane=0, hands=2)

    started.refresh_from_db()
    assert started.state == RunState.FAILED
    statuses = [fresh(line).psa_status for line in lines]
    assert (statuses.count(Status.SYNCED), statuses.count(Status.NOT_SYNCED)) == (1, 19)
    assert not any(fresh(line).in_flight for line in lines)


def test_an_operation_is_claimed_by_one_worker_only(world: World) -> None:
    world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)

    assert claim_next(started.pk, started.epoch)
    assert claim_next(started.pk, started.epoch) is None


def test_lanes_at_once_update_and_move_each_subscription_once(world: World) -> None:
    names = [f"SUB-{n}" for n in range(12)]
    for name in names:
        world.monthly(MAY, subscription_id=name)
    sync()
    others = Product.objects.filter(inactive=False, product_class="Agreement")
    other = others.exclude(pk=world.product.pk).earliest("connectwise_id")
    changed = {"quantity": 4, "total_price": 50, "total_cost": 33}
    lines = [
        world.monthly(JUNE, subscription_id=name, **({"product": other} if n % 2 else changed))
        for n, name in enumerate(names)
    ]
    world.connectwise.faults.set(share_5xx_after=0.2, share_lost_reply=0.2, seed=3)
    started = run.start_run(period=JUNE, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)

    for _ in range(6):
        in_threads(
            *[partial(lanes.work_lane, started.pk, started.epoch, lane) for lane in range(4)],
            lanes.sweep,
        )
        let_time_pass(400)
    world.connectwise.faults.set(share_5xx_after=0, share_lost_reply=0)
    for _ in range(3):
        settle_later()
        lanes.work_lane(started.pk, started.epoch, 0)

    assert {fresh(line).psa_status for line in lines} == {Status.SYNCED}
    running = [one["id"] for one in world.additions() if not one.get("cancelledDate")]
    assert sorted(running) == sorted(fresh(line).addition_id or 0 for line in lines)
    assert len(world.additions()) == 18
