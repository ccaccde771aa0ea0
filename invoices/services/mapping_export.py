"""Every mapping as the CSV file that can be imported again."""

from collections.abc import Iterator

from invoices.mapping_rows import NEW, MappingRow, write_rows
from mapping.models import AgreementDefault, Offer, Organization, OrganizationOffer


def export_mappings() -> tuple[str, int]:
    """Every mapping as a file that `import_mappings` takes, and how many there are."""
    rows = [*_organization_rows(), *_offer_rows(), *_own_offer_rows(), *_agreement_rows()]
    return write_rows(rows), len(rows)


def _organization_rows() -> Iterator[MappingRow]:
    mapped = Organization.objects.filter(company__isnull=False).order_by("platform_id")
    for platform_id, number in mapped.values_list("platform_id", "company__connectwise_id"):
        yield MappingRow(kind="organization", platform_id=platform_id, connectwise_id=str(number))


def _offer_rows() -> Iterator[MappingRow]:
    mapped = Offer.objects.filter(product__isnull=False).order_by("platform_id")
    for platform_id, number in mapped.values_list("platform_id", "product__connectwise_id"):
        yield MappingRow(kind="offer", platform_id=platform_id, connectwise_id=str(number))


def _own_offer_rows() -> Iterator[MappingRow]:
    rows = OrganizationOffer.objects.order_by("offer__platform_id", "organization__platform_id")
    for offer, organization, number in rows.values_list(
        "offer__platform_id", "organization__platform_id", "product__connectwise_id"
    ):
        yield MappingRow(
            kind="offer",
            platform_id=offer,
            organization_id=organization,
            connectwise_id=str(number),
        )


def _agreement_rows() -> Iterator[MappingRow]:
    rows = AgreementDefault.objects.order_by(
        "organization__platform_id", "contract_id", "offer__platform_id"
    )
    for organization, contract_id, offer, number in rows.values_list(
        "organization__platform_id",
        "contract_id",
        "offer__platform_id",
        "agreement__connectwise_id",
    ):
        yield MappingRow(
            kind="agreement",
            platform_id=organization,
            contract_id=contract_id,
            offer_id=offer or "",
            connectwise_id=NEW if number is None else str(number),
        )
