"""Figures as a terminal and a page show them, and when a target counts as met."""

from pathlib import Path

import pytest

from bench.report import Row, markdown, number, text, write

LOAD = Row(what="load", ours=6, unit="s", other=2, beside="bare COPY", at_most=10, ratio_at_most=3)


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (LOAD, True),
        (Row(what="slow", ours=11, unit="s", at_most=10), False),
        (Row(what="far from the other", ours=7, unit="s", other=2, ratio_at_most=3), False),
        (Row(what="slow, though not far", ours=11, unit="s", other=9, at_most=10, ratio_at_most=3), False),
        (Row(what="beside nothing", ours=7, unit="s", ratio_at_most=3), False),
        (Row(what="nothing was promised", ours=7, unit="s", other=2), None),
    ],
    ids=lambda case: case.what if isinstance(case, Row) else "",
)  # fmt: skip
def test_a_target_is_met_where_every_limit_is_kept(row: Row, met: bool | None) -> None:
    assert row.met is met


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.0123, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (3, "3"), (1234.5, "1,234")],
)
def test_a_figure_has_the_digits_that_count(value: float, said: str) -> None:
    assert number(value) == said


def test_a_row_says_what_it_stands_beside() -> None:
    wanted = "| load | 6 s | 2 s, bare COPY | 3 × | ≤ 10 s, ≤ 3 × | yes |  |"
    assert markdown([LOAD]).splitlines()[2] == wanted
    assert "2 s, bare COPY" in text([LOAD])


def test_parts_that_were_not_measured_keep_their_figures(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write({"Loading": "old\n\n| 1 |", "The grid": "of March"}, page)
    write({"Loading": "new\n\n| 2 |"}, page)

    written = page.read_text()
    assert written.startswith("# Benchmarks\n")
    assert "## Loading\n\nnew\n\n| 2 |\n" in written
    assert "## The grid\n\nof March\n" in written
    assert "old" not in written
    write({}, page)
    assert page.read_text() == written
