"""The Platform's records in its own spelling, to be varied by tests."""

from typing import Any

Record = dict[str, Any]


def make_organization(**overrides: Any) -> Record:
    return {
        "id": "org-1",
        "name": "Acme Ltd",
        "status": "Active",
        "referenceNumber": "R-7",
    } | overrides


def make_offer(**overrides: Any) -> Record:
    return {"id": "offer-1", "name": "Mail", "vendorName": "Vendor", "sku": "M-1"} | overrides


def make_line(**overrides: Any) -> Record:
    """A complete invoice line as the contract has it, with a field nobody knows."""
    return {
        "id": "line-1",
        "invoiceId": "inv-1",
        "invoiceNumber": "2026-001",
        "invoiceDate": "2026-05-31",
        "invoiceStatus": "Issued",
        "invoiceSource": "Standard",
        "organization": make_organization(),
        "contractId": "c-1",
        "subscription": {"id": "sub-1", "name": "Mail for Acme"},
        "offer": make_offer(),
        "billingCycle": "Monthly",
        "commitmentTerm": "1 Year",
        "chargeType": "CycleFee",
        "quantity": "3",
        "unitCost": "1.234567",
        "unitPrice": "2.5",
        "totalCost": "3.70",
        "totalPrice": "7.50",
        "currency": "EUR",
        "chargeStartDate": "2026-05-01",
        "chargeEndDate": "2026-05-31",
        "updatedAt": "2026-06-01T08:00:00Z",
        "somethingNew": {"a": 1},
    } | overrides


def make_page(*items: Any, cursor: str | None = None, **extra: Any) -> Record:
    return {"items": list(items), "nextCursor": cursor} | extra
