"""The fields of an Addition as a person reads them: their names, and what becomes of each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from invoices.sync.images import AdditionImage, differences

LABELS = {
    "product_id": "Product",
    "quantity": "Quantity",
    "unit_price": "Unit price",
    "unit_cost": "Unit cost",
    "effective_date": "Effective date",
    "cancelled_date": "Cancelled date",
    "invoice_description": "Invoice description",
    "taxable": "Taxable",
    "bill_customer": "Bill customer",
}
PRICES = ("unit_price", "unit_cost")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, in words; "" where there is no Addition on that side."""

    name: str
    before: str
    after: str
    changed: bool

    @property
    def label(self) -> str:
        return LABELS[self.name]

    @property
    def is_price(self) -> bool:
        return self.name in PRICES


def field_changes(
    before: AdditionImage | None,
    after: AdditionImage | None,
    products: Mapping[int, str] | None = None,
) -> tuple[FieldChange, ...]:
    """Every field, in one order; `products` names them by their id in ConnectWise."""
    both = before is not None and after is not None
    changed = {one.field for one in differences(after, before)} if before and after else set()
    return tuple(
        FieldChange(
            name=one.name,
            before=_words(before, one.name, products or {}),
            after=_words(after, one.name, products or {}),
            changed=one.name in changed or not both,
        )
        for one in fields(AdditionImage)
    )


def value_words(image: AdditionImage, name: str) -> str:
    """One field of it, in words."""
    return _words(image, name, {})


def product_ids(*images: AdditionImage | None) -> set[int]:
    """Whose names the words of these images need."""
    return {image.product_id for image in images if image}


def _words(image: AdditionImage | None, name: str, products: Mapping[int, str]) -> str:
    if image is None:
        return ""
    value = getattr(image, name)
    if name == "product_id":
        return f"{products[value]} ({value})" if value in products else str(value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return exact(value, places=2 if name in PRICES else 0)
    if isinstance(value, date):
        return value.isoformat()
    return "none" if value is None else str(value)


def exact(value: Decimal, *, places: int) -> str:
    """Grouped, not rounded: at least so many places, and no further zeros."""
    whole, _, fraction = f"{value:,f}".partition(".")
    kept = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{kept}" if kept else whole
