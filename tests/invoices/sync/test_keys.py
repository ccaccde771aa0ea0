"""The key that an Addition carries (P44)."""

from hypothesis import given
from hypothesis import strategies as st

from invoices.sync.keys import posting_key


def key(
    line_id: str = "L-1", removals: int = 0, seller: str = "S", installation: str = "kontor"
) -> str:
    return posting_key(
        seller_id=seller, installation=installation, line_id=line_id, removals=removals
    )


def test_it_is_the_same_after_a_rebuild() -> None:
    assert key() == "LB-" + key()[3:] == key()
    assert key(installation="Kontor") == key(installation="kontor")


def test_it_is_another_one_after_an_undo_for_another_line_seller_or_installation() -> None:
    keys = {key(), key(removals=1), key(line_id="L-2"), key(seller="T"), key(installation="other")}
    assert len(keys) == 5


@given(st.text(max_size=64), st.text(max_size=64), st.integers(0, 100))
def test_it_always_fits_the_field_and_travels_as_plain_text(
    line_id: str, seller: str, removals: int
) -> None:
    made = key(line_id=line_id, seller=seller, removals=removals)

    assert len(made) <= 50
    assert made.isascii()
