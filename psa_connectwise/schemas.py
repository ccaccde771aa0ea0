"""ConnectWise's records as we read and write them; see docs/connectwise.md, "Records".

Reading is forgiving where ConnectWise is loose (absent, null or "" all mean "not set") and exact
where money is: every number is a Decimal. Unknown fields are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from wire.items import BadItem, ForReading, Page, Text, calendar_date

__all__ = [
    "Addition",
    "Agreement",
    "AgreementType",
    "BadItem",
    "Company",
    "Page",
    "Product",
    "Reply",
    "SystemInfo",
]

T = TypeVar("T")


@plain_dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What a write answered, with ConnectWise's id of the request for its support."""

    value: T
    request_id: str | None


def _day(value: object) -> object:
    """The calendar date as written, never shifted by a zone; "" is not set."""
    if value is None or value == "":
        return None
    return calendar_date(value[:10] if isinstance(value, str) else value)


def _text(value: object) -> object:
    return "" if value is None else value


def _flag(value: object) -> object:
    # Absent, null and "" all mean a flag that isn't set.
    return False if value is None or value == "" else value


Day = Annotated[date | None, BeforeValidator(_day)]
Words = Annotated[Text, BeforeValidator(_text)]
# What people read. An agreement is found again by its name, an Addition compared: they stay as they are.
Name = Annotated[Text, BeforeValidator(_text), ForReading]
Flag = Annotated[bool, BeforeValidator(_flag)]
# What PostgreSQL's integer columns hold: one id beyond would take its whole page down with it.
Number = Annotated[int, Field(ge=0, lt=2**31)]
Id = Annotated[int, Field(gt=0, lt=2**31)]
Ref = Number | None
# Binary fractions come with up to 17 digits; what is far beyond would only choke us.
Amount = Annotated[Decimal, Field(max_digits=40, decimal_places=30, gt=-(10**15), lt=10**15)] | None

CONFIG = ConfigDict(
    alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore"
)


def _at(*path: str) -> Any:
    """A field inside a reference, or null where the reference is."""
    return Field(default=None, validation_alias=AliasPath(*path))


def _text_at(*path: str) -> Any:
    return Field(default="", validation_alias=AliasPath(*path))


def _named(name: str, default: object) -> Any:
    return Field(default=default, validation_alias=name)


@dataclass(frozen=True, slots=True, config=CONFIG)
class SystemInfo:
    """Answered to anyone with working keys: the connection test."""

    version: Words = ""


@dataclass(frozen=True, slots=True, config=CONFIG)
class Company:
    """A customer; `deleted` ones are in the recycle bin and still listed."""

    id: Id
    identifier: Name
    name: Name
    city: Name = ""
    status: Words = _text_at("status", "name")
    deleted: Flag = _named("deletedFlag", False)
    currency_id: Ref = _at("currency", "id")
    currency_code: Words = _text_at("currency", "currencyCode")
    default_contact_id: Ref = _at("defaultContact", "id")
    site_id: Ref = _at("site", "id")


@dataclass(frozen=True, slots=True, config=CONFIG)
class Product:
    """A catalog item; a Bundle can't be an addition."""

    id: Id
    identifier: Name
    description: Name = ""
    inactive: Flag = _named("inactiveFlag", False)
    product_class: Words = ""
    taxable: Flag = _named("taxableFlag", False)


@dataclass(frozen=True, slots=True, config=CONFIG)
class AgreementType:
    """What a new agreement inherits its billing from."""

    id: Id
    name: Name
    inactive: Flag = _named("inactiveFlag", False)
    prorate: Flag = _named("prorateFlag", False)
    billing_cycle: Words = _text_at("billingCycle", "name")


@dataclass(frozen=True, slots=True, config=CONFIG)
class Agreement:
    """A customer's contract there; `status` is Active, Cancelled, Expired or Inactive."""

    id: Id
    name: Words
    type_id: Ref = _at("type", "id")
    company_id: Ref = _at("company", "id")
    contact_id: Ref = _at("contact", "id")
    currency_id: Ref = _at("currency", "id")
    currency_code: Words = _text_at("currency", "currencyCode")
    status: Words = _named("agreementStatus", "")
    cancelled: Flag = _named("cancelledFlag", False)
    start_date: Day = None
    end_date: Day = None
    no_end: Flag = _named("noEndingDateFlag", False)
    bill_start_date: Day = None
    next_invoice_date: Day = None
    prorate: Flag = _named("prorateFlag", False)
    parent_id: Ref = _at("parentAgreement", "id")
    billing_cycle: Words = _text_at("billingCycle", "name")


@dataclass(frozen=True, slots=True, config=CONFIG)
class Addition:
    """One charge on an agreement, from its effective date until it is cancelled."""

    id: Id
    product_id: Ref = _at("product", "id")
    quantity: Amount = None
    unit_price: Amount = None
    unit_cost: Amount = None
    ext_price: Amount = None
    ext_cost: Amount = None
    bill_customer: Words = ""
    effective_date: Day = None
    cancelled_date: Day = None
    taxable: Flag = _named("taxableFlag", False)
    serial_number: Words = ""
    description: Words = ""
    invoice_description: Words = ""
    agreement_id: Ref = None
    # The whole array as it came: an update of one custom field must send all of them.
    custom_fields_raw: tuple[dict[str, Any], ...] | None = _named("customFields", None)

    @property
    def custom_fields(self) -> Mapping[str, object]:
        """Caption → value."""
        return {
            str(field.get("caption", "")): field.get("value")
            for field in self.custom_fields_raw or ()
        }


SYSTEM_INFO = TypeAdapter(SystemInfo)
COMPANY = TypeAdapter(Company)
PRODUCT = TypeAdapter(Product)
AGREEMENT_TYPE = TypeAdapter(AgreementType)
AGREEMENT = TypeAdapter(Agreement)
ADDITION = TypeAdapter(Addition)
