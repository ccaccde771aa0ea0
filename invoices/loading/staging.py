"""Where a load's lines wait until all of them are read: a temporary table, filled page by page.

It lives and dies with the worker's session, so a killed worker leaves nothing behind, and the
memory of this process holds one page. Its columns are the line's own columns, types included.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import LiteralString

from django.db import DataError, connection, transaction

from invoices.charge_dates import PlatformDates, RuleTable, automatic_dates, charge_type_from_wire
from invoices.months import month_of
from platform_client.schemas import BadItem, InvoiceLine

logger = logging.getLogger(__name__)

FINAL_STATUSES = frozenset({"Verified", "Issued", "Paid", "Payment Card Error"})

# Columns of the line that the Platform gives, in the order of `staged_row`.
PLATFORM_COLUMNS: tuple[LiteralString, ...] = (
    "platform_id",
    "period",
    "invoice_id",
    "invoice_number",
    "invoice_date",
    "invoice_status",
    "invoice_source",
    "offer_platform_id",
    "contract_id",
    "subscription_id",
    "subscription_name",
    "billing_cycle",
    "commitment_term",
    "charge_type",
    "quantity",
    "unit_cost",
    "unit_price",
    "total_cost",
    "total_price",
    "currency",
    "platform_start_date",
    "platform_end_date",
    "platform_updated_at",
)
AUTOMATIC_COLUMNS: tuple[LiteralString, ...] = (
    "automatic_start_date",
    "automatic_start_date_source",
    "automatic_end_date",
    "automatic_end_date_source",
)
STAGED: LiteralString = ", ".join((*PLATFORM_COLUMNS, *AUTOMATIC_COLUMNS))
COPY: LiteralString = f"COPY staged_line ({STAGED}, organization_platform_id, is_final) FROM STDIN"


def make_staging() -> None:
    """An empty staging table in this session."""
    with connection.cursor() as cursor:
        # By its schema, always: a bare name would be looked for in the real ones, too.
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_line")
        cursor.execute(
            f"CREATE TEMP TABLE staged_line AS SELECT {STAGED} FROM invoices_invoiceline WITH NO DATA"
        )
        cursor.execute(
            "ALTER TABLE staged_line ADD organization_platform_id varchar(64), ADD is_final boolean"
        )


def empty_staging() -> None:
    """For a reading that begins again."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pg_temp.staged_line")


def drop_staging() -> None:
    """For a session that loads again before it ends."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_line")


def finish_staging() -> None:
    """Of lines that came more than once, the last one stays: it is the newest.

    The index keeps the joins that follow quick whatever the planner believes: its statistics know
    nothing yet of lines that this load is about to bring.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            # A row's place (ctid) only grows: until here rows were appended and nothing else.
            """DELETE FROM staged_line earlier USING (
                   SELECT platform_id, max(ctid) AS last FROM staged_line
                   GROUP BY platform_id HAVING count(*) > 1
               ) twice
               WHERE earlier.platform_id = twice.platform_id AND earlier.ctid <> twice.last"""
        )
        cursor.execute("CREATE UNIQUE INDEX ON staged_line (platform_id)")
        # Only what the joins ask for: each column costs as much as a join.
        cursor.execute(
            "ANALYZE staged_line (platform_id, organization_platform_id, offer_platform_id, is_final)"
        )


def staged_row(line: InvoiceLine, rules: RuleTable) -> tuple[object, ...]:
    """A line as `COPY` takes it."""
    custom = line.invoice_source == "Custom"
    charge_type = charge_type_from_wire(line.charge_type, custom=custom)
    dates = PlatformDates(
        start=line.charge_start_date, end=line.charge_end_date, invoice_date=line.invoice_date
    )
    automatic = automatic_dates(rules=rules, charge_type=charge_type, dates=dates)
    return (
        line.id,
        month_of(line.invoice_date),
        line.invoice_id,
        line.invoice_number or "",
        line.invoice_date,
        line.invoice_status,
        "custom" if custom else "standard",
        line.offer.id,
        line.contract_id,
        line.subscription.id if line.subscription else "",
        line.subscription.name if line.subscription else "",
        line.billing_cycle or "",
        line.commitment_term or "",
        charge_type,
        line.quantity,
        line.unit_cost,
        line.unit_price,
        line.total_cost,
        line.total_price,
        line.currency,
        line.charge_start_date,
        line.charge_end_date,
        line.updated_at,
        automatic.start.value,
        automatic.start.source,
        automatic.end.value,
        automatic.end.source,
        line.organization.id,
        line.invoice_status in FINAL_STATUSES,
    )


def stage(rows: Sequence[tuple[object, ...]]) -> list[BadItem]:
    """Copy a page's rows in; those that the database refuses come back with its reason.

    The client has checked lengths and digits, so a refusal is rare: only then is the page copied
    again row by row.
    """
    try:
        _copy(rows)
    except DataError:
        return [bad for row in rows if (bad := _refused(row))]
    return []


def _refused(row: tuple[object, ...]) -> BadItem | None:
    try:
        _copy([row])
    except DataError as error:
        return BadItem(item_id=str(row[0]), reason=str(error).splitlines()[0])
    return None


# Atomic: of a page that was refused nothing is left, before it is copied again row by row.
@transaction.atomic
def _copy(rows: Iterable[tuple[object, ...]]) -> None:
    # Django hands `copy` through to psycopg, whose errors it doesn't make its own there.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)
