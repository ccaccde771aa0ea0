"""Pages found by counting values are the pages that plain sorting gives."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

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
        )
    make_line(period=date(2026, 4, 1), organization=organization, offer=offer)


@pytest.mark.usefixtures("mixed")
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
