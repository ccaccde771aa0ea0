"""What a posted line costs in our own database, and that a claim which fails leaves nothing behind."""

from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import claim, keeping, lanes, planning, run, statements
from invoices.sync.states import OperationState, RunState
from tests.invoices.sync.world import JUNE, MAY, World, fresh, sync

# Taken, frozen, opened, leased, stamped, recorded.
STATEMENTS_PER_LINE = 6


def statements_of(world: World, lines: int) -> int:
    """To post so many lines, the plan apart."""
    ids = [world.line().pk for _ in range(lines)]
    started = run.start_run(period=MAY, line_ids=ids, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    asked: list[str] = []

    def hear(execute: Any, sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(hear):
        lanes.work_lane(started.pk, started.epoch, lane=0)
    assert Operation.objects.filter(run=started, state=OperationState.DONE).count() == lines
    return sum("system_log" not in sql for sql in asked)


def test_a_line_more_costs_six_statements(world: World) -> None:
    assert statements_of(world, 8) - statements_of(world, 3) == 5 * STATEMENTS_PER_LINE


def test_a_connection_keeps_them_prepared(world: World) -> None:
    statements_of(world, 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        run_since = {text.split()[0]: times for text, times in cursor.fetchall()}
    assert {"SELECT", "UPDATE", "INSERT", "WITH"} <= set(run_since)
    assert run_since["INSERT"] >= 3


def test_a_claim_sorts_nothing_in_a_run_that_statistics_never_saw(world: World) -> None:
    ids = [world.line().pk for _ in range(keeping.MANY)]
    before = run.start_run(period=MAY, line_ids=ids, user=None)
    assert run.plan_if_needed(before.pk, before.epoch)
    Operation.objects.update(state=OperationState.DONE)
    SyncRun.objects.update(state=RunState.FINISHED, finished_at=Now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE invoices_operation")
    started = run.start_run(period=MAY, line_ids=ids, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statements.NEXT}", {"run": started.pk, "epoch": started.epoch})
        steps = "\n".join(step for (step,) in cursor.fetchall())
    assert "Sort" not in steps, steps


def test_a_preview_asks_as_often_for_many_lines_as_for_few(world: World) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            planning.preview(MAY)
        return len(captured.captured_queries)

    world.line()
    asked()  # the first makes the rows of settings
    before = asked()
    for _ in range(10):
        world.line()
    assert asked() == before


def test_a_claim_that_fails_leaves_its_line_as_it_was(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, quantity=4, total_price=50, total_cost=33)
    started = run.start_run(period=JUNE, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    Posting.objects.update(state="ended")
    version = fresh(june).version

    assert claim.claim_next(started.pk, started.epoch) is None

    assert (fresh(june).in_flight, fresh(june).version) == (False, version)
    operation = started.operations.get()
    assert operation.state == OperationState.SKIPPED
    assert operation.reason.startswith("Its Addition is no longer open.")


def test_what_another_worker_took_meanwhile_is_not_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line()
    started = run.start_run(period=MAY, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    freeze = statements.freeze_line

    def changed_for_a_moment(operation: Operation) -> bool:
        monkeypatch.setattr(statements, "freeze_line", freeze)
        return False

    def taken_in_between(operation: Operation, reason: str) -> None:
        taken.append(claim.claim_next(started.pk, started.epoch))
        set_aside(operation, reason)

    taken: list[Any] = []
    set_aside = claim._set_aside
    monkeypatch.setattr(statements, "freeze_line", changed_for_a_moment)
    monkeypatch.setattr(claim, "_set_aside", taken_in_between)

    assert claim.claim_next(started.pk, started.epoch) is None

    assert taken[0]
    assert started.operations.get().state == OperationState.CLAIMED
    assert InvoiceLine.objects.get().in_flight
