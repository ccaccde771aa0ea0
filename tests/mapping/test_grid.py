"""The mechanics of all grids: what the URL says, pages, and the links that change it."""

import pytest

from mapping.grid import GridState, Page

STATE = GridState(
    search="nord & co",
    sort="name",
    page=3,
    filters={"status": ("mapped", "error")},
    extra={"period": "2026-05"},
)


@pytest.mark.parametrize(
    ("number", "total", "first", "last", "previous", "following"),
    [
        (1, 0, 0, 0, None, None),
        (1, 1, 1, 1, None, None),
        (1, 20, 1, 20, None, None),
        (1, 21, 1, 20, None, 2),
        (2, 21, 21, 21, 1, None),
        (9, 45, 41, 45, 2, None),
    ],
)
def test_a_page_is_one_that_exists(
    number: int, total: int, first: int, last: int, previous: int | None, following: int | None
) -> None:
    page = GridState(page=number).at(total)
    assert (page.first, page.last, page.previous, page.next) == (first, last, previous, following)


def test_a_page_knows_its_offset() -> None:
    assert Page(number=3, size=50, total=1000).offset == 100


def test_links_keep_the_state_and_lead_back_to_page_one() -> None:
    kept = "?period=2026-05&q=nord+%26+co&status=mapped&status=error"
    assert STATE.with_params(sort="id") == f"{kept}&sort=id"
    assert STATE.with_params(page=4) == f"{kept}&sort=name&page=4"
    assert STATE.with_params() == f"{kept}&sort=name&page=3"


def test_a_value_is_taken_away_by_none_or_by_its_chip() -> None:
    assert "q=" not in STATE.with_params(q=None)
    assert "status=error" not in STATE.without("status", "error")
    assert "status=mapped" in STATE.without("status", "error")


def test_clearing_takes_search_and_filters_and_leaves_the_sort() -> None:
    assert STATE.cleared() == "?period=2026-05&sort=name"


def test_a_head_turns_the_direction_and_another_begins_ascending() -> None:
    assert "sort=-name" in STATE.toggled("name")
    assert "sort=name" in GridState(sort="name", descending=True).toggled("name")
    assert "sort=id" in STATE.toggled("id")
    assert [STATE.sorted_by(key) for key in ("name", "id")] == ["ascending", "none"]
    assert GridState(sort="name", descending=True).sorted_by("name") == "descending"
