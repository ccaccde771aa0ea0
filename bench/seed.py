"""Fills an empty database with a reseller at full size, set by set, the same each time."""

from datetime import date

from django.db import connection, transaction

from bench.laid_aside import laid_aside
from invoices.models import InvoiceLine
from invoices.months import months_before
from invoices.services.mapping_port import SEARCH_TEXT

ORGANIZATIONS, OFFERS, DIRECTORY, AGREEMENTS = 1500, 500, 50_000, 4500

PEOPLE = """
INSERT INTO psa_connectwise_company (connectwise_id, identifier, name, search_name, missing, updated_at,
    status, deleted, inactive, city, currency_code)
SELECT n, 'C' || n, name, lower(name || ' C' || n), false, now(), 'Active', false, n %% 50 = 0, 'Berlin', 'USD'
FROM generate_series(1, %(directory)s) n, LATERAL (SELECT
    (ARRAY['Nordwind','Café Müller','Contoso','Adatum','Fabrikam','Litware','Proseware','Tailspin'])[1 + n %% 8]
    || ' ' || substr(md5(n::text), 1, 6) || ' ' || (ARRAY['GmbH','Ltd','Inc','AG'])[1 + n %% 4] AS name) named;
INSERT INTO psa_connectwise_product (connectwise_id, identifier, name, search_name, missing, updated_at,
    inactive, taxable, product_class)
SELECT n, 'P-' || n, name, lower(name || ' P-' || n), false, now(), n %% 40 = 0, true, 'Service'
FROM generate_series(1, %(directory)s) n, LATERAL (SELECT
    (ARRAY['Microsoft 365','Azure','Acrobat','Backup','Firewall','Teams'])[1 + n %% 6]
    || ' ' || substr(md5('p' || n), 1, 5) AS name) named;
INSERT INTO psa_connectwise_agreement (connectwise_id, identifier, name, search_name, missing, updated_at,
    company_id, status, cancelled, start_date, no_end, prorate, currency_id, currency_code, billing_cycle)
SELECT n, '', named.name, lower(named.name), false, now(), company.id, 'Active', false, '2024-01-01', true, false, 1, 'USD', 'Monthly'
FROM generate_series(1, %(agreements)s) n
JOIN psa_connectwise_company company ON company.connectwise_id = 1 + n %% %(organizations)s,
LATERAL (SELECT 'Agreement ' || substr(md5('a' || n), 1, 6) AS name) named;
INSERT INTO mapping_organization (platform_id, name, reference_number, status, company_id, response_error, updated_at)
SELECT 'ORG-' || n, company.name, 'R' || n, 'Active', company.id, '', now()
FROM generate_series(1, %(organizations)s) n
JOIN psa_connectwise_company company ON company.connectwise_id = n;
INSERT INTO mapping_offer (platform_id, name, vendor_name, sku, product_id, response_error, updated_at)
SELECT 'OFF-' || n, product.name, 'Vendor ' || n %% 60, '', product.id, '', now()
FROM generate_series(1, %(offers)s) n
JOIN psa_connectwise_product product ON product.connectwise_id = n;
"""

# A twentieth has no product, a tenth no agreement; a third is synced, some stand in Error.
LINES = """
INSERT INTO invoices_invoiceline ({columns}, created_at)
SELECT {values}, now()
FROM generate_series(1, %(lines)s) n
CROSS JOIN LATERAL (SELECT hashint4(n)::bigint + 2147483648 AS h) hashed
JOIN mapping_organization organization ON organization.platform_id = 'ORG-' || 1 + h %% {organizations}
JOIN mapping_offer offer ON offer.platform_id = 'OFF-' || 1 + (h / 7) %% {offers}
JOIN psa_connectwise_company company ON company.id = organization.company_id
LEFT JOIN psa_connectwise_agreement agreement
    ON agreement.connectwise_id = h %% {organizations} AND h %% 10 <> 0
LEFT JOIN psa_connectwise_product product ON product.id = offer.product_id AND n %% 20 <> 0
"""
VALUES = {
    "platform_id": "'LINE-' || to_char(%(month)s::date, 'YYMM') || '-' || to_char(n, 'FM000000')",
    "period": "%(month)s",
    # Three invoices to an organization.
    "invoice_id": "'INV-' || to_char(%(month)s::date, 'YYMM') || '-' || h %% 4500",
    "invoice_number": "'2026-' || h %% 4500",
    "invoice_date": "%(month)s::date + (h %% 28)::int",
    "invoice_status": "'Issued'",
    "invoice_source": "'standard'",
    "organization_id": "organization.id",
    "offer_id": "offer.id",
    "contract_id": "'CON-' || h %% 3000",
    "subscription_id": "'SUB-' || n",
    "subscription_name": "'Subscription ' || n",
    "billing_cycle": "(ARRAY['Monthly','Annual','One-time'])[1 + h %% 3]",
    "commitment_term": "(ARRAY['1 Month','1 Year','3 Years',''])[1 + h %% 4]",
    "charge_type": "(ARRAY['Cycle Fee','Purchase Fee','Usage Fee','Correction','One Time Fee'])[1 + h %% 5]",
    "quantity": "1 + h %% 250",
    "unit_cost": "(h %% 90000) / 100.0",
    "unit_price": "(h %% 100000) / 100.0",
    "total_cost": "(1 + h %% 250) * (h %% 90000) / 100.0",
    "total_price": "(1 + h %% 250) * (h %% 100000) / 100.0",
    "currency": "(ARRAY['USD','EUR'])[1 + h %% 2]",
    "organization_name": "organization.name",
    "organization_reference": "organization.reference_number",
    "offer_name": "offer.name",
    "offer_platform_id": "offer.platform_id",
    "vendor_name": "offer.vendor_name",
    "company_id": "company.id",
    "company_name": "company.name",
    "company_connectwise_id": "company.connectwise_id",
    "company_source": "'default'",
    "agreement_id": "agreement.id",
    "agreement_name": "coalesce(agreement.name, '')",
    "product_id": "product.id",
    "product_name": "coalesce(product.name, '')",
    "product_connectwise_id": "product.connectwise_id",
    "psa_status": """CASE WHEN h %% 3 = 0 AND agreement.id IS NOT NULL AND product.id IS NOT NULL
        THEN 'synced' WHEN n %% 97 = 0 THEN 'error' ELSE 'not_synced' END""",
    "error": "CASE WHEN n %% 97 = 0 THEN 'Product inactive in ConnectWise' ELSE '' END",
    **{
        f"{owner}_start_date": "%(month)s::date + (h %% 28)::int"
        for owner in ("platform", "automatic", "charge")
    },
    **{
        f"{owner}_end_date": "CASE WHEN h %% 5 > 1 THEN (%(month)s::date + interval '1 month - 1 day')::date END"
        for owner in ("platform", "automatic", "charge")
    },
}


def seed(*, newest: date, months: int, lines: int) -> None:
    """As many loaded months of as many lines, the last one `newest`; refuses a database in use."""
    if InvoiceLine.objects.exists():
        raise SystemExit("The database has invoice lines already: give an empty one.")
    sizes = {
        "organizations": ORGANIZATIONS,
        "offers": OFFERS,
        "directory": DIRECTORY,
        "agreements": AGREEMENTS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in PEOPLE.strip().split(";\n"):
            cursor.execute(statement, sizes)
    with laid_aside(["invoices_invoiceline", "invoices_linesearch"]):
        for back in reversed(range(months)):
            seed_month(month=months_before(newest, back), lines=lines)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def seed_month(*, month: date, lines: int) -> None:
    """One period as a complete load leaves it."""
    rest = {
        str(field.column): field.get_default()
        for field in InvoiceLine._meta.concrete_fields
        if not (field.generated or field.primary_key or field.null)
        and field.column not in {*VALUES, "created_at"}
    }
    sql = LINES.format(
        columns=", ".join((*VALUES, *rest)),
        values=", ".join((*VALUES.values(), *(f"%({name})s" for name in rest))),
        organizations=ORGANIZATIONS,
        offers=OFFERS,
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**rest, "month": month, "lines": lines})
        cursor.execute(
            f"""INSERT INTO invoices_linesearch (line_id, period, text)
                SELECT line.id, line.period, {SEARCH_TEXT}
                FROM invoices_invoiceline line WHERE line.period = %s""",
            [month],
        )
        cursor.execute(
            "INSERT INTO invoices_period (month, complete, incomplete_because, loaded_at)"
            " VALUES (%s, true, '', now())",
            [month],
        )
