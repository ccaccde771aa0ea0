"""The money that waits for a mapping."""

from decimal import Decimal

import pytest

from invoices.queries.waiting import waiting, waiting_ranks
from mapping.ports import Waiting, WaitingRank
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


def test_amounts_are_put_in_order_by_the_currency_in_which_most_lines_wait() -> None:
    """Ten thousand forints are less than a hundred euros, and nobody knows by how much."""
    little, much, forints, none = (make_organization() for _ in range(4))
    for organization, amount, currency in (
        (little, 1, "EUR"),
        (much, 100, "EUR"),
        (much, 50, "EUR"),
        (much, 7, "USD"),
        (forints, 10_000, "HUF"),
        (forints, 3, "USD"),
    ):
        make_line(organization=organization, total_price=Decimal(amount), currency=currency)
    make_line(organization=none, psa_status="synced")

    ranks = waiting_ranks("organization_id")

    assert ranks[much.pk] == WaitingRank(Decimal(150), Decimal(7), 3)
    assert ranks[forints.pk] == WaitingRank(Decimal(0), Decimal(10_000), 2)
    assert sorted(ranks, key=lambda pk: ranks[pk]) == [forints.pk, little.pk, much.pk]
