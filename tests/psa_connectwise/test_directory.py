"""The local directory follows ConnectWise and forgets nothing."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from psa_connectwise import directory, schemas
from psa_connectwise.models import Agreement, AgreementType, Company, ConnectWiseSettings, Product
from psa_connectwise.schemas import BadItem, Page
from tests.psa_connectwise.wire_data import (
    make_agreement,
    make_agreement_type,
    make_company,
    make_product,
)
from wire.errors import TransientError
from wire.items import read_page

pytestmark = pytest.mark.django_db


class FakeConnectWise:
    """Lists what it is given, a page per list of records; an exception breaks the list off."""

    def __init__(self, *pages: Sequence[dict[str, Any]] | Exception) -> None:
        self.pages_given = pages

    def _pages(self, adapter: Any) -> Iterator[Page[Any]]:
        for page in self.pages_given:
            if isinstance(page, Exception):
                raise page
            yield read_page(adapter, page)

    def companies(self) -> Iterator[Page[schemas.Company]]:
        return self._pages(schemas.COMPANY)

    def products(self) -> Iterator[Page[schemas.Product]]:
        return self._pages(schemas.PRODUCT)

    def agreement_types(self) -> Iterator[Page[schemas.AgreementType]]:
        return self._pages(schemas.AGREEMENT_TYPE)

    def agreements(self) -> Iterator[Page[schemas.Agreement]]:
        return self._pages(schemas.AGREEMENT)


def fake(*pages: Sequence[dict[str, Any]] | Exception) -> Any:
    return FakeConnectWise(*pages)


BROKEN = TransientError("down", service="ConnectWise")


def test_companies_are_taken_over_with_a_name_to_search_by() -> None:
    counts = directory.refresh_companies(client=fake([make_company()], [make_company(id=10)]))
    assert counts == directory.Counts(seen=2, created=2)
    company = Company.objects.get(connectwise_id=9)
    assert (company.name, company.search_name) == ("Acmé  Ltd", "acme ltd acme")
    assert (company.currency_code, company.default_contact_id, company.site_id) == ("EUR", 11, 12)
    assert company.is_offered


@pytest.mark.parametrize(
    "change", [{"deletedFlag": True}, {"status": {"id": 2, "name": "Inactive"}}]
)
def test_deleted_and_inactive_companies_are_kept_but_not_offered(change: dict[str, Any]) -> None:
    directory.refresh_companies(client=fake([make_company(**change)]))
    assert not Company.objects.get().is_offered


def test_a_second_refresh_changes_in_place() -> None:
    directory.refresh_companies(client=fake([make_company()]))
    first = Company.objects.get()
    counts = directory.refresh_companies(client=fake([make_company(name="Acme Inc")]))
    assert counts == directory.Counts(seen=1)
    again = Company.objects.get()
    assert (again.pk, again.name) == (first.pk, "Acme Inc")


def test_what_a_complete_list_lacks_is_missing_until_it_returns() -> None:
    both = [make_product(), make_product(id=6)]
    directory.refresh_products(client=fake(both))
    assert directory.refresh_products(client=fake(both[:1])).missing == 1
    gone = Product.objects.get(connectwise_id=6)
    assert (gone.missing, gone.is_offered) == (True, False)
    assert directory.refresh_products(client=fake(both[:1])).missing == 0
    directory.refresh_products(client=fake(both))
    assert not Product.objects.filter(missing=True).exists()


def test_a_clock_that_is_set_back_meanwhile_makes_nothing_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else an agreement that is ours would be made once more."""
    both = [make_product(), make_product(id=6)]
    directory.refresh_products(client=fake(both))
    minutes = count(0, -5)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=next(minutes)))

    counts = directory.refresh_products(client=fake(both[:1], both[1:]))

    assert counts == directory.Counts(seen=2)
    assert not Product.objects.filter(missing=True).exists()


def test_a_list_that_breaks_off_keeps_its_pages_and_marks_nothing_missing() -> None:
    directory.refresh_products(client=fake([make_product(), make_product(id=6)]))
    with pytest.raises(TransientError):
        directory.refresh_products(client=fake([make_product(description="New")], BROKEN))
    assert Product.objects.get(connectwise_id=5).name == "New"
    assert not Product.objects.filter(missing=True).exists()


def test_an_unreadable_record_is_logged_and_not_taken_for_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    directory.refresh_products(client=fake([make_product(), make_product(id=6)]))
    with caplog.at_level(logging.WARNING):
        counts = directory.refresh_products(
            client=fake([make_product(), make_product(id=6, inactiveFlag="odd")])
        )
    assert (counts.bad, counts.missing) == (1, 0)
    assert "product 6 can't be read: inactiveFlag" in caplog.text


def test_with_an_unreadable_record_of_unknown_id_nothing_is_missing() -> None:
    directory.refresh_products(client=fake([make_product(), make_product(id=6)]))
    assert directory.refresh_products(client=fake([make_product(), {"id": None}])).missing == 0


def test_a_record_listed_twice_on_a_page_is_one() -> None:
    page = [make_product(), make_product(description="Later")]
    assert directory.refresh_products(client=fake(page)).seen == 1
    assert Product.objects.get().name == "Later"


def test_names_longer_than_their_column_are_shortened() -> None:
    directory.refresh_companies(client=fake([make_company(name="x" * 400, identifier="y" * 400)]))
    company = Company.objects.get()
    assert (len(company.name), len(company.identifier)) == (255, 156)


def test_a_product_shows_its_description_or_else_its_identifier() -> None:
    directory.refresh_products(client=fake([make_product(), make_product(id=6, description="")]))
    assert [product.name for product in Product.objects.order_by("connectwise_id")] == [
        "Mail Business",
        "MAIL",
    ]
    assert Product.objects.filter(taxable=True).count() == 2


def test_a_bundle_is_not_offered() -> None:
    directory.refresh_products(client=fake([make_product(productClass="Bundle")]))
    assert not Product.objects.get().is_offered


def refresh_agreements(*agreements: dict[str, Any]) -> directory.Counts:
    directory.refresh_companies(client=fake([make_company()]))
    directory.refresh_agreement_types(client=fake([make_agreement_type()]))
    return directory.refresh_agreements(client=fake(list(agreements)))


def test_agreements_point_to_their_company_type_and_parent() -> None:
    refresh_agreements(
        make_agreement(parentAgreement={"id": 4, "name": "Parent"}), make_agreement(id=4)
    )
    agreement = Agreement.objects.select_related("company", "agreement_type", "parent").get(
        connectwise_id=3
    )
    assert agreement.company is not None
    assert agreement.agreement_type is not None
    assert agreement.parent is not None
    assert (agreement.company.identifier, agreement.agreement_type.name) == ("ACME", "Managed")
    assert (agreement.parent.connectwise_id, agreement.is_live) == (4, True)


def test_a_parent_that_was_taken_away_is_taken_away_here() -> None:
    child = make_agreement(parentAgreement={"id": 4})
    refresh_agreements(child, make_agreement(id=4))
    refresh_agreements(make_agreement(), make_agreement(id=4))
    assert Agreement.objects.get(connectwise_id=3).parent is None


def test_an_agreement_of_an_unknown_company_is_kept_without_one() -> None:
    refresh_agreements(make_agreement(company={"id": 99}, type=None))
    agreement = Agreement.objects.get()
    assert (agreement.company, agreement.agreement_type) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"agreementStatus": "Expired"},
        {"agreementStatus": "Inactive"},
        {"agreementStatus": None},
        {"cancelledFlag": True},
    ],
)
def test_only_active_agreements_are_live(change: dict[str, Any]) -> None:
    refresh_agreements(make_agreement(**change))
    assert not Agreement.objects.get().is_live


def test_more_agreements_on_a_page_cost_no_more_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    refresh_agreements(make_agreement())
    page = [make_agreement(id=number) for number in range(3, 63)]
    with django_assert_num_queries(6):
        directory.refresh_agreements(client=fake(page))


def test_a_created_agreement_is_recorded_at_once() -> None:
    refresh_agreements()
    (created,) = read_page(schemas.AGREEMENT, [make_agreement(id=8)]).items
    recorded = directory.record_agreement(agreement=created)
    assert (recorded.connectwise_id, recorded.is_live) == (8, True)
    assert recorded.company == Company.objects.get()
    assert directory.record_agreement(agreement=created).pk == recorded.pk


def seed(wanted: str, settings: Settings) -> AgreementType | None:
    settings.DEFAULT_AGREEMENT_TYPE = wanted
    types = [make_agreement_type(), make_agreement_type(id=7, name="Cloud", inactiveFlag=True)]
    directory.refresh_agreement_types(client=fake(types))
    return ConnectWiseSettings.load().default_agreement_type


@pytest.mark.parametrize("wanted", ["Managed", "managed", " 2 "])
def test_the_environment_names_the_first_default_type(wanted: str, settings: Settings) -> None:
    chosen = seed(wanted, settings)
    assert chosen is not None
    assert chosen.connectwise_id == 2


def test_the_environment_never_overrules_a_person(settings: Settings) -> None:
    assert seed("Managed", settings)
    saved = ConnectWiseSettings.load()
    saved.default_agreement_type = None
    saved.save()
    assert seed("Managed", settings) is None


@pytest.mark.parametrize("wanted", ["Unheard of", "Cloud", "99"])
def test_an_unknown_or_inactive_type_is_warned_of(
    wanted: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert seed(wanted, settings) is None
    assert f"no active agreement type {wanted}" in caplog.text


def test_without_a_name_nothing_is_chosen(settings: Settings) -> None:
    assert seed("", settings) is None


def test_bad_items_count_their_ids(settings: Settings) -> None:
    bad = [BadItem("7", "x")]
    Product.objects.create(connectwise_id=7, name="x", updated_at=timezone.now())
    assert directory._mark_missing(Product, {7}, bad) == 0
    assert directory._mark_missing(Product, {7}, []) == 1


@pytest.mark.parametrize("broken", ["9" * 5000, 10**50, -1, None])
def test_while_one_has_no_id_to_go_by_none_is_said_to_be_missing(
    broken: object, caplog: pytest.LogCaptureFixture
) -> None:
    directory.refresh_products(client=fake([make_product(id=5), make_product(id=6)]))
    with caplog.at_level(logging.WARNING):
        counts = directory.refresh_products(
            client=fake([make_product(id=broken), make_product(id=5)])
        )
    assert (counts.seen, counts.bad, counts.missing) == (1, 1, 0)
    assert "can't be read: id:" in caplog.text
