"""The mapping that is meant between both stand-ins, as the product's import reads it."""

import csv
import io
from collections.abc import Iterator

from psa_connectwise.sandbox.data import agreement_id, company_id, product_id
from sandbox_kit import reseller


def rows() -> Iterator[tuple[str, str, str, str, str, str]]:
    """kind, platform_id, contract_id, connectwise_id, organization_id, offer_id."""
    mapped = [c for c in reseller.customers() if c.number not in reseller.UNMAPPED_CUSTOMERS]
    for customer in mapped:
        yield "organization", customer.platform_id, "", str(company_id(customer)), "", ""
    for offer in reseller.offers():
        if offer.number not in reseller.UNMAPPED_OFFERS:
            yield "offer", offer.platform_id, "", str(product_id(offer.number)), "", ""
    yield "offer", reseller.DEFAULT_OFFER, "", "730", "", ""
    yield "offer", reseller.DEFAULT_OFFER, "", "731", "org-1012", ""
    for customer in mapped:
        for contract in customer.contracts:
            target = "new" if contract.kind == "new" else str(agreement_id(contract))
            yield "agreement", customer.platform_id, contract.platform_id, target, "", ""


def as_csv() -> str:
    """The file that a person would upload."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["kind", "platform_id", "contract_id", "connectwise_id", "organization_id", "offer_id"]
    )
    writer.writerows(rows())
    return text.getvalue()
