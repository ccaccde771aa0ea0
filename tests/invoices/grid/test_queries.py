"""What the grid shows: every sort, every filter, the search, the counters."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.models import InvoiceLine, Period
from invoices.queries.columns import COLUMNS, FILTERS, SHOWN, layout_of
from invoices.queries.filters import chips, filter_list
from invoices.queries.lines import (
    grown_lines,
    lines_of_page,
    matching_lines,
    period_counts,
)
from mapping.grid import GridState
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
)
from tests.invoices.grid.heads import HEADS

from .conftest import MAY


def ids(grid: GridState) -> list[str]:
    """The platform ids of the first page."""
    matching = matching_lines(MAY, grid)
    page = grid.at(matching.count())
    return [line.platform_id for line in lines_of_page(matching, MAY, grid, page)]


def test_the_columns_stand_in_the_order_of_the_specification() -> None:
    shown = [column.label for column in COLUMNS if not column.optional]
    assert [*shown, "Actions"] == HEADS
    groups = [("Platform", 12), ("Charge", 3), ("ConnectWise", 5), ("Status", 2)]
    assert layout_of(SHOWN, {}).groups == groups


def low(**values: Any) -> dict[str, Any]:
    return values


SORTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("invoice_date", low(invoice_date=date(2026, 5, 2)), low(invoice_date=date(2026, 5, 20))),
    ("invoice_number", low(invoice_number="2026-1"), low(invoice_number="2026-2")),
    ("organization", low(organization_name="adatum"), low(organization_name="Zeta")),
    ("reference", low(organization_reference="A1"), low(organization_reference="B1")),
    ("contract", low(contract_id="C-1"), low(contract_id="C-2")),
    ("offer", low(offer_name="acronis"), low(offer_name="Teams")),
    ("offer_id", low(offer_platform_id="O-1"), low(offer_platform_id="O-2")),
    ("subscription", low(subscription_name="e3"), low(subscription_name="E5")),
    ("vendor", low(vendor_name="adobe"), low(vendor_name="Microsoft")),
    ("billing_cycle", low(billing_cycle="Annual"), low(billing_cycle="Monthly")),
    ("commitment_term", low(commitment_term="1 Month"), low(commitment_term="3 Years")),
    ("quantity", low(quantity=Decimal("-2")), low(quantity=Decimal("10"))),
    ("cost", low(unit_cost=Decimal("9")), low(unit_cost=Decimal("10"))),
    ("revenue", low(unit_price=Decimal("9")), low(unit_price=Decimal("10"))),
    ("total_cost", low(total_cost=Decimal("-1")), low(total_cost=Decimal("5"))),
    ("total_revenue", low(total_price=Decimal("9")), low(total_price=Decimal("10"))),
    (
        "start",
        low(charge_start_date=date(2026, 4, 30)),
        low(charge_start_date=date(2026, 5, 1)),
    ),
    ("end", low(charge_end_date=date(2026, 5, 1)), low(charge_end_date=None)),
    ("charge_type", low(charge_type="Correction"), low(charge_type="Usage Fee")),
    ("company", low(company_name="acme"), low(company_name="Zeta")),
    ("company_id", low(company_connectwise_id=9), low(company_connectwise_id=10)),
    ("agreement", low(agreement_name="annual"), low(agreement_name="Monthly")),
    ("product", low(product_name="azure"), low(product_name="Teams")),
    ("product_id", low(product_connectwise_id=9), low(product_connectwise_id=10)),
    ("mapping", low(), {"mapped": True}),
    ("status", low(psa_status="error"), low(psa_status="synced")),
]


def test_every_column_has_a_sort_that_is_tested() -> None:
    assert [key for key, _, _ in SORTS] == [column.key for column in COLUMNS]


@pytest.mark.parametrize(("key", "first", "last"), SORTS, ids=[key for key, _, _ in SORTS])
def test_the_grid_sorts_by(
    may: Period, key: str, first: dict[str, Any], last: dict[str, Any]
) -> None:
    if last.pop("mapped", False):
        company = make_company()
        last |= {
            "company": company,
            "agreement": make_agreement(company=company),
            "product": make_product(),
        }
    make_line(platform_id="last", **last)
    make_line(platform_id="first", **first)
    assert ids(GridState(sort=key)) == ["first", "last"]
    assert ids(GridState(sort=key, descending=True)) == ["last", "first"]


def test_equal_values_are_ordered_by_id_so_that_pages_never_overlap(may: Period) -> None:
    made = [make_line().platform_id for _ in range(45)]
    pages = [ids(GridState(sort="vendor", page=number)) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [one for page in pages for one in page] == made


FILTERED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("contract", {"contract_id": "C-1"}, {"contract_id": "C-2"}, "C-1"),
    ("offer", {"offer_name": "E3"}, {"offer_name": "E5"}, "E3"),
    ("vendor", {"vendor_name": "Adobe"}, {"vendor_name": "Acronis"}, "Adobe"),
    ("billing_cycle", {"billing_cycle": "Annual"}, {"billing_cycle": "Monthly"}, "Annual"),
    ("commitment_term", {"commitment_term": ""}, {"commitment_term": "1 Year"}, "(blank)"),
    ("mapping", {}, {"create_agreement": True, "company": None}, "unmapped"),
    ("status", {"psa_status": "error"}, {"psa_status": "synced"}, "error"),
    ("line", {}, {}, "wanted"),
    ("cause", {"error_code": "product_gone"}, {"error_code": ""}, "product_gone"),
]


def test_every_filter_is_tested() -> None:
    assert {key for key, *_ in FILTERED} == set(FILTERS)


@pytest.mark.parametrize(("key", "wanted", "other", "value"), FILTERED)
def test_a_filter_leaves_its_lines(
    may: Period, key: str, wanted: dict[str, Any], other: dict[str, Any], value: str
) -> None:
    if key == "mapping":
        other = {"company": make_company(), "product": make_product(), "create_agreement": True}
    make_line(platform_id="wanted", **wanted)
    make_line(platform_id="other", **other)
    grid = GridState(sort="invoice_date", filters={key: (value,)})
    assert ids(grid) == ["wanted"]
    assert {(v.value, v.count) for v in filter_list(MAY, grid, key).values} >= {(value, 1)}
    assert [chip.without for chip in chips(grid)] == ["?sort=invoice_date"]


def test_filters_of_one_column_widen_and_of_two_columns_narrow(may: Period) -> None:
    make_line(platform_id="a", vendor_name="Adobe", billing_cycle="Monthly")
    make_line(platform_id="b", vendor_name="Acronis", billing_cycle="Annual")
    make_line(platform_id="c", vendor_name="Other", billing_cycle="Annual")
    both = {"vendor": ("Adobe", "Acronis")}
    assert ids(GridState(sort="invoice_date", filters=both)) == ["a", "b"]
    narrowed = both | {"billing_cycle": ("Annual",)}
    assert ids(GridState(sort="invoice_date", filters=narrowed)) == ["b"]


def test_a_filters_counts_obey_the_other_filters_and_not_its_own(may: Period) -> None:
    make_line(vendor_name="Adobe", billing_cycle="Monthly")
    make_line(vendor_name="Acronis", billing_cycle="Annual")
    grid = GridState(filters={"vendor": ("Adobe",), "billing_cycle": ("Annual",)})
    offered = filter_list(MAY, grid, "vendor").values
    assert [(v.value, v.count, v.chosen) for v in offered] == [
        ("Adobe", 0, True),
        ("Acronis", 1, False),
    ]


def test_values_stand_in_the_order_people_read_them_in(may: Period) -> None:
    names = ["plan 2", "Plan 10", "Plan 10a", "PLAN 10 B", "Add-on", "azure", "7 days", "30 days"]
    for name in names:
        make_line(vendor_name=name)
    offered = [v.label for v in filter_list(MAY, GridState(), "vendor").values]
    assert offered == [
        *("7 days", "30 days", "Add-on", "azure"),
        *("plan 2", "Plan 10", "PLAN 10 B", "Plan 10a"),
    ]


def test_a_long_list_of_values_is_searched_on_the_server(may: Period) -> None:
    make_line(vendor_name="Adobe")
    make_line(vendor_name="Acronis")
    found = filter_list(MAY, GridState(), "vendor", find="ADO")
    assert [v.label for v in found.values] == ["Adobe"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("wind log", {"nordwind"}),
        ("MÜLLER", {"cafe"}),
        ("muller", {"cafe"}),
        ("cafe", {"cafe"}),
        ("R-77", {"cafe"}),
        ("365 e3", {"cafe"}),
        ("annual", {"nordwind"}),
        ("3 years", {"nordwind"}),
        ("%", set()),
        ("_", set()),
        ("logistik gmbh annual", set()),
        ("nowhere", set()),
    ],
)
def test_the_search_finds_any_part_whatever_case_and_accent(
    searchable: Callable[..., InvoiceLine], typed: str, found: set[str]
) -> None:
    searchable(
        platform_id="cafe",
        organization=make_organization(name="Café Müller", reference_number="R-77"),
        offer=make_offer(name="Microsoft 365 E3"),
    )
    searchable(
        platform_id="nordwind",
        organization=make_organization(name="Nordwind Logistik GmbH"),
        billing_cycle="Annual",
        commitment_term="3 Years",
    )
    assert set(ids(GridState(sort="invoice_date", search=typed))) == found


def test_the_search_combines_with_filters(searchable: Callable[..., InvoiceLine]) -> None:
    organization = make_organization(name="Nordwind")
    searchable(platform_id="yes", organization=organization, vendor_name="Adobe")
    searchable(platform_id="no", organization=organization, vendor_name="Acronis")
    grid = GridState(sort="invoice_date", search="nord", filters={"vendor": ("Adobe",)})
    assert ids(grid) == ["yes"]


def test_the_counters_are_of_the_whole_period_and_of_no_other(may: Period) -> None:
    make_line()
    make_line(company=make_company(), product=make_product(), create_agreement=True)
    make_line(period=date(2026, 4, 1))
    counts = period_counts(MAY)
    assert (counts.total, counts.mapped, counts.unmapped) == (2, 1, 1)


def test_only_lines_whose_version_grew_are_live(may: Period) -> None:
    same, grown, gone = make_line(), make_line(version=5), 999_999
    found = grown_lines({same.pk: same.version, grown.pk: 4, gone: 1})
    assert [line.pk for line in found] == [grown.pk]
