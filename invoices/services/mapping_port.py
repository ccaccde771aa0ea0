"""Invoice lines as `mapping.ports` asks for them: fill, count, what waits, and names copied again."""

from collections.abc import Collection, Mapping
from typing import LiteralString

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from invoices.models import Period
from invoices.queries.lines import period_counts
from invoices.queries.waiting import waiting, waiting_ranks
from invoices.services.prefill import count_prefill, prefill_lines
from mapping.ports import (
    LineColumn,
    LineKey,
    LineScope,
    MonthProgress,
    Renamed,
    Waiting,
    WaitingColumn,
    WaitingRank,
)

CASTS: Mapping[LineColumn, LiteralString] = {
    "organization_id": "bigint[]",
    "offer_id": "bigint[]",
    "contract_id": "text[]",
}
# A custom line without a subscription keeps its fixed offer name (P19).
OFFER_NAME: LiteralString = """CASE WHEN line.invoice_source = 'custom' AND line.subscription_id = ''
    THEN line.offer_name ELSE source.name END"""
# What a line is searched by (P28), as `LineSearch` keeps it.
SEARCH_TEXT: LiteralString = """lower(unaccent(concat_ws(chr(31), line.organization_name,
    line.organization_reference, line.offer_name, line.billing_cycle, line.commitment_term)))"""
RENAMES: Mapping[
    Renamed, tuple[LiteralString, LiteralString, Mapping[LiteralString, LiteralString]]
] = {
    "organization": (
        "mapping_organization",
        "organization_id",
        {
            "organization_name": "source.name",
            "organization_reference": "source.reference_number",
        },
    ),
    "offer": (
        "mapping_offer",
        "offer_id",
        {"offer_name": OFFER_NAME, "vendor_name": "source.vendor_name"},
    ),
    "company": ("psa_connectwise_company", "company_id", {"company_name": "source.name"}),
    "product": ("psa_connectwise_product", "product_id", {"product_name": "source.name"}),
    "agreement": ("psa_connectwise_agreement", "agreement_id", {"agreement_name": "source.name"}),
}


class InvoiceLines:
    """Implements `mapping.ports.Lines`."""

    def fill(self, scope: LineScope) -> Mapping[LineKey, int]:
        where, params = _condition(scope)
        return prefill_lines(where=where, params=params, parts=scope.parts)

    def count(self, scope: LineScope) -> int:
        where, params = _condition(scope)
        return count_prefill(where=where, params=params, parts=scope.parts)

    def waiting(self, column: WaitingColumn, ids: Collection[int]) -> Mapping[int, Waiting]:
        return waiting(column, ids)

    def waiting_ranks(self, column: WaitingColumn) -> Mapping[int, WaitingRank]:
        return waiting_ranks(column)

    def newest_month(self) -> MonthProgress | None:
        """How far the newest month that was loaded is mapped; None before the first load."""
        newest = Period.objects.filter(loaded_at__isnull=False).order_by("-month").first()
        if newest is None:
            return None
        counts = period_counts(newest.month)
        return MonthProgress(str(newest), counts.mapped, counts.total)

    def refresh_names(self, kind: Renamed, ids: Collection[int]) -> int:
        return refresh_names(kind, ids) if ids else 0


def _condition(scope: LineScope) -> tuple[LiteralString, dict[str, object]]:
    """The scope as SQL; the keys travel as one array per column."""
    arrays: LiteralString = ", ".join(f"%({column})s::{CASTS[column]}" for column in scope.columns)
    columns: LiteralString = ", ".join(f"line.{column}" for column in scope.columns)
    params: dict[str, object] = {
        column: [key[place] for key in scope.keys] for place, column in enumerate(scope.columns)
    }
    return f"({columns}) IN (SELECT * FROM unnest({arrays}))", params


@transaction.atomic
def refresh_names(kind: Renamed, ids: Collection[int]) -> int:
    """Copy the names of these records onto their lines; how many lines showed another one.

    Only lines that may still be edited get a new version: the others are read by posting.
    """
    table, column, names = RENAMES[kind]
    assignments = ", ".join(f"{name} = {value}" for name, value in names.items())
    differs = " OR ".join(f"line.{name} <> {value}" for name, value in names.items())
    sql = f"""
        UPDATE invoices_invoiceline line SET {assignments}, version = line.version
            + CASE WHEN line.psa_status <> 'synced' AND NOT line.in_flight THEN 1 ELSE 0 END
        FROM {table} source
        WHERE source.id = line.{column} AND source.id = ANY(%(ids)s) AND ({differs})
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ids": list(ids)})
        renamed = int(cursor.rowcount)
        if renamed and kind in ("organization", "offer"):
            _refresh_search(cursor, column, ids)
    return renamed


def _refresh_search(cursor: CursorWrapper, column: LiteralString, ids: Collection[int]) -> None:
    cursor.execute(
        f"""UPDATE invoices_linesearch search SET text = {SEARCH_TEXT}
            FROM invoices_invoiceline line
            WHERE line.id = search.line_id AND line.{column} = ANY(%(ids)s)""",
        {"ids": list(ids)},
    )
