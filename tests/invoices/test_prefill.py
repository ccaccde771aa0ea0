"""What lines are filled with, table by table; every combination of source, status and freeze."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product as combinations
from typing import Any

import pytest
from django.db import transaction

from invoices.models import InvoiceLine
from invoices.services.prefill import prefill_lines
from mapping.models import AgreementDefault, OrganizationOffer
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
)
from tests.invoices.filling import fill
from tests.sessions import in_thread, until_somebody_waits

pytestmark = pytest.mark.django_db

SOURCES = ("none", "default", "user", "bulk")
STATUSES = ("not_synced", "error", "synced")


@pytest.mark.parametrize(
    ("source", "status", "frozen", "holds_value"),
    list(combinations(SOURCES, STATUSES, (False, True), (False, True))),
)
def test_only_open_lines_whose_value_is_free_are_filled(
    source: str, status: str, frozen: bool, holds_value: bool
) -> None:
    old, new = make_company(), make_company()
    old_product, new_product = make_product(), make_product()
    line = make_line(
        organization=make_organization(company=new),
        offer=make_offer(product=new_product),
        company=old if holds_value else None,
        company_source=source,
        product=old_product if holds_value else None,
        product_source=source,
        psa_status=status,
        in_flight=frozen,
    )

    fill()

    is_open = status != "synced" and not frozen
    is_free = not holds_value or source in ("none", "default")
    line.refresh_from_db()
    if is_open and is_free:
        assert (line.company, line.product) == (new, new_product)
        assert (line.company_source, line.product_source) == ("default", "default")
        assert (line.company_name, line.company_connectwise_id) == (new.name, new.connectwise_id)
        assert (line.product_name, line.product_connectwise_id) == (
            new_product.name,
            new_product.connectwise_id,
        )
        assert line.version == 2
    else:
        assert (line.company, line.product) == ((old, old_product) if holds_value else (None, None))
        assert (line.company_source, line.version) == (source, 1)


def test_an_organizations_own_product_beats_the_offers() -> None:
    offer = make_offer(product=make_product())
    own = make_product()
    line, other = make_line(offer=offer), make_line(offer=offer)
    OrganizationOffer.objects.create(organization=line.organization, offer=offer, product=own)

    fill()

    line.refresh_from_db()
    other.refresh_from_db()
    assert (line.product, other.product) == (own, offer.product)


def test_unmapping_empties_what_came_from_the_mapping() -> None:
    line = make_line(
        company=make_company(),
        company_source="default",
        product=make_product(),
        product_source="default",
    )

    fill()

    line.refresh_from_db()
    assert (line.company, line.company_name, line.company_connectwise_id) == (None, "", None)
    assert (line.product, line.product_name, line.product_connectwise_id) == (None, "", None)
    assert (line.company_source, line.product_source) == ("none", "none")


def test_a_part_leaves_the_other_alone() -> None:
    line = make_line(
        organization=make_organization(company=make_company()),
        offer=make_offer(product=make_product()),
    )

    assert fill(parts=("product",)) == 1

    line.refresh_from_db()
    assert (line.company, line.product) == (None, line.offer.product)
    assert fill(parts=("customer",)) == 1


def test_only_lines_that_meet_the_condition_are_filled() -> None:
    offer = make_offer(product=make_product())
    line, other = make_line(offer=offer), make_line(offer=offer)

    filled = prefill_lines(where="line.id = ANY(%(ids)s)", params={"ids": [line.pk]})

    assert filled == {(line.organization_id, offer.pk, line.contract_id): 1}
    other.refresh_from_db()
    assert other.product is None


def test_a_mapped_line_is_mapped_at_once() -> None:
    agreement = make_agreement()
    line = make_line(offer=make_offer(product=make_product()))
    AgreementDefault.objects.create(
        organization=line.organization, contract_id=line.contract_id, agreement=agreement
    )

    fill()

    assert InvoiceLine.objects.get(pk=line.pk).is_mapped


def test_more_lines_cost_no_more_queries(django_assert_num_queries: Any) -> None:
    organization = make_organization(company=make_company())
    for _ in range(12):
        make_line(organization=organization)

    with django_assert_num_queries(1):
        prefill_lines(where="true")
    assert InvoiceLine.objects.filter(company=organization.company).count() == 12


@pytest.mark.django_db(transaction=True)
def test_an_edit_committed_meanwhile_is_not_overwritten() -> None:
    chosen, default = make_company(), make_company()
    line = make_line(organization=make_organization(company=default))

    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        with transaction.atomic():
            InvoiceLine.objects.filter(pk=line.pk).update(company=chosen, company_source="user")
            filled = in_thread(elsewhere, lambda: sum(prefill_lines(where="true").values()))
            until_somebody_waits()
        assert filled.result(timeout=10) == 0

    line.refresh_from_db()
    assert line.company == chosen


def test_what_was_deleted_in_connectwise_is_never_filled_in() -> None:
    gone, lost = make_company(deleted=True), make_product(missing=True)
    line = make_line(organization=make_organization(company=gone), offer=make_offer(product=lost))
    by_agreement = make_line(contract_id="CON-9")
    AgreementDefault.objects.create(
        organization=by_agreement.organization,
        contract_id="CON-9",
        agreement=make_agreement(company=make_company(missing=True)),
    )

    prefill_lines(where="true")

    for one in (line, by_agreement):
        one.refresh_from_db()
        assert (one.company, one.product, one.agreement) == (None, None, None)


def test_a_filled_line_lets_go_of_what_was_deleted_and_a_chosen_one_keeps_it() -> None:
    """Kept, it is refused when it is planned, with the reason."""
    gone = make_company(deleted=True)
    organization = make_organization(company=gone)
    filled = make_line(organization=organization, company=gone, company_source="default")
    chosen = make_line(organization=organization, company=gone, company_source="user")

    prefill_lines(where="true")

    filled.refresh_from_db()
    chosen.refresh_from_db()
    assert (filled.company, chosen.company) == (None, gone)
