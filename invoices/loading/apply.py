"""From staged lines to invoice lines, set by set; no row passes through Python.

Lines that are synced or frozen never change: a difference there is flagged. Every statement runs
in the one transaction of `load.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from django.db import connection
from django.db.models import Field

from invoices.charge_dates import RECURRING
from invoices.loading.staging import AUTOMATIC_COLUMNS, PLATFORM_COLUMNS
from invoices.models import InvoiceLine
from invoices.services.mapping_port import SEARCH_TEXT
from invoices.services.prefill import prefill_lines

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

CLOSED: LiteralString = "(line.psa_status = 'synced' OR line.in_flight)"
# The dates that a rule can see; as long as they stand, dates that were set by a rule stay (P17).
SAME_DATES: LiteralString = """(
    line.platform_start_date = excluded.platform_start_date
    AND line.platform_end_date IS NOT DISTINCT FROM excluded.platform_end_date
    AND line.period = excluded.period)"""


def differs(columns: Iterable[LiteralString]) -> LiteralString:
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
    new, updated = _upsert()
    changed_after_sync = _flag_closed_lines(month)
    if complete:
        _flag_gone_lines(month)
    _prefill()
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
    _run("DROP TABLE IF EXISTS pg_temp.compared_line, pg_temp.loaded_line")
    _run(
        f"""CREATE TEMP TABLE compared_line ON COMMIT DROP AS
            SELECT staged.platform_id, line.id AS line_id, {CLOSED} AS closed,
                CASE WHEN {CLOSED} THEN {differs(FLAGGED)}
                    ELSE {differs(TAKEN)} OR line.gone OR line.changed_on_platform END AS differs,
                {differs(("organization_id", "offer_id", "contract_id"))} AS rekeyed
            FROM ({RESOLVED}) staged
            LEFT JOIN invoices_invoiceline line ON line.platform_id = staged.platform_id"""
    )
    _run("ANALYZE compared_line")


def _upsert() -> tuple[int, int]:
    """The new lines and the open ones that differ; how many of each."""
    _run("CREATE TEMP TABLE loaded_line (id bigint, is_new boolean) ON COMMIT DROP")
    values = {
        **{name: f"staged.{name}" for name in ("platform_id", *TAKEN, *AUTOMATIC_COLUMNS)},
        **{f"charge{name[9:]}": f"staged.{name}" for name in AUTOMATIC_COLUMNS},
    }
    defaults = _other_defaults(set(values))
    _run("DROP TABLE IF EXISTS pg_temp.fresh_line")
    _run(
        """CREATE TEMP TABLE fresh_line ON COMMIT DROP AS
            SELECT * FROM invoices_invoiceline WITH NO DATA"""
    )
    _run(
        f"""INSERT INTO fresh_line ({", ".join((*values, *defaults))}, created_at)
            SELECT {", ".join((*values.values(), *(f"%({name})s" for name in defaults)))}, now()
            FROM ({RESOLVED}) staged
            JOIN compared_line compared USING (platform_id)
            WHERE compared.line_id IS NULL OR (NOT compared.closed AND compared.differs)""",
        defaults,
    )
    # Here it costs a tenth of what it costs once the lines stand in all the indexes.
    prefill_lines(where="true", table="fresh_line")
    written = ", ".join(
        str(field.column) for field in InvoiceLine._meta.concrete_fields if _is_written(field)
    )
    _run(
        f"""WITH upserted AS (
                INSERT INTO invoices_invoiceline AS line ({written}, created_at)
                SELECT {written}, created_at FROM fresh_line ORDER BY platform_id
                ON CONFLICT (platform_id) DO UPDATE SET {_assignments()}
                WHERE NOT {CLOSED}
                RETURNING line.id, line.xmax = 0 AS is_new  -- xmax is 0 on a row just inserted
            )
            INSERT INTO loaded_line SELECT id, is_new FROM upserted"""
    )
    new = _count("SELECT count(*) FROM loaded_line WHERE is_new")
    return new, _count("SELECT count(*) FROM loaded_line") - new


def _assignments() -> str:
    """What an open line takes: the Platform's values, and the dates that no user has set."""
    taken = [f"{name} = excluded.{name}" for name in TAKEN]
    automatic = [
        f"{name} = CASE WHEN {SAME_DATES} THEN line.{name} ELSE excluded.{name} END"
        for name in AUTOMATIC_COLUMNS
    ]
    charge = [
        f"""{name} = CASE WHEN {SAME_DATES} OR line.{slot}_source = 'user'
            THEN line.{name} ELSE excluded.{name} END"""
        for slot in ("charge_start_date", "charge_end_date")
        for name in (slot, f"{slot}_source")
    ]
    rest = ["gone = false", "changed_on_platform = false", "version = line.version + 1"]
    return ", ".join((*taken, *automatic, *charge, *rest))


def _other_defaults(given: set[str]) -> dict[str, object]:
    """The model's defaults of every column that a new line must have and a load doesn't know."""
    columns = (field for field in InvoiceLine._meta.concrete_fields if _is_written(field))
    return {
        column.column: column.get_default()
        for column in columns
        if column.column and column.column not in given and not column.null
    }


def _is_written(field: "Field[object, object]") -> bool:
    return not (field.generated or field.primary_key or field.column == "created_at")


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


def _prefill() -> None:
    """Mappings become defaults of new lines (P33), and of lines that are somebody else's now."""
    prefill_lines(
        where="""line.id IN (
            SELECT id FROM loaded_line WHERE is_new
            UNION ALL
            SELECT line_id FROM compared_line WHERE rekeyed AND NOT closed AND line_id IS NOT NULL)"""
    )


def _refresh_search() -> None:
    _run(
        f"""INSERT INTO invoices_linesearch AS search (line_id, period, text)
            SELECT line.id, line.period, {SEARCH_TEXT}
            FROM invoices_invoiceline line JOIN loaded_line USING (id)
            ON CONFLICT (line_id) DO UPDATE SET period = excluded.period, text = excluded.text
            WHERE (search.period, search.text) IS DISTINCT FROM (excluded.period, excluded.text)"""
    )


def _forget_selections() -> None:
    """A selection is of one period: a line that moved to another one is not in it any more."""
    _run(
        """DELETE FROM invoices_selectedline item
           USING invoices_selection selection, invoices_invoiceline line, loaded_line
           WHERE selection.id = item.selection_id AND line.id = item.line_id
               AND line.id = loaded_line.id AND NOT loaded_line.is_new
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


def _count(sql: LiteralString) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
