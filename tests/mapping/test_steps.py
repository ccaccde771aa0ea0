"""The tabs say how far each step is, and keep up with what is mapped (P1)."""

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from invoices.models import Period
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
)
from tests.mapping.kit import HTMX

pytestmark = pytest.mark.django_db
ORGANIZATIONS = "/mapping/organizations/"


def step(page: str, name: str) -> str:
    """What stands beside a tab's name; "-" where nothing does."""
    _, found, rest = page.partition(f'id="step-{name}"')
    return rest.partition(">")[2].partition("<")[0] if found else "-"


def test_each_tab_says_how_far_it_is(mapper: Client) -> None:
    agreement = make_agreement()
    make_organization(company=make_company(), response_error="ConnectWise did not answer.")
    make_organization()
    make_offer(product=make_product())
    may, april = date(2026, 5, 1), date(2026, 4, 1)
    for month in (may, april):
        Period.objects.create(month=month, complete=True, loaded_at=timezone.now())
    everything = {
        "company": agreement.company,
        "agreement": agreement,
        "product": make_product(product_class="Agreement"),
    }
    make_line(period=may, **everything)
    line = make_line(period=may)
    make_line(period=april, offer=line.offer, organization=line.organization)

    page = mapper.get(ORGANIZATIONS).text

    assert step(page, "organizations") == "1/4"  # two came with the lines
    assert step(page, "products") == "1/3"
    assert step(page, "invoices") == "1/2"
    assert 'title="1 of 2 lines of May 2026 mapped"' in page
    assert step(mapper.get("/mapping/invoices/").text, "invoices") == "-"


def test_before_anything_is_here_the_tabs_are_only_names(mapper: Client) -> None:
    page = mapper.get(ORGANIZATIONS).text

    assert [step(page, name) for name in ("organizations", "products", "invoices")] == [""] * 3


def test_a_mapping_counts_at_once_and_all_of_them_are_marked(mapper: Client) -> None:
    organization, company = make_organization(), make_company()
    edit = f"{ORGANIZATIONS}{organization.pk}/edit/"

    saved = mapper.post(edit, {"target": company.pk}, headers=HTMX).text
    grid = mapper.get(ORGANIZATIONS, headers=HTMX).text

    for answer in (saved, grid):
        assert step(answer, "organizations") == "1/1"
        assert "step-count num is-done" in answer
        assert answer.partition('id="step-organizations"')[2].count("hx-swap-oob") >= 1
    whole = mapper.get(ORGANIZATIONS).text
    assert whole.count('id="step-organizations"') == 1
