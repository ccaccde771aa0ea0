"""Numbers that come by an address: what is one, and what becomes of the rest."""

import pytest

from mapping.numbers import is_number, number_in


@pytest.mark.parametrize("text", ["0", "7", "007", "9" * 18])
def test_plain_digits_are_a_number(text: str) -> None:
    assert is_number(text)
    assert number_in(text, 5) == int(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.5", " 1", "²", "٣", "9" * 19, "9" * 5000, "1_0"]
)
def test_everything_else_is_none(text: str) -> None:
    assert not is_number(text)
    assert number_in(text, 5) == 5


def test_fewer_digits_can_be_asked_for() -> None:
    assert is_number("12345", digits=5)
    assert not is_number("123456", digits=5)
