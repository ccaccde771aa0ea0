"""Each part measures something, at sizes that take a moment; no figure is judged here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.conf import settings

from bench import (
    bulk,
    chart,
    chromium,
    command,
    grid,
    growth,
    load,
    matrix,
    pages,
    planning,
    posting,
    seed,
    world,
)
from bench.report import Row
from bench.sizes import Sizes
from invoices.models import InvoiceLine, Period, Posting, SyncRun
from tests.invoices.sync.world import work

SMALL = Sizes(
    months=2,
    lines=40,
    rounds=2,
    repeats=1,
    posted=4,
    sampled=3,
    previewed=4,
    latency=0,
    concurrency=2,
)
MAY = date(2026, 5, 1)
pytestmark = pytest.mark.django_db(transaction=True)


def fill(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, count in (("ORGANIZATIONS", 5), ("OFFERS", 5), ("DIRECTORY", 60), ("AGREEMENTS", 9)):
        monkeypatch.setattr(seed, name, count)
    seed.seed(newest=MAY, months=SMALL.months, lines=SMALL.lines)


def told(rows: list[Row]) -> str:
    return "\n".join(row.what for row in rows)


def test_on_seeded_months_grid_bulk_update_and_load_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One test, because seeding takes longest."""
    monkeypatch.setattr(world, "in_a_process", lambda work, *arguments: work(*arguments))
    asked = list(grid.requests(MAY))
    monkeypatch.setattr(grid, "requests", lambda _month: asked[::6])  # all of them take long
    fill(monkeypatch)
    assert InvoiceLine.objects.count() == SMALL.months * SMALL.lines

    assert all(seconds > 0 for seconds in growth.measured(SMALL).values())
    InvoiceLine.objects.update(charge_start_date=MAY)  # so that a Bulk Update changes them again
    Period.objects.filter(month__gt=MAY).delete()
    for part, wanted in (
        (pages, "page of 20, sorted by offer"),
        (bulk, "40 lines, three fields"),
        (load, "lines, first load"),
    ):
        rows = part.rows(SMALL)
        assert wanted in told(rows)
        assert all(row.ours > 0 for row in rows if row.unit)
    # The months that were loaded for it are gone.
    assert set(InvoiceLine.objects.values_list("period", flat=True)) == {MAY, date(2026, 4, 1)}


def test_the_grid_is_measured_in_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(monkeypatch)
    for name, value in world.CREDENTIALS.items():
        monkeypatch.setenv(name, value)  # for the web server
    measured = chromium.rows(SMALL)
    assert [row.what for row in measured] == [
        "interactive, page of 20, p95",
        "interactive, page of 200, p95",
        "a frame while 200 rows are scrolled, p95",
        "edit to saved, one row, p95",
    ]
    assert all(row.ours > 0 for row in measured)
    assert InvoiceLine.objects.filter(charge_start_date_source="user").count() == 1


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's database instead of one made for the measurement, and its worker in this process."""

    def prepare(*, url: str = "", **_: Any) -> str:
        for name, value in {
            **world.CREDENTIALS,
            "CONNECTWISE_URL": url,
            "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": 1_000_000,
        }.items():
            monkeypatch.setattr(settings, name, value)
        return "none"

    @contextmanager
    def workers(_sizes: Sizes) -> Iterator[list[int]]:
        yield [os.getpid()]

    monkeypatch.setattr(world, "prepare", prepare)
    monkeypatch.setattr(posting, "workers", workers)
    monkeypatch.setattr(posting, "SAMPLE", 2)
    monkeypatch.setattr(posting, "BY_SCRIPT", 2)
    monkeypatch.setattr("invoices.tasks.sync.ring", work)


def test_a_preview_is_measured(here: None) -> None:
    rows = planning.rows(SMALL)
    assert "4 lines, read, planned and kept" in told(rows)
    _planned, kept, page, whole = rows
    assert whole.ours > kept.ours + page.ours
    assert [row.at_most for row in rows] == [None, None, None, 2]


def test_how_cost_grows_is_told_beside_a_tenth_of_the_lines(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(work: Any, sizes: Sizes) -> growth.Times:
        if work is growth.pages_of_months:
            return {"a page": 90 + sizes.months}
        return {"a page": sizes.lines / 10} if work is growth.on_months else {}

    monkeypatch.setattr(growth, "_apart", measured)
    rows = growth.rows(replace(SMALL, lines=1000))
    assert [(row.what, row.ours, row.other) for row in rows] == [
        ("a page: 10 lines a month", 1, None),
        ("a page: 100 lines a month", 10, 1),
        ("a page: 1,000 lines a month", 100, 10),
        ("a page, 2 months in the table", 100, 91),
    ]
    assert "months in the table" not in chart.svg(rows)


def test_posting_is_measured_and_posts_every_line(here: None) -> None:
    rows = {row.what: row for row in posting.rows(SMALL)}

    for how in ("created", "updated"):
        assert rows[f"requests per {how} line, the lists apart"].at_most == posting.MOST_REQUESTS
    assert InvoiceLine.objects.filter(psa_status="synced").count() == 2 + 4 + 4
    assert Posting.objects.count() == 2 + 4
    assert SyncRun.objects.count() == 3


def test_creations_and_updates_are_measured_apart(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "CASES", (matrix.Case(0, 1), matrix.Case(1, 2, 2)))
    assert [row.what for row in matrix.rows(SMALL)] == [
        "3 created, 0 ms, 1 at once, 1 process",
        "3 updated, 0 ms, 1 at once, 1 process",
        "3 created, 1 ms, 2 at once, 2 processes",
        "3 updated, 1 ms, 2 at once, 2 processes",
    ]
    assert Posting.objects.count() == 2 * 3


def test_the_machine_is_named(here: None) -> None:
    assert "PostgreSQL" in command._database()
