"""What an Addition says, as we send it and as ConnectWise answers it. Pure.

An image is what posting compares: planned against found, sent against computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from invoices.amounts import plain

# As many places as the Platform gives a quantity; prices have four.
NOISE = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionImage:
    """The fields of an Addition that are ours; dates are calendar dates, both ends included."""

    product_id: int
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    effective_date: date
    cancelled_date: date | None
    invoice_description: str
    taxable: bool
    bill_customer: str = "Billable"

    def to_json(self) -> dict[str, object]:
        """As it is kept: decimals and dates as text, so that nothing is rounded."""
        return {name: _to_json(getattr(self, name)) for name in NAMES}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "AdditionImage":
        """What `to_json` gave; also of a Posting's `after_image` and an Operation's `before` and `after`."""
        cancelled = kept["cancelled_date"]
        return cls(
            product_id=kept["product_id"],
            quantity=Decimal(kept["quantity"]),
            unit_price=Decimal(kept["unit_price"]),
            unit_cost=Decimal(kept["unit_cost"]),
            effective_date=date.fromisoformat(kept["effective_date"]),
            cancelled_date=date.fromisoformat(cancelled) if cancelled else None,
            invoice_description=kept["invoice_description"],
            taxable=kept["taxable"],
            bill_customer=kept["bill_customer"],
        )


NAMES = tuple(field.name for field in fields(AdditionImage))


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not what it should be."""

    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return (
            f"{self.field.replace('_', ' ')} is {_words(self.found)}, not {_words(self.expected)}"
        )


def differences(expected: AdditionImage, found: AdditionImage) -> list[Difference]:
    """The fields that differ; text is compared as ConnectWise keeps it, on one line."""
    return [
        Difference(name, wanted, got)
        for name in NAMES
        if _comparable(wanted := getattr(expected, name))
        != _comparable(got := getattr(found, name))
    ]


def changed_fields(before: AdditionImage, after: AdditionImage) -> dict[str, object]:
    """What has to be sent to make the one into the other, by our field names."""
    return {one.field: getattr(after, one.field) for one in differences(after, before)}


def one_line(text: str) -> str:
    """ConnectWise turns line ends into spaces; so do we, before it is compared or sent."""
    return " ".join(text.split())


def _comparable(value: object) -> object:
    """Numbers travel as binary fractions: what differs far behind the places sent is their noise."""
    if isinstance(value, Decimal):
        return value.quantize(NOISE, ROUND_HALF_UP)
    return one_line(value) if isinstance(value, str) else value


def _words(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return "empty" if value is None or value == "" else str(value)


def _to_json(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
