"""The rows of a preview: filtered, searched, added up, and no dearer where there are more (P39)."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoices.models import Operation
from tests.factories import make_organization
from tests.invoices.views.runs_world import mapped_line, page, preview, refused_line

pytestmark = pytest.mark.usefixtures("seller")


def test_the_page_over_htmx_is_its_rows_and_the_tallies(operator: Client) -> None:
    mapped_line()

    text = page(operator, preview(), **{"HX-Request": "true"})

    assert text.startswith("\n") or text.lstrip().startswith("<section")
    assert 'id="run-kinds" class="tallies" aria-label="Kinds of rows" hx-swap-oob="true"' in text
    assert "<html" not in text


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("?kind=create", 2),
        ("?kind=refuse", 1),
        ("?currency=EUR", 1),
        ("?kind=create&currency=EUR", 1),
        ("?q=adventure", 1),
        ("?q=LINE-7", 1),
        ("?q=nothing-like-it", 0),
        ("?kind=nonsense", 0),
        ("?customer=x", 0),
        ("?outcome=error", 1),
        ("?warning=any", 0),
    ],
)
def test_filters_and_search_narrow_the_rows(operator: Client, query: str, rows: int) -> None:
    mapped_line(organization=make_organization(name="Adventure Works"))
    mapped_line(currency="EUR", agreement=None)
    refused_line(platform_id="LINE-7")
    draft = preview()
    Operation.objects.filter(currency="EUR").update(state="planned", intent="create")

    assert f"Showing <b>{rows}</b> of <b>3</b> rows" in page(operator, draft, query)


def test_a_customer_s_chip_has_the_name(operator: Client) -> None:
    customer = make_organization(name="Adventure Works")
    mapped_line(organization=customer)

    text = page(operator, preview(), f"?customer={customer.pk}")

    assert '<span class="chip-value">Adventure Works</span>' in text


def test_filtered_rows_are_added_up_by_currency(operator: Client) -> None:
    mapped_line(total_price=Decimal("10.00"), total_cost=Decimal("8.00"))
    mapped_line(total_price=Decimal("-2.50"), total_cost=Decimal("-2.00"))
    refused_line(total_price=Decimal("99.00"), total_cost=Decimal("90.00"))
    draft = preview()

    assert "run-sums" not in page(operator, draft)
    assert "<b>7.50</b> revenue</dd><dd>6.00 cost</dd><dd>1.50 margin</dd>" in page(
        operator, draft, "?kind=create"
    )
    assert "<b>99.00</b> revenue" in page(operator, draft, "?kind=refuse")


def test_ten_more_rows_take_no_more_statements(operator: Client) -> None:
    mapped_line()
    small = preview()
    page(operator, small)
    with CaptureQueriesContext(connection) as few:
        page(operator, small)
    for _ in range(10):
        mapped_line(organization=make_organization())
        refused_line()
    large = preview()
    with CaptureQueriesContext(connection) as many:
        page(operator, large)

    assert len(many) == len(few)
