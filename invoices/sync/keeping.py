"""Keeps a plan: an Operation row for each change and for each line."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from psycopg import sql
from psycopg.types.json import Jsonb

from invoices.models import Operation, Posting, SyncRun
from invoices.sync import plan, remote
from invoices.sync.keep_agreements import keep_agreements
from invoices.sync.plan_figures import figures
from invoices.sync.plan_log import log_refused, log_warnings
from invoices.sync.read import Listed
from invoices.sync.states import (
    AGREEMENT_KINDS,
    OperationKind,
    OperationState,
    PostingState,
    RunState,
)
from psa_connectwise.models import Agreement

# From so many rows on it is worth looking at the table, so that each is found by the right index.
MANY = 500


class Superseded(Exception):
    """Another worker has taken the run over: this one stops without a trace."""


def keep_plan(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """Write the operations, mark refused lines, set the run going: all or nothing."""
    with transaction.atomic():
        set_going(run, planned, listed)
        keep_operations(run, planned, listed)
        keep_closed(planned)
        mark_refused(run)
    log_refused(run, planned)
    log_warnings(run, planned)


def keep_draft(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """Write the operations of a preview: no line and no Posting is touched."""
    with transaction.atomic():
        move_on(run, RunState.DRAFT, planned_at=Now(), **figures(planned, listed))
        keep_operations(run, planned, listed)
        _keep_ticks(run)


def _keep_ticks(run: SyncRun) -> None:
    """As they were set in the plan that this one replaces."""
    kept = run.plan.get("ticks", {})
    for ticked in (True, False):
        keys = [key for key, value in kept.items() if value is ticked]
        run.operations.filter(line=None, key__in=keys).update(ticked=ticked)


def move_on(run: SyncRun, state: RunState, **values: object) -> None:
    """Raises `Superseded` where another worker has it by now."""
    mine = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=run.state)
    if not mine.update(state=state, heartbeat=Now(), unanswered_since=None, **values):
        raise Superseded
    run.state = state


def set_going(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """With the figures of its plan; raises `Superseded`."""
    move_on(run, RunState.RUNNING, **figures(planned, listed))


def keep_closed(planned: Iterable[plan.Planned]) -> None:
    """What the read step found to be over is over, whatever comes of the plan."""
    for one in planned:
        if one.closes:
            values: dict[str, object] = {"state": one.closes.state}
            if one.closes.image:
                # Else a recheck would take the end for an older change that came late.
                values["after_image"] = one.closes.image.to_json()
            Posting.objects.filter(key=one.closes.key, state=PostingState.OPEN).update(**values)
        for key in one.spent:
            _keep_spent(key, one)


def _keep_spent(key: str, one: plan.Planned) -> None:
    """Taken back after the backup that was restored: without it the next key would be used again."""
    assert one.line and one.agreement_id
    values = {
        "reference_field": remote.reference_field(),
        "line_id": one.line.id,
        "agreement": Agreement.objects.get(connectwise_id=one.agreement_id),
        "last_period": one.line.period,
        "state": PostingState.REMOVED,
    }
    Posting.objects.get_or_create(key=key, defaults=values)


def keep_operations(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """One row each; where one follows another, it waits for it."""
    waited_for = keep_agreements(run, planned)
    agreements = dict(Agreement.objects.values_list("connectwise_id", "pk"))
    kept = [one for one in planned if one.kind not in AGREEMENT_KINDS]
    # A line's new Addition has its key to itself, and its organization from the line.
    known = (one for one in kept if one.kind != OperationKind.CREATE or one.line is None)
    postings = _postings({one.key for one in known if one.key})
    numbers = _reserve(len(kept))
    rows = []
    # `before` is the row just before, which one that `follows` waits for.
    for before, number, one in zip((None, *numbers), numbers, kept, strict=False):
        posting, organization = postings.get(one.key, (None, None))
        maker = waited_for.get(one.agreement_work) if one.agreement_work else None
        row = _row(run, one)
        row["id"] = number
        row["waits_for_id"] = before if one.follows else maker.pk if maker else None
        row["posting_id"] = posting if one.kind != OperationKind.CREATE else None
        row["organization_id"] = one.line.organization_id if one.line else organization
        row["agreement_id"] = agreements.get(one.agreement_id) if one.agreement_id else None
        row["addition_id"] = one.addition_id or standing(one, listed)
        row["highest_id_before"] = listed.highest_ids.get(one.agreement_id or 0, 0)
        rows.append(row)
    _copy(rows)
    if len(rows) >= MANY:
        _measure()


def _measure() -> None:
    """Tells the planner of this run.

    It takes a run that its statistics lack for one of a row or two: each claim then read all rows of
    the run and sorted them, and so was the slower the more lines a month has.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE invoices_operation (run_id, state)")


def _reserve(count: int) -> list[int]:
    """Ids for so many operations: those that wait for one another name them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('invoices_operation', 'id'))"
            " FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def _copy(rows: Sequence[dict[str, object]]) -> None:
    """Into the table; a month has a hundred thousand, for which Django's own way takes minutes."""
    if not rows:
        return
    # COPY knows none of the model's defaults.
    blank = {
        field.attname: field.get_default()
        for field in Operation._meta.concrete_fields
        if not field.null and field.attname not in rows[0]
    } | {"created_at": timezone.now()}
    columns = [*rows[0], *blank]
    statement = sql.SQL("COPY invoices_operation ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    always = tuple(blank.values())
    # Django hands `copy` through to psycopg, whose errors it doesn't make its own there.
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row((*row.values(), *always))


def _postings(keys: set[str]) -> dict[str, tuple[int, int]]:
    """By key: the Posting, and the organization of the line that opened it."""
    rows = Posting.objects.filter(key__in=keys)
    return {
        key: (pk, organization)
        for key, pk, organization in rows.values_list("key", "pk", "line__organization")
    }


def _row(run: SyncRun, one: plan.Planned) -> dict[str, object]:
    """By column, in the same order for each."""
    line = one.line
    return {
        "run_id": run.pk,
        "kind": one.kind.value,
        "state": one.state.value,
        "line_id": line.id if line else None,
        "line_version": line.version if line else None,
        "is_step": one.is_step,
        "intent": one.intent.value,
        "ticked": one.is_ended_by_policy,
        "currency": line.currency if line else "",
        "revenue": line.total_price if line else None,
        "cost": line.total_cost if line else None,
        "undoes_id": one.undoes,
        "key": one.key,
        "subscription_id": one.subscription_id,
        "before": Jsonb(one.before.to_json()) if one.before else None,
        "after": Jsonb(one.image.to_json()) if one.image else None,
        "reason": one.reason,
        "reason_code": one.code,
        "warnings": Jsonb([warned.to_json() for warned in one.warnings]),
    }


def standing(one: plan.Planned, listed: Listed) -> int | None:
    """The Addition that carries the key of one to be made: it came about though we don't know it."""
    found = listed.by_key.get(one.key) if one.kind == OperationKind.CREATE else None
    return found.id if found else None


def mark_refused(run: SyncRun) -> None:
    """Every refused line of the plan that did not change meanwhile stands in Error, with why."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH refused AS (
                -- In the order in which Bulk Update takes lines: neither waits for the other in turn.
                SELECT line.id, operation.reason, operation.reason_code
                  FROM invoices_invoiceline line
                  JOIN invoices_operation operation ON operation.line_id = line.id
                 WHERE operation.run_id = %s AND operation.state = 'refused'
                   AND operation.undoes_id IS NULL AND operation.line_version = line.version
                   AND NOT line.in_flight AND line.psa_status <> 'synced'
                   AND (line.psa_status, line.error) IS DISTINCT FROM ('error', operation.reason)
                 ORDER BY line.id
                   FOR NO KEY UPDATE OF line
            )
            UPDATE invoices_invoiceline line
               SET psa_status = 'error', error = refused.reason,
                   error_code = refused.reason_code, version = line.version + 1
              FROM refused WHERE line.id = refused.id
            """,
            [run.pk],
        )
    Operation.objects.filter(
        run=run, state__in=[OperationState.REFUSED, OperationState.SKIPPED]
    ).update(finished_at=Now())
