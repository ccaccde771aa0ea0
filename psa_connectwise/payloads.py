"""What we send to ConnectWise: new records and changes, in its spelling.

Only bare top-level fields and whole objects travel (docs/connectwise.md, "Changing records"), and
a new addition always carries price, cost, quantity, description, taxable and billable: ConnectWise
fills gaps from its catalog.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

CustomFields = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAddition:
    """An addition to create; give `custom_fields` as the whole array where one carries our key."""

    product_id: int
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    effective_date: date
    invoice_description: str
    taxable: bool
    cancelled_date: date | None = None
    bill_customer: str = "Billable"
    serial_number: str = ""
    description: str = ""
    custom_fields: CustomFields = ()

    def to_wire(self) -> dict[str, object]:
        """ConnectWise's fields; what isn't set is left out."""
        wanted = {name: getattr(self, name) for name in ADDITION_FIELDS}
        return to_fields(_without_unset(wanted), ADDITION_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreement:
    """An agreement to create; billing starts with it, or ConnectWise would start a day later."""

    name: str
    type_id: int
    company_id: int
    start_date: date
    contact_id: int | None = None
    site_id: int | None = None
    currency_id: int | None = None
    end_date: date | None = None
    prorate: bool = False

    def to_wire(self) -> dict[str, object]:
        """ConnectWise's fields, billing from the first day (docs/connectwise.md, "Changing records")."""
        wanted = {name: getattr(self, name) for name in AGREEMENT_FIELDS if hasattr(self, name)}
        # Left out, it would be a day later, and every addition of the first day refused.
        wanted |= {"bill_start_date": self.start_date, "no_end": self.end_date is None}
        return to_fields(_without_unset(wanted), AGREEMENT_FIELDS)


class AdditionChanges(TypedDict, total=False):
    """Fields of an addition to change; None clears a date."""

    product_id: int
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    bill_customer: str
    effective_date: date
    cancelled_date: date | None
    taxable: bool
    serial_number: str
    description: str
    invoice_description: str
    custom_fields: CustomFields


class AgreementChanges(TypedDict, total=False):
    """Fields of an agreement to change; None clears a date."""

    name: str
    start_date: date
    bill_start_date: date
    end_date: date | None
    no_end: bool
    prorate: bool
    contact_id: int


ADDITION_FIELDS = {
    "product_id": "product",
    "quantity": "quantity",
    "unit_price": "unitPrice",
    "unit_cost": "unitCost",
    "bill_customer": "billCustomer",
    "effective_date": "effectiveDate",
    "cancelled_date": "cancelledDate",
    "taxable": "taxableFlag",
    "serial_number": "serialNumber",
    "description": "description",
    "invoice_description": "invoiceDescription",
    "custom_fields": "customFields",
}

AGREEMENT_FIELDS = {
    "name": "name",
    "type_id": "type",
    "company_id": "company",
    "contact_id": "contact",
    "site_id": "site",
    "currency_id": "currency",
    "start_date": "startDate",
    "bill_start_date": "billStartDate",
    "end_date": "endDate",
    "no_end": "noEndingDateFlag",
    "prorate": "prorateFlag",
}


def addition_patch(changes: AdditionChanges) -> list[dict[str, object]]:
    """The changes as ConnectWise's patch operations."""
    return _patch(dict(changes), ADDITION_FIELDS)


def agreement_patch(changes: AgreementChanges) -> list[dict[str, object]]:
    """The changes as ConnectWise's patch operations."""
    return _patch(dict(changes), AGREEMENT_FIELDS)


def to_fields(values: dict[str, object], names: dict[str, str]) -> dict[str, object]:
    """Our names and values in ConnectWise's spelling; raises KeyError for an unknown name."""
    return {names[name]: _value(name, value) for name, value in values.items()}


def _without_unset(values: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def _patch(changes: dict[str, object], names: dict[str, str]) -> list[dict[str, object]]:
    return [
        # Clearing is an operation of its own there; a replacement by null isn't.
        {"op": "remove", "path": path}
        if value is None
        else {"op": "replace", "path": path, "value": value}
        for path, value in to_fields(changes, names).items()
    ]


def _value(name: str, value: object) -> object:
    """References as whole objects, calendar dates as midnight UTC of the same day."""
    # The whole object: a path into it may answer 200 and change nothing.
    if name.endswith("_id"):
        return {"id": value}
    if isinstance(value, date):
        # Of a datetime, which is a date too, the day alone.
        return f"{value.isoformat()[:10]}T00:00:00Z"
    return list(value) if isinstance(value, tuple) else value
