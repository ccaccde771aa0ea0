"""Where the marks of the Dashboard's charts stand: in proportion, in order, and none lost."""

from datetime import date

import pytest

from integration.charts import BAR, BOTTOM, HEIGHT, LEAST, WIDTH, bar, columns, of_months

MAY = date(2026, 5, 1)


def test_the_bar_is_filled_in_the_order_of_the_work() -> None:
    marks = bar({"error": 10, "synced": 70, "unmapped": 20})
    assert [(one.name, one.lines) for one in marks] == [
        ("synced", 70),
        ("unmapped", 20),
        ("error", 10),
    ]
    ends = [one.x + one.width for one in marks]
    assert ends[-1] == pytest.approx(BAR)
    assert [one.x for one in marks[1:]] == pytest.approx(ends[:-1])


def test_one_line_among_a_hundred_thousand_still_shows() -> None:
    *_rest, error = bar({"synced": 100_000, "error": 1})
    assert error.width >= LEAST


@pytest.mark.parametrize("counts", [{}, {"synced": 0}])
def test_a_month_without_lines_has_no_marks(counts: dict[str, int]) -> None:
    assert bar(counts) == ()


def test_twelve_months_end_with_the_newest_and_leave_room_for_missing_ones() -> None:
    chart = columns({MAY: {"synced": 8}, date(2026, 3, 1): {"synced": 4}}, newest=MAY)
    assert [one.month for one in chart.months][::11] == [date(2025, 6, 1), MAY]
    assert [one.lines for one in chart.months][-3:] == [4, 0, 8]
    assert all(one.middle < WIDTH for one in chart.months)


def test_columns_stand_on_the_ground_and_are_as_high_as_their_lines() -> None:
    chart = columns({MAY: {"synced": 80, "ready": 20}}, newest=MAY)
    synced, ready = chart.months[-1].marks
    assert synced.y + synced.height == pytest.approx(HEIGHT - BOTTOM)
    assert ready.y + ready.height == pytest.approx(synced.y)
    assert synced.height == pytest.approx(4 * ready.height, abs=0.1)
    assert chart.months[-1].told == "May 2026: 100 lines, 80 Synced, 20 Mapped, not synced"


@pytest.mark.parametrize(
    ("most", "levels"),
    [
        (0, [0, 1, 2]),
        (1, [0, 1, 2]),
        (3, [0, 2, 4]),
        (40, [0, 20, 40]),
        (101, [0, 100, 200]),
        (99_000, [0, 50_000, 100_000]),
    ],
)
def test_levels_are_round_numbers_no_less_than_the_most(most: int, levels: list[int]) -> None:
    chart = columns({MAY: {"synced": most}}, newest=MAY)
    assert [one.lines for one in chart.levels] == levels


def test_lines_that_are_not_synced_are_told_apart_by_their_mapping() -> None:
    rows = [
        (MAY, "not_synced", True, 3),
        (MAY, "not_synced", False, 4),
        (MAY, "synced", True, 5),
        (MAY, "error", True, 1),
        (MAY, "error", False, 1),
    ]
    assert of_months(rows) == {MAY: {"ready": 3, "unmapped": 4, "synced": 5, "error": 2}}
