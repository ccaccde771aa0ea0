"""The organizations and offers that a month's lines name, brought up to date with them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection

from invoices.services.mapping_port import refresh_names
from platform_client.schemas import InvoiceLine, Offer, Organization

# In one order, since the loads of two months may write the same records at once. A row that has an
# xmax was there before: the statement has changed it, not made it.
ORGANIZATIONS = """
    INSERT INTO mapping_organization AS known
        (platform_id, name, reference_number, status, response_error, updated_at)
    SELECT seen.*, '', now()
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
        AS seen (platform_id, name, reference_number, status)
    ORDER BY platform_id
    ON CONFLICT (platform_id) DO UPDATE SET name = excluded.name,
        reference_number = excluded.reference_number, status = excluded.status, updated_at = now()
    WHERE (known.name, known.reference_number, known.status)
        IS DISTINCT FROM (excluded.name, excluded.reference_number, excluded.status)
    RETURNING known.id, known.xmax <> 0"""
OFFERS = """
    INSERT INTO mapping_offer AS known
        (platform_id, name, vendor_name, sku, response_error, updated_at)
    SELECT seen.*, '', now()
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
        AS seen (platform_id, name, vendor_name, sku)
    ORDER BY platform_id
    ON CONFLICT (platform_id) DO UPDATE SET name = excluded.name,
        vendor_name = excluded.vendor_name, sku = excluded.sku, updated_at = now()
    WHERE (known.name, known.vendor_name, known.sku)
        IS DISTINCT FROM (excluded.name, excluded.vendor_name, excluded.sku)
    RETURNING known.id, known.xmax <> 0"""


@dataclass
class SeenRecords:
    """Grows with customers and offers, not with lines. The last line's names are the newest."""

    organizations: dict[str, Organization] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    # Organizations and offers that the tables knew under another name.
    renamed_organizations: list[int] = field(default_factory=list)
    renamed_offers: list[int] = field(default_factory=list)

    def add(self, line: InvoiceLine) -> None:
        """The last one seen of each id is kept."""
        self.organizations[line.organization.id] = line.organization
        self.offers[line.offer.id] = line.offer

    def save(self) -> None:
        """Make or rename them; before the lines, which point at them."""
        organizations = self.organizations.values()
        self.renamed_organizations = _save(
            ORGANIZATIONS,
            [(one.id, one.name, one.reference_number or "", one.status) for one in organizations],
        )
        self.renamed_offers = _save(
            OFFERS,
            [(one.id, one.name, one.vendor_name, one.sku or "") for one in self.offers.values()],
        )

    def spread_names(self) -> None:
        """Copy new names onto the lines of other months and states; after this month's lines."""
        refresh_names("organization", self.renamed_organizations)
        refresh_names("offer", self.renamed_offers)


def _save(sql: str, rows: Collection[tuple[str, ...]]) -> list[int]:
    """The ids of those that were here and are called otherwise now."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])
        return [pk for pk, existed in cursor.fetchall() if existed]
