"""The statements that each posted line costs, written out in SQL and prepared.

Posting is as fast as these: Django's ORM takes five times as long to compose one of them as PostgreSQL
takes to run it. What happens seldom (undo, refusals, settling) goes through the ORM.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import JSONField
from psycopg.types.json import Jsonb

from invoices.models import InvoiceLine, Operation
from invoices.sync.prepared import prepared
from invoices.sync.states import PostingState
from psa_connectwise.models import Agreement

FIELDS = Operation._meta.concrete_fields
NAMES = [one.attname for one in FIELDS]
COLUMNS = [one.column for one in FIELDS]
JSON = [at for at, one in enumerate(FIELDS) if isinstance(one, JSONField)]

# One run's next operation that is due and waits for nothing; what another worker is just taking is
# passed over. The run is not locked: lanes would take turns at it. Whoever stops a run waits for
# the rows that are being taken, and finds them claimed.
NEXT = f"""
    SELECT {", ".join(f"operation.{name}" for name in COLUMNS)}, agreement.connectwise_id, agreement.name AS agreement_name
      FROM invoices_operation operation
      JOIN invoices_syncrun run ON run.id = operation.run_id
      LEFT JOIN invoices_operation before ON before.id = operation.waits_for_id
      LEFT JOIN psa_connectwise_agreement agreement ON agreement.id = operation.agreement_id
     WHERE operation.run_id = %(run)s AND operation.state = 'planned'
       AND run.epoch = %(epoch)s AND run.state = 'running' AND NOT run.stop_requested
       AND (operation.not_before IS NULL OR operation.not_before <= statement_timestamp())
       AND (operation.waits_for_id IS NULL OR before.state = 'done')
     ORDER BY operation.id
     LIMIT 1
       FOR UPDATE OF operation SKIP LOCKED
"""

# On condition of the version that was planned: whoever edited the line since has made a new one.
FREEZE = """
    UPDATE invoices_invoiceline
       SET in_flight = true, version = version + 1
     WHERE id = %(line)s AND version = %(version)s AND NOT in_flight
       AND (%(undoes)s OR (is_mapped AND psa_status <> 'synced'))
    RETURNING id, platform_id, period, create_agreement
"""

# Nothing comes back where the key has its Posting already. Times are the statement's: now() would
# be the begin of the transaction, before it waited for a lock.
OPEN = """
    INSERT INTO invoices_posting (key, reference_field, line_id, subscription_id, agreement_id,
                                  last_period, after_image, state, created_at)
    SELECT %(key)s, run.plan->'reference'->>'field', %(line)s, %(subscription)s,
           %(agreement)s::bigint, %(period)s, '{}', 'opening', statement_timestamp()
      FROM invoices_syncrun run
     WHERE run.id = %(run)s
    ON CONFLICT (key) DO NOTHING
    RETURNING id
"""

FIND = "SELECT id FROM invoices_posting WHERE key = %(key)s AND state = ANY(%(states)s)"

LEASE = """
    UPDATE invoices_operation
       SET state = 'claimed', lease_token = %(token)s,
           lease_expires_at = statement_timestamp() + %(seconds)s * interval '1 second',
           agreement_id = %(agreement)s, posting_id = %(posting)s,
           attempts = attempts + 1, sent_at = NULL, not_before = NULL
     WHERE id = %(operation)s
"""

# Only while the lease is ours: a worker that lost it sends nothing. Nor does one whose run was
# stopped while it waited for its turn; what is sent again may be of a run that is over. Tries that
# are repeated on the spot count as one, for those before did nothing.
SEND = """
    UPDATE invoices_operation
       SET sent_at = statement_timestamp(), times_sent = times_sent + (sent_at IS NULL)::int,
           lease_expires_at = statement_timestamp() + %(seconds)s * interval '1 second'
     WHERE id = %(operation)s AND state = 'claimed' AND lease_token = %(token)s
       AND lease_expires_at > statement_timestamp()
       AND (%(again)s OR EXISTS (
           SELECT FROM invoices_syncrun run
            WHERE run.id = run_id AND run.state = 'running' AND NOT run.stop_requested))
"""

# The three rows of a line that was posted, at once: nobody sees it half recorded.
RECORD = """
    WITH held AS (
        UPDATE invoices_operation
           SET state = 'done', finished_at = statement_timestamp(),
               request_id = %(request_id)s, addition_id = %(addition)s, computed = %(computed)s
         WHERE id = %(operation)s AND lease_token = %(token)s
           AND state IN ('claimed', 'unknown')
        RETURNING run_id, line_id, posting_id
    ), kept AS (
        UPDATE invoices_posting posting
           SET after_image = %(image)s, state = %(posting_state)s, addition_id = %(addition)s,
               last_period = greatest(posting.last_period, line.period)
          FROM held JOIN invoices_invoiceline line ON line.id = held.line_id
         WHERE posting.id = held.posting_id
    )
    UPDATE invoices_invoiceline line
       SET in_flight = false, version = version + 1, psa_status = %(status)s, error = %(error)s,
           error_code = %(error_code)s, note = %(note)s, posting_id = held.posting_id,
           addition_id = %(addition)s, synced_at = statement_timestamp(), synced_by_id = run.user_id
      FROM held JOIN invoices_syncrun run ON run.id = held.run_id
     WHERE line.id = held.line_id
"""


def next_planned(run_id: int, epoch: int) -> Operation | None:
    """Locked, with what its call needs of its agreement; None also where the run is over."""
    found = _row(NEXT, run=run_id, epoch=epoch)
    if found is None:
        return None
    *values, connectwise_id, name = found
    operation = Operation.from_db(DEFAULT_DB_ALIAS, NAMES, _read(values))
    if operation.agreement_id:
        known = [operation.agreement_id, connectwise_id, name]
        # Only so much of it is read here; Django fetches the rest if it is asked for.
        operation.agreement = Agreement.from_db(
            DEFAULT_DB_ALIAS, ["id", "connectwise_id", "name"], known
        )
    return operation


def _read(values: list[Any]) -> list[Any]:
    """As Django's own queries give them: JSON comes as text."""
    for at in JSON:
        if values[at] is not None:
            values[at] = json.loads(values[at])
    return values


def freeze_line(operation: Operation) -> bool:
    """Takes the operation's line by its old state, and shows on the operation what its call needs."""
    found = _row(
        FREEZE,
        line=operation.line_id,
        version=operation.line_version,
        undoes=operation.undoes_id is not None,
    )
    if found:
        names = ["id", "platform_id", "period", "create_agreement"]
        operation.line = InvoiceLine.from_db(DEFAULT_DB_ALIAS, names, found)
    return found is not None


def open_posting(operation: Operation, line: InvoiceLine, period: date) -> int | None:
    """A Posting of the operation's key, opened by `line`; None where the key has one already."""
    found = _row(
        OPEN,
        key=operation.key,
        line=line.pk,
        period=period,
        subscription=operation.subscription_id,
        agreement=operation.agreement_id,
        run=operation.run_id,
    )
    return int(found[0]) if found else None


def find_posting(key: str, states: Sequence[PostingState]) -> int | None:
    """Its id; None where the key's Posting is in none of these states, or there is none."""
    found = _row(FIND, key=key, states=[state.value for state in states])
    return int(found[0]) if found else None


def lease(operation: Operation, token: UUID, seconds: float) -> None:
    """Claims it for so long; its row is locked by `next_planned`, in the same transaction."""
    _changed(
        LEASE,
        operation=operation.pk,
        token=token,
        seconds=seconds,
        agreement=operation.agreement_id,
        posting=operation.posting_id,
    )


def stamp_sent(operation: Operation, token: UUID, seconds: float, *, again: bool) -> bool:
    """False where the lease is no longer ours, or the run is over."""
    return _changed(SEND, operation=operation.pk, token=token, seconds=seconds, again=again)


def record(operation: Operation, token: UUID, **values: Any) -> bool:
    """False where the lease is no longer ours; `values` are what RECORD asks for beside it."""
    values["image"] = Jsonb(values["image"])
    values["computed"] = Jsonb(operation.computed) if operation.computed else None
    return _changed(
        RECORD, operation=operation.pk, token=token, addition=operation.addition_id, **values
    )


def _row(statement: str, **values: Any) -> tuple[Any, ...] | None:
    with prepared(statement, values) as cursor:
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


def _changed(statement: str, **values: Any) -> bool:
    with prepared(statement, values) as cursor:
        return bool(cursor.rowcount)
