"""Gives unsynced lines the company, agreement and product that the mappings say (P12, P33).

One UPDATE, whatever the number of lines. A value is free when it is empty or came from a mapping;
what a user chose stays. Every expression reads the line as it is at the moment of the update, so
that an edit committed meanwhile is never overwritten. Running it again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from django.db import connection

from mapping.ports import PARTS, LineKey, Part

# Synced lines never change, lines in flight are frozen.
OPEN: LiteralString = "line.psa_status <> 'synced' AND NOT line.in_flight"

# What the mappings say, once per organization, offer and contract among the lines.
DEFAULTS: LiteralString = """
    SELECT key.organization_id, key.offer_id, key.contract_id,
        chosen.create_agreement, agreement.id AS agreement_id,
        coalesce(agreement.name, '') AS agreement_name, agreement.company_id AS agreement_company_id,
        company.id AS company_id, coalesce(company.name, '') AS company_name,
        company.connectwise_id AS company_connectwise_id,
        product.id AS product_id, coalesce(product.name, '') AS product_name,
        product.connectwise_id AS product_connectwise_id
    FROM (
        SELECT DISTINCT line.organization_id, line.offer_id, line.contract_id
        FROM {table} line WHERE {where}
    ) key
    JOIN mapping_organization organization ON organization.id = key.organization_id
    JOIN mapping_offer offer ON offer.id = key.offer_id
    LEFT JOIN mapping_organizationoffer own_product
        ON (own_product.organization_id, own_product.offer_id) = (key.organization_id, key.offer_id)
    LEFT JOIN psa_connectwise_product product
        ON product.id = coalesce(own_product.product_id, offer.product_id) AND NOT product.missing
    -- For this offer, else for the whole contract, else what all its choices share.
    LEFT JOIN mapping_agreementdefault exact
        ON (exact.organization_id, exact.contract_id, exact.offer_id)
            = (key.organization_id, key.contract_id, key.offer_id)
    LEFT JOIN mapping_agreementdefault general
        ON (general.organization_id, general.contract_id) = (key.organization_id, key.contract_id)
            AND general.offer_id IS NULL
    LEFT JOIN LATERAL (
        SELECT min(choice.agreement_id) AS agreement_id,
            bool_or(choice.create_agreement) AS create_agreement
        FROM mapping_agreementdefault choice
        WHERE (choice.organization_id, choice.contract_id) = (key.organization_id, key.contract_id)
        HAVING count(DISTINCT coalesce(choice.agreement_id, 0)) = 1
    ) shared ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN exact.id IS NOT NULL THEN exact.agreement_id
                WHEN general.id IS NOT NULL THEN general.agreement_id
                ELSE shared.agreement_id END AS agreement_id,
            coalesce(exact.create_agreement, general.create_agreement, shared.create_agreement,
                false) AS create_agreement
    ) chosen
    LEFT JOIN psa_connectwise_agreement agreement ON agreement.id = chosen.agreement_id
    -- A remembered agreement brings its own company. One that was deleted is never filled in.
    LEFT JOIN psa_connectwise_company company
        ON company.id = coalesce(agreement.company_id, organization.company_id)
            AND NOT company.deleted AND NOT company.missing
"""

AGREEMENT_KEPT: LiteralString = """(line.agreement_source IN ('user', 'bulk')
    AND (line.agreement_id IS NOT NULL OR line.create_agreement))"""
# The company of an agreement that a user chose can't change under it.
COMPANY_KEPT: LiteralString = f"""(line.company_id IS NOT NULL AND
    (line.company_source IN ('user', 'bulk')
     OR ({AGREEMENT_KEPT} AND line.agreement_id IS NOT NULL)))"""
PRODUCT_KEPT: LiteralString = """(line.product_id IS NOT NULL
    AND line.product_source IN ('user', 'bulk'))"""


def _unless(kept: LiteralString, column: LiteralString) -> LiteralString:
    """What the mappings say, but where the line keeps its own."""
    return f"CASE WHEN {kept} THEN line.{column} ELSE said.{column} END"


COMPANY: LiteralString = _unless(COMPANY_KEPT, "company_id")
# An agreement of another company than the line's is never filled in.
AGREEMENT_FITS: LiteralString = f"(said.agreement_company_id = {COMPANY})"

# What decides whether a line changes, and the copies that go with it, by part.
VALUES: Mapping[Part, Mapping[LiteralString, LiteralString]] = {
    "customer": {
        "company_id": COMPANY,
        "agreement_id": f"""CASE WHEN {AGREEMENT_KEPT} THEN line.agreement_id
            WHEN {AGREEMENT_FITS} THEN said.agreement_id END""",
        "create_agreement": _unless(AGREEMENT_KEPT, "create_agreement"),
    },
    "product": {"product_id": _unless(PRODUCT_KEPT, "product_id")},
}
COPIES: Mapping[Part, Mapping[LiteralString, LiteralString]] = {
    "customer": {
        "company_name": _unless(COMPANY_KEPT, "company_name"),
        "company_connectwise_id": _unless(COMPANY_KEPT, "company_connectwise_id"),
        "company_source": f"""CASE WHEN {COMPANY_KEPT} THEN line.company_source
            WHEN said.company_id IS NULL THEN 'none' ELSE 'default' END""",
        "agreement_name": f"""CASE WHEN {AGREEMENT_KEPT} THEN line.agreement_name
            WHEN {AGREEMENT_FITS} THEN said.agreement_name ELSE '' END""",
        "agreement_source": f"""CASE WHEN {AGREEMENT_KEPT} THEN line.agreement_source
            WHEN said.create_agreement OR {AGREEMENT_FITS} THEN 'default' ELSE 'none' END""",
    },
    "product": {
        "product_name": _unless(PRODUCT_KEPT, "product_name"),
        "product_connectwise_id": _unless(PRODUCT_KEPT, "product_connectwise_id"),
        "product_source": f"""CASE WHEN {PRODUCT_KEPT} THEN line.product_source
            WHEN said.product_id IS NULL THEN 'none' ELSE 'default' END""",
    },
}


def prefill_lines(
    *,
    where: LiteralString,
    params: Mapping[str, Any] | None = None,
    parts: Sequence[Part] = PARTS,
    also: LiteralString = "",
) -> dict[LineKey, int]:
    """Fill the unsynced, unfrozen lines that meet `where`; how many changed, by what decided.

    `where` is a condition on `line` (invoices_invoiceline) with named parameters, such as
    "line.id = ANY(%(ids)s)" or "line.platform_id IN (SELECT platform_id FROM staging)".
    `also` are further assignments, each followed by a comma.
    """
    assignments = also + ", ".join(
        f"{column} = {value}"
        for part in parts
        for column, value in {**VALUES[part], **COPIES[part]}.items()
    )
    sql = f"""
        WITH filled AS (
            UPDATE invoices_invoiceline line SET {assignments}, version = line.version + 1
            FROM ({_defaults(where)}) said
            WHERE {_affected(where, parts)}
            RETURNING line.organization_id, line.offer_id, line.contract_id
        )
        SELECT organization_id, offer_id, contract_id, count(*) FROM filled GROUP BY 1, 2, 3
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, params or {})
        return {LineKey(*row[:3]): row[3] for row in cursor.fetchall()}


def prefilled(table: LiteralString, columns: Iterable[str]) -> str:
    """A query for these columns of lines that stand in no table yet, as the mappings fill them.

    `table` has the line's columns, and rows that nobody has touched.
    """
    said = {
        name: value for part in PARTS for name, value in {**VALUES[part], **COPIES[part]}.items()
    }
    chosen = ", ".join(f"{said.get(name, f'line.{name}')} AS {name}" for name in columns)
    return f"""SELECT {chosen} FROM {table} line JOIN ({_defaults("true", table)}) said
        USING (organization_id, offer_id, contract_id)"""


def count_prefill(
    *,
    where: LiteralString,
    params: Mapping[str, Any] | None = None,
    parts: Sequence[Part] = PARTS,
) -> int:
    """How many lines `prefill_lines` would change."""
    sql = f"""SELECT count(*) FROM invoices_invoiceline line, ({_defaults(where)}) said
        WHERE {_affected(where, parts)}"""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or {})
        return int(cursor.fetchone()[0])


def fillable_lines(
    *, where: LiteralString, wanted: LiteralString, params: Mapping[str, Any], parts: Sequence[Part]
) -> set[int]:
    """The lines that `prefill_lines` would change as `wanted`: a condition on `line` and `said`."""
    sql = f"""SELECT line.id FROM invoices_invoiceline line, ({_defaults(where)}) said
        WHERE {_affected(where, parts)} AND ({wanted})"""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {int(row[0]) for row in cursor.fetchall()}


def _defaults(where: LiteralString, table: LiteralString = "invoices_invoiceline") -> LiteralString:
    return DEFAULTS.replace("{table}", table).replace("{where}", f"{OPEN} AND ({where})")


def _affected(where: LiteralString, parts: Sequence[Part]) -> LiteralString:
    changed: LiteralString = " OR ".join(
        f"line.{column} IS DISTINCT FROM {value}"
        for part in parts
        for column, value in VALUES[part].items()
    )
    return f"""{OPEN} AND ({where}) AND ({changed})
        AND (line.organization_id, line.offer_id, line.contract_id)
            = (said.organization_id, said.offer_id, said.contract_id)"""
