"""Quantity, price and cost as sent (P43)."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.amounts import Amounts, amounts_to_send, plain, to_cents


def sent(
    quantity: str, price: str, cost: str, total_price: str, total_cost: str, places: int = 4
) -> Amounts:
    return amounts_to_send(
        quantity=D(quantity),
        unit_price=D(price),
        unit_cost=D(cost),
        total_price=D(total_price),
        total_cost=D(total_cost),
        price_decimals=places,
    )


@pytest.mark.parametrize(
    ("given_values", "quantity", "price", "cost"),
    [
        (("3", "12.50", "8.25", "37.50", "24.75"), "3", "12.50", "8.25"),
        (("3", "5.2456", "4", "15.74", "12.00"), "3", "5.2456", "4"),
        (("7", "0.333333", "0.1", "2.33", "0.70"), "7", "0.3333", "0.1"),  # 2.3331 is 2.33
        (("-2", "12.50", "8.25", "-25.00", "-16.50"), "-2", "12.50", "8.25"),
        (("0", "12.50", "8.25", "0.00", "0.00"), "0", "12.50", "8.25"),
        (("0.5", "10", "8", "5.00", "4.00"), "0.5", "10", "8"),
        # Prorated: the price fits, the total doesn't; or only the cost doesn't.
        (("3", "12.50", "8.25", "21.77", "14.37"), "1", "21.77", "14.37"),
        (("3", "12.50", "8.25", "37.50", "14.37"), "1", "37.50", "14.37"),
        # A price that four places can't carry over many units.
        (("10000", "0.123456", "0.1", "1234.56", "1000.00"), "1", "1234.56", "1000.00"),
        # A quantity that four places can't carry.
        (("0.123456", "1000", "0", "123.46", "0.00"), "1", "123.46", "0.00"),
        (("0", "10", "8", "5.00", "4.00"), "1", "5.00", "4.00"),
    ],
)
def test_the_totals_hold_to_the_cent(
    given_values: tuple[str, str, str, str, str], quantity: str, price: str, cost: str
) -> None:
    amounts = sent(*given_values)

    assert (amounts.quantity, amounts.unit_price, amounts.unit_cost) == (
        D(quantity),
        D(price),
        D(cost),
    )


def test_with_two_places_a_price_of_four_becomes_a_lump() -> None:
    assert sent("3", "5.2456", "4", "15.74", "12.00", places=2).lump
    assert not sent("3", "5.25", "4", "15.75", "12.00", places=2).lump


decimals = st.decimals(min_value=-10_000, max_value=10_000, places=6)
totals = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=2)


@given(decimals, decimals, decimals, totals, totals, st.sampled_from([2, 4]))
def test_what_is_sent_always_gives_the_platforms_totals(
    quantity: D, price: D, cost: D, total_price: D, total_cost: D, places: int
) -> None:
    amounts = amounts_to_send(
        quantity=quantity,
        unit_price=price,
        unit_cost=cost,
        total_price=total_price,
        total_cost=total_cost,
        price_decimals=places,
    )

    assert to_cents(amounts.quantity * amounts.unit_price) == total_price
    assert to_cents(amounts.quantity * amounts.unit_cost) == total_cost
    exponent = amounts.unit_price.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -exponent <= places


@pytest.mark.parametrize(
    ("value", "text"), [("10", "10"), ("12.500000", "12.5"), ("1E+3", "1000"), ("-0.10", "-0.1")]
)
def test_a_number_is_told_without_needless_digits(value: str, text: str) -> None:
    assert plain(D(value)) == text
