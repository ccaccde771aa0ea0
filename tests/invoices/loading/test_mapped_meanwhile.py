"""A mapping that somebody changes while lines are brought in reaches them all the same."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from invoices.loading import apply
from mapping.models import MappingChange
from mapping.services.choices import AgreementChoice, By, CompanyChoice, ProductChoice
from mapping.services.mappings import set_agreements, set_companies, set_products
from tests.factories import (
    make_agreement,
    make_company,
    make_offer,
    make_organization,
    make_product,
)
from tests.invoices.loading.fake_platform import ACME, SUITE, FakePlatform, load, make_platform_line
from tests.invoices.loading.loaded import line
from tests.sessions import in_thread, somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_mappings_that_change_during_a_load_fill_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    organization = make_organization(platform_id=ACME.id)
    offer = make_offer(platform_id=SUITE.id)
    company, product = make_company(), make_product()
    agreement = make_agreement(company=company)
    by = By(user=None, origin=MappingChange.Origin.PICKER)
    changes: list[Callable[[], object]] = [
        lambda: set_companies([CompanyChoice(organization_id=organization.pk, company=company)], by=by),
        lambda: set_products([ProductChoice(offer_id=offer.pk, product=product)], by=by),
        lambda: set_agreements(
            [
                AgreementChoice(
                    organization_id=organization.pk, contract_id="CON-1", agreement=agreement
                )
            ],
            by=by,
        ),
    ]  # fmt: skip

    insert = apply._insert_new
    threads, others = ThreadPoolExecutor(1), list[Future[Any]]()

    def inserted_before_they_are_through() -> int:
        count = insert()
        others.append(in_thread(threads, lambda: [change() for change in changes]))
        while not (others[0].done() or somebody_waits()):
            wait(others, 0.01)
        return count

    monkeypatch.setattr(apply, "_insert_new", inserted_before_they_are_through)
    with threads:
        load(FakePlatform().put(make_platform_line(1)))
    others[0].result()
    row = line(1)
    assert (row.company, row.product, row.agreement) == (company, product, agreement)
