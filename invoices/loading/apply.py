"""From staged lines to invoice lines, set by set; no row passes through Python.

Lines that are synced or frozen never change: a difference there is flagged. Every statement runs
in the one transaction of `load.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from django.db import connection

from invoices.charge_dates import RECURRING
from invoices.loading.staging import AUTOMATIC_COLUMNS, PLATFORM_COLUMNS
from invoices.models import InvoiceLine
from invoices.services.mapping_port import SEARCH_TEXT
from invoices.services.prefill import prefill_lines, prefilled

# P19: what a line of a custom invoice without a subscription is shown as.
DEFAULT_OFFER_NAME: LiteralString = "Offer for Default Subscription"

# A staged line with what its organization and its offer are called now.
RESOLVED: LiteralString = f"""
    SELECT staged.*, organization.id AS organization_id, offer.id AS offer_id,
        organization.name AS organization_name,
        organization.reference_number AS organization_reference,
        CASE WHEN staged.invoice_source = 'custom' AND staged.subscription_id = ''
            THEN '{DEFAULT_OFFER_NAME}' ELSE offer.name END AS offer_name,
        offer.vendor_name
    FROM staged_line staged
    JOIN mapping_organization organization
        ON organization.platform_id = staged.organization_platform_id
    JOIN mapping_offer offer ON offer.platform_id = staged.offer_platform_id
    WHERE staged.is_final
"""
RESOLVED_COLUMNS: tuple[LiteralString, ...] = (
    "organization_id",
    "offer_id",
    "organization_name",
    "organization_reference",
    "offer_name",
    "vendor_name",
)
# What an open line takes over.
TAKEN: tuple[LiteralString, ...] = (*PLATFORM_COLUMNS[1:], *RESOLVED_COLUMNS)
# An invoice that goes from Issued to Paid, or a customer's new name, is no change of the line.
NOT_FLAGGED = frozenset({"invoice_status", "platform_updated_at", *RESOLVED_COLUMNS[2:]})
FLAGGED: tuple[LiteralString, ...] = tuple(name for name in TAKEN if name not in NOT_FLAGGED)

# What a line is charged by until a user sets it.
CHARGED: Mapping[LiteralString, LiteralString] = {
    f"charge{name.removeprefix('automatic')}": name for name in AUTOMATIC_COLUMNS
}

CLOSED: LiteralString = "(line.psa_status = 'synced' OR line.in_flight)"
# The dates that a rule can see; as long as they stand, dates that were set by a rule stay (P17).
SAME_DATES: LiteralString = """(
    line.platform_start_date = staged.platform_start_date
    AND line.platform_end_date IS NOT DISTINCT FROM staged.platform_end_date
    AND line.period = staged.period)"""


def differs(columns: Iterable[LiteralString]) -> LiteralString:
    """A condition of SQL: one of these columns of `line` is another in `staged`."""
    # IS DISTINCT FROM, since a plain <> says nothing where either side is null.
    mine: LiteralString = ", ".join(f"line.{name}" for name in columns)
    theirs: LiteralString = ", ".join(f"staged.{name}" for name in columns)
    return f"(({mine}) IS DISTINCT FROM ({theirs}))"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a load did, line by line: each staged final line is in one of the first four."""

    new: int
    updated: int
    unchanged: int
    changed_after_sync: int
    gone: int
    not_final: int


def apply_lines(*, month: date, complete: bool) -> Counts:
    """Bring the staged lines in; lines that are missing are gone only if the load is complete."""
    staged = _count("SELECT count(*) FROM staged_line WHERE is_final")
    _compare()
    new, updated = _insert_new(), _update_open()
    changed_after_sync = _flag_closed_lines(month)
    if complete:
        _flag_gone_lines(month)
    _prefill_rekeyed()
    _refresh_search()
    _forget_selections()
    not_final = _record_unfinal_subscriptions(month, complete=complete)
    return Counts(
        new=new,
        updated=updated,
        unchanged=staged - new - updated - changed_after_sync,
        changed_after_sync=changed_after_sync,
        gone=InvoiceLine.objects.filter(period=month, gone=True).count(),
        not_final=not_final,
    )


def _compare() -> None:
    """Which staged lines are new, differ, or have another mapping key: a join, so that a line that
    did not change is neither locked nor written."""
    _run("DROP TABLE IF EXISTS pg_temp.compared_line")
    _run(
        f"""CREATE TEMP TABLE compared_line ON COMMIT DROP AS
            SELECT staged.platform_id, line.id AS line_id, {CLOSED} AS closed,
                CASE WHEN {CLOSED} THEN {differs(FLAGGED)}
                    ELSE {differs(TAKEN)} OR line.gone OR line.changed_on_platform END AS differs,
                {differs(("organization_id", "offer_id", "contract_id"))} AS rekeyed
            FROM ({RESOLVED}) staged
            LEFT JOIN invoices_invoiceline line ON line.platform_id = staged.platform_id"""
    )
    # Nobody else analyses a temporary table: the joins that follow would be planned blindly.
    _run("ANALYZE compared_line")


def _insert_new() -> int:
    """The lines that were not here, each written once: as its mappings fill it, with its search text.

    Whoever changes a mapping meanwhile waits, since saving the records has locked every organization
    and offer of these lines; then it finds them. A line that another month's load has just brought is
    a violated key: `load.py` begins again, and finds it here.
    """
    values, defaults = _new_line()
    # Else the sort goes through files. Not for the joins: they would read the whole table of lines.
    _run("SET LOCAL work_mem = '64MB'")
    blank = ", ".join(f"{value} AS {name}" for name, value in values.items())
    columns = ", ".join(values)
    count = _count(
        f"""WITH blank AS MATERIALIZED (
                SELECT {blank}
                FROM ({RESOLVED}) staged
                JOIN compared_line compared USING (platform_id) WHERE compared.line_id IS NULL
            ),
            line AS (
                INSERT INTO invoices_invoiceline ({columns}, created_at)
                SELECT {columns}, now() FROM ({prefilled("blank", values)}) filled
                ORDER BY platform_id
                RETURNING *
            ),
            search AS (
                INSERT INTO invoices_linesearch (line_id, period, text)
                SELECT line.id, line.period, {SEARCH_TEXT} FROM line
            )
            SELECT count(*) FROM line""",
        defaults,
    )
    _run("RESET work_mem")
    return count


def _new_line() -> tuple[dict[str, str], dict[str, object]]:
    """What each column of a new line takes from `staged`, or else by default, with the parameters."""
    values: dict[str, str] = {
        **{name: f"staged.{name}" for name in ("platform_id", *TAKEN, *AUTOMATIC_COLUMNS)},
        **{name: f"staged.{automatic}" for name, automatic in CHARGED.items()},
    }
    others = [
        field
        for field in InvoiceLine._meta.concrete_fields
        if not (field.generated or field.primary_key)
        and field.column not in {*values, "created_at"}
    ]
    defaults = {str(field.column): None if field.null else field.get_default() for field in others}
    # Typed, for they pass through a query of their own.
    values |= {
        str(field.column): f"%({field.column})s::{field.db_type(connection)}" for field in others
    }
    return values, defaults


def _update_open() -> int:
    """The open lines that differ; how many. What was closed since the comparison is left alone."""
    _run("DROP TABLE IF EXISTS pg_temp.updated_line")
    _run("CREATE TEMP TABLE updated_line (id bigint PRIMARY KEY) ON COMMIT DROP")
    return _count(
        f"""WITH updated AS (
                UPDATE invoices_invoiceline line SET {_assignments()}
                FROM ({RESOLVED}) staged
                JOIN compared_line compared USING (platform_id)
                WHERE line.id = compared.line_id AND compared.line_id IS NOT NULL
                    AND compared.differs AND NOT {CLOSED}
                RETURNING line.id
            ),
            noted AS (INSERT INTO updated_line SELECT id FROM updated)
            SELECT count(*) FROM updated"""
    )


def _assignments() -> str:
    """What an open line takes: the Platform's values, and the dates that no user has set."""
    taken = [f"{name} = staged.{name}" for name in TAKEN]
    automatic = [
        f"{name} = CASE WHEN {SAME_DATES} THEN line.{name} ELSE staged.{name} END"
        for name in AUTOMATIC_COLUMNS
    ]
    charge = [
        f"""{name} = CASE WHEN {SAME_DATES} OR line.{name.removesuffix("_source")}_source = 'user'
            THEN line.{name} ELSE staged.{automatic} END"""
        for name, automatic in CHARGED.items()
    ]
    # Whoever has the row under edit, or has planned it, finds another version than they read.
    rest = ["gone = false", "changed_on_platform = false", "version = line.version + 1"]
    return ", ".join((*taken, *automatic, *charge, *rest))


def _flag_closed_lines(month: date) -> int:
    """Flag synced and frozen lines that differ on the Platform now; how many do.

    One that has moved to another month stays in its own, where it is gone.
    """
    _run(
        """UPDATE invoices_invoiceline line
           SET changed_on_platform = compared.differs, version = line.version + 1,
               gone = line.gone AND line.period <> %(month)s
           FROM compared_line compared
           WHERE compared.line_id = line.id AND compared.closed
               AND (line.changed_on_platform <> compared.differs
                    OR (line.gone AND line.period = %(month)s))""",
        {"month": month},
    )
    return _count("SELECT count(*) FROM compared_line WHERE closed AND differs")


def _flag_gone_lines(month: date) -> None:
    """Lines of the month that are not among its final ones any more: kept, and not posted."""
    _run(
        """UPDATE invoices_invoiceline line SET gone = true, version = line.version + 1
           WHERE line.period = %(month)s AND NOT line.gone AND NOT EXISTS (
               SELECT FROM staged_line staged
               WHERE staged.platform_id = line.platform_id AND staged.is_final)""",
        {"month": month},
    )


def _prefill_rekeyed() -> None:
    """Mappings become defaults of lines that are somebody else's now (P33)."""
    prefill_lines(
        where="""line.id IN (
            SELECT line_id FROM compared_line WHERE rekeyed AND NOT closed AND line_id IS NOT NULL)"""
    )


def _refresh_search() -> None:
    _run(
        f"""INSERT INTO invoices_linesearch AS search (line_id, period, text)
            SELECT line.id, line.period, {SEARCH_TEXT}
            FROM invoices_invoiceline line JOIN updated_line USING (id)
            ON CONFLICT (line_id) DO UPDATE SET period = excluded.period, text = excluded.text
            WHERE (search.period, search.text) IS DISTINCT FROM (excluded.period, excluded.text)"""
    )


def _forget_selections() -> None:
    """A selection is of one period: a line that moved to another one is not in it any more."""
    _run(
        """DELETE FROM invoices_selectedline item
           USING invoices_selection selection, invoices_invoiceline line, updated_line
           WHERE selection.id = item.selection_id AND line.id = item.line_id
               AND line.id = updated_line.id
               AND line.period <> selection.period"""
    )


def _record_unfinal_subscriptions(month: date, *, complete: bool) -> int:
    """Keep which subscriptions recur on invoices that are not final (P49); how many such lines.

    An incomplete load can only add to what is known.
    """
    if complete:
        _run("DELETE FROM invoices_unfinalsubscription WHERE month = %(month)s", {"month": month})
    _run(
        """INSERT INTO invoices_unfinalsubscription (month, subscription_id)
           SELECT DISTINCT %(month)s::date, subscription_id FROM staged_line
           WHERE NOT is_final AND subscription_id <> '' AND charge_type = ANY(%(recurring)s)
           ON CONFLICT DO NOTHING""",
        {"month": month, "recurring": list(RECURRING)},
    )
    return _count("SELECT count(*) FROM staged_line WHERE NOT is_final")


def _run(sql: str, params: Mapping[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _count(sql: str, params: Mapping[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.fetchone()[0])
