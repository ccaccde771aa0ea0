"""Pages found by counting values are the pages that plain sorting gives."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection

from invoices.models import InvoiceLine, Period
from invoices.queries.columns import BY_KEY, COLUMNS
from invoices.queries.lines import found_count, lines_of_page, matching_lines, ordered
from mapping.grid import GridState
from tests.factories import make_line, make_offer, make_organization

from .conftest import MAY

TALLIED = [column.key for column in COLUMNS if column.tallied]
PLAIN = [column.key for column in COLUMNS if not column.tallied]


@pytest.fixture
def mixed(may: Period) -> None:
    """Names that differ by case alone, values that are missing, another month."""
    organization, offer = make_organization(), make_offer()
    names = product(("ACME", "acme", "Beta"), (None, date(2026, 5, 1), date(2026, 5, 9)), (7, None))
    for number, (name, end, connectwise_id) in enumerate(names):
        make_line(
            organization=organization,
            offer=offer,
            organization_name=name,
            vendor_name=name[::-1],
            charge_end_date=end,
            company_connectwise_id=connectwise_id,
            psa_status=("error", "not_synced")[number % 2],
            quantity=number % 4,
            unit_price=Decimal(number - 9) / 2,
            total_price=Decimal(-10) ** (number // 2),
        )
    make_line(period=date(2026, 4, 1), organization=organization, offer=offer)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page is so near to an end that its numbers need no counting."""
    monkeypatch.setattr("invoices.queries.lines.NEAR", 0)


@pytest.mark.usefixtures("mixed", "far")
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", [*TALLIED, *PLAIN])
def test_every_page_of_every_sort_is_the_one_that_plain_sorting_gives(
    key: str, descending: bool
) -> None:
    grid = GridState(sort=key, descending=descending, per_page=4)
    lines = matching_lines(MAY, grid)
    wanted = [line.pk for line in ordered(lines, grid)]
    shown = []
    for number in range(1, 6):
        page = GridState(sort=key, descending=descending, per_page=4, page=number).at(len(wanted))
        shown.append([line.pk for line in lines_of_page(lines, MAY, grid, page)])
    assert [one for page_ids in shown for one in page_ids] == wanted
    assert [len(page_ids) for page_ids in shown] == [4, 4, 4, 4, 2]


@pytest.mark.usefixtures("mixed")
def test_a_page_of_what_filters_leave_is_found_from_the_nearer_end() -> None:
    grid = GridState(sort="organization", per_page=2, page=4, filters={"status": ("error",)})
    lines = matching_lines(MAY, grid)
    wanted = [line.pk for line in ordered(lines, grid)]
    page = grid.at(found_count(MAY, grid, lines))
    assert [line.pk for line in lines_of_page(lines, MAY, grid, page)] == wanted[6:8]


@pytest.mark.usefixtures("mixed")
def test_a_page_of_numbers_near_an_end_is_the_same_without_counting() -> None:
    grid = GridState(sort="total_revenue", per_page=4)
    lines = matching_lines(MAY, grid)
    wanted = [line.pk for line in ordered(lines, grid)]
    for number in (1, 2, 4, 5):
        page = replace(grid, page=number).at(len(wanted))
        shown = [line.pk for line in lines_of_page(lines, MAY, grid, page)]
        assert shown == wanted[page.offset : page.last]


@pytest.mark.parametrize("bound", [Decimal("0.00001"), Decimal("0.01"), 0, 1000, Decimal(10) ** 9])
def test_a_number_beside_a_bound_is_counted_where_it_is_looked_for(
    may: Period, monkeypatch: pytest.MonkeyPatch, bound: Decimal
) -> None:
    """The ranges are counted as floats, and read as decimals."""
    monkeypatch.setattr("invoices.queries.lines.NEAR", 0)
    organization, offer = make_organization(), make_offer()
    for step in (2, -1, 1, 0, -2):
        price = bound + step * Decimal("0.000001")
        make_line(organization=organization, offer=offer, unit_price=price)
    for descending in (False, True):
        grid = GridState(sort="revenue", descending=descending, per_page=1)
        lines = matching_lines(MAY, grid)
        pages = [replace(grid, page=number).at(5) for number in range(1, 6)]
        shown = [
            line.unit_price for page in pages for line in lines_of_page(lines, MAY, grid, page)
        ]
        assert shown == sorted(shown, reverse=descending)
        assert len(set(shown)) == 5


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    "grid", [GridState(sort="subscription"), GridState(sort="vendor", filters={"offer": ("x",)})]
)
def test_no_page_reads_the_other_months(grid: GridState) -> None:
    """However the planner guesses: a table of one page would be read from end to end otherwise."""
    plans = []

    def explained(execute: Any, sql: str, values: Any, *others: Any) -> Any:
        if sql.startswith("SELECT") and "ORDER BY" in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {sql}", values)
                plans.append(str(cursor.fetchall()))
        return execute(sql, values, *others)

    with connection.execute_wrapper(explained):
        lines_of_page(matching_lines(MAY, grid), MAY, grid, grid.at(12))

    (plan,) = plans
    assert "Seq Scan" not in plan
    assert "Bitmap Heap Scan on invoices_invoiceline" in plan


def test_a_month_without_lines_has_an_empty_page(may: Period) -> None:
    grid = GridState(sort="vendor")
    assert lines_of_page(matching_lines(MAY, grid), MAY, grid, grid.at(0)) == []


def test_every_column_that_counts_values_has_an_index_that_holds_it() -> None:
    indexed = {
        field
        for index in InvoiceLine._meta.indexes
        if index.name.startswith("line_tally_")
        for field in (*index.fields[1:], *index.include)
    }
    assert {BY_KEY[key].field for key in TALLIED} == indexed - {"id"}
