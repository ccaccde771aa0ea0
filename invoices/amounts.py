"""Which quantity, price and cost an Addition is sent with (P43). Pure: no Django, no HTTP.

Money is Decimal; prices are sent at 4 places, or 2 by a setting.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
# ConnectWise takes JSON numbers; more than four places is not known to survive there
# (docs/connectwise.md, "Records").
QUANTITY_STEP = Decimal("0.0001")
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What is sent; `lump` when quantity 1 carries both totals."""

    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    lump: bool


def to_cents(value: Decimal) -> Decimal:
    """Half a cent goes up, away from zero, as on an invoice."""
    return value.quantize(CENT, ROUND_HALF_UP)


def amounts_to_send(
    *,
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Decimal,
    total_price: Decimal,
    total_cost: Decimal,
    price_decimals: int,
) -> Amounts:
    """Quantity and unit prices where they give both totals to the cent as sent, else the totals.

    Prorated lines are the usual case of the second: quantity × price is the whole month's.
    """
    step = ONE.scaleb(-price_decimals)
    sent = Amounts(
        quantity=quantity.quantize(QUANTITY_STEP, ROUND_HALF_UP),
        unit_price=unit_price.quantize(step, ROUND_HALF_UP),
        unit_cost=unit_cost.quantize(step, ROUND_HALF_UP),
        lump=False,
    )
    # Both must hold: a line can be exact in its price and prorated in its cost (P43).
    if (
        to_cents(sent.quantity * sent.unit_price) == total_price
        and to_cents(sent.quantity * sent.unit_cost) == total_cost
    ):
        return sent
    return Amounts(quantity=ONE, unit_price=total_price, unit_cost=total_cost, lump=True)


def plain(value: Decimal) -> str:
    """The number without an exponent or trailing zeros: 10, 12.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_price(value: Decimal) -> str:
    """As an invoice says it, with cents at least: 12.50, 8.505."""
    whole, _, places = plain(value).partition(".")
    return f"{whole}.{places:0<2}"
