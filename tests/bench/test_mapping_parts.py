"""The parts about mapping measure something, at sizes that take a moment; no speed is judged here."""

import pytest

from bench import mapping, suggestions, world
from bench.sizes import Sizes
from tests.mapping import reseller

SMALL = Sizes(rounds=2)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's database instead of one made for the measurement."""
    monkeypatch.setattr(world, "prepare", lambda: "none")


def test_the_mapping_tabs_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reseller, "ORGANIZATIONS", 140)
    monkeypatch.setattr(reseller, "PRODUCTS", 700)
    monkeypatch.setattr(mapping, "LINES", 40)

    told = [row.what for row in mapping.rows(SMALL)]

    assert [what.split(" of them")[0] for what in told if "suggestions" in what] == [
        "Organizations: suggestions for 130",
        "Products: suggestions for 600",
    ]
    assert sum("the slowest of them, p95" in what for what in told) == 2


def test_suggestions_are_measured_beside_plain_similarity() -> None:
    rows = suggestions.rows(SMALL)

    assert {row.beside.split(" at ")[0] for row in rows} == {"plain trigram", "rapidfuzz"}
    assert all(row.met for row in rows)
