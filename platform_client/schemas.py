"""The Platform's records as it sends them: frozen, exact, refused when a required field is wrong.

Names are the wire's in snake_case. Decimals come only as JSON strings, dates only as calendar
dates; unknown fields are ignored. Construct them by name in tests.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from wire.items import BadItem, ForReading, Page, Text, calendar_date

__all__ = [
    "BadItem",
    "InvoiceLine",
    "Offer",
    "Organization",
    "Page",
    "Seller",
    "Subscription",
]

# No exponent, no sign but minus, no more digits than the columns have: "1e9" and "NaN" are no money.
PLAIN_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,20})?", re.ASCII)
# The same with few enough places: nothing else has to be looked at.
SHORT_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
SHORT_TOTAL = re.compile(r"-?\d{1,12}(\.\d{1,2})?", re.ASCII)


def _decimal(value: object, *, places: int) -> Decimal:
    if isinstance(value, str) and PLAIN_DECIMAL.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("should be a decimal in a string, like '12.50'")
    if value != round(value, places):
        raise ValueError(f"should have at most {places} decimal places")
    return value


def _amount(value: object) -> Decimal:
    if isinstance(value, str) and SHORT_AMOUNT.fullmatch(value):
        return Decimal(value)
    return _decimal(value, places=6)


def _total(value: object) -> Decimal:
    if isinstance(value, str) and SHORT_TOTAL.fullmatch(value):
        return Decimal(value)
    return _decimal(value, places=2)


Id = Annotated[Text, Field(min_length=1, max_length=64)]
Short = Annotated[Text, Field(max_length=64)]
Label = Annotated[Text, Field(max_length=64), ForReading]
Name = Annotated[Text, Field(max_length=255), ForReading]
Currency = Annotated[Text, Field(min_length=3, max_length=3)]
# At the ends of the calendar a day has no day before it, or none after.
Day = Annotated[
    date, BeforeValidator(calendar_date), Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))
]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Total = Annotated[Decimal, BeforeValidator(_total)]

CONFIG = ConfigDict(
    alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore"
)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Seller:
    """Who the API key belongs to."""

    seller_id: Text
    seller_name: Text
    server_time: AwareDatetime


@dataclass(frozen=True, slots=True, config=CONFIG)
class Organization:
    """A customer of the Seller; it becomes a ConnectWise company."""

    id: Id
    name: Name
    status: Literal["Active", "Suspended", "Closed"]
    reference_number: Label | None = None


@dataclass(frozen=True, slots=True, config=CONFIG)
class Offer:
    """What is sold; it becomes a ConnectWise product."""

    id: Id
    name: Name
    vendor_name: Name
    sku: Short | None = None


@dataclass(frozen=True, slots=True, config=CONFIG)
class Subscription:
    """What a recurring line bills."""

    id: Id
    name: Name


@dataclass(frozen=True, slots=True, config=CONFIG)
class InvoiceLine:
    """One line of a Platform invoice; unit prices are per unit, totals what was really charged."""

    id: Id
    invoice_id: Short
    invoice_date: Day
    invoice_status: Literal[
        "New", "New Corrected", "Verified", "Issued", "Paid", "Payment Card Error"
    ]
    invoice_source: Literal["Standard", "Custom"]
    organization: Organization
    contract_id: Short
    offer: Offer
    charge_type: Label
    quantity: Amount
    unit_cost: Amount
    unit_price: Amount
    total_cost: Total
    total_price: Total
    currency: Currency
    charge_start_date: Day
    subscription: Subscription | None = None
    invoice_number: Short | None = None
    billing_cycle: Label | None = None
    commitment_term: Label | None = None
    charge_end_date: Day | None = None
    updated_at: AwareDatetime | None = None


SELLER = TypeAdapter(Seller)
ORGANIZATION = TypeAdapter(Organization)
OFFER = TypeAdapter(Offer)
INVOICE_LINE = TypeAdapter(InvoiceLine)
