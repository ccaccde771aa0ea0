"""The money that waits for a mapping."""

from decimal import Decimal

import pytest

from invoices.queries.waiting import waiting, waiting_amounts
from mapping.ports import Waiting
from tests.factories import make_company, make_line, make_offer, make_organization, make_product

pytestmark = pytest.mark.django_db


def test_unsynced_lines_without_a_company_wait_for_their_organization() -> None:
    organization = make_organization()
    make_line(organization=organization, total_price=Decimal("10.50"))
    make_line(organization=organization, total_price=Decimal("-2.25"), psa_status="error")
    make_line(organization=organization, total_price=Decimal("99"), currency="EUR")
    make_line(organization=organization, psa_status="synced")
    make_line(organization=organization, gone=True)
    make_line(organization=organization, company=make_company())
    make_line()

    assert waiting("organization_id", [organization.pk]) == {
        organization.pk: Waiting(
            lines=3, revenue=(("EUR", Decimal("99.00")), ("USD", Decimal("8.25")))
        )
    }


def test_unsynced_lines_without_a_product_wait_for_their_offer() -> None:
    offer = make_offer()
    make_line(offer=offer, total_price=Decimal(7))
    make_line(offer=offer, product=make_product())

    found = waiting("offer_id", [offer.pk, make_offer().pk])

    assert found == {offer.pk: Waiting(lines=1, revenue=(("USD", Decimal(7)),))}


def test_all_of_it_is_one_figure_to_sort_by() -> None:
    little, much = make_organization(), make_organization()
    make_line(organization=little, total_price=Decimal(1))
    make_line(organization=much, total_price=Decimal(100))
    make_line(organization=much, total_price=Decimal(50), currency="EUR")
    make_line(organization=make_organization(), psa_status="synced")

    assert waiting_amounts("organization_id") == {little.pk: Decimal(1), much.pk: Decimal(150)}
