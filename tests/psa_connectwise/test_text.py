"""Names compare without case, accents and spacing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from psa_connectwise.text import normalise


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("Acmé  Ltd", "ACME"), "acme ltd acme"),
        (("Straße", ""), "strasse"),
        (("\u00a0Å\tB ",), "a b"),
        (("\uff26\uff35\uff2c\uff2c",), "full"),
        ((), ""),
    ],
)
def test_names_are_made_comparable(parts: tuple[str, ...], text: str) -> None:
    assert normalise(*parts) == text


@given(st.text())
@example("\u0345")
def test_case_does_not_count(text: str) -> None:
    assert normalise(text.casefold()) == normalise(text)
