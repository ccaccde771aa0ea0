"""An offer's products for single organizations: seen, set and removed on the Products tab (P19)."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mapping.models import MappingChange, OrganizationOffer
from tests.factories import make_line, make_offer, make_organization, make_product
from tests.mapping.kit import HOSTILE, HTMX

pytestmark = pytest.mark.django_db


def address(pk: int, rest: str = "") -> str:
    return f"/mapping/products/{pk}/own/{rest}"


def test_an_organizations_own_product_beats_the_one_for_all(mapper: Client) -> None:
    general, own = make_product(name="Services"), make_product(name="Project hours")
    offer = make_offer(name="Offer for Default Subscription", product=general)
    contoso = make_organization(name="Contoso")
    mine, other = make_line(offer=offer, organization=contoso), make_line(offer=offer)
    choice = {"organization": contoso.pk, "target": own.pk}

    page = mapper.get(address(offer.pk), headers=HTMX).text
    assert "<strong>Services</strong>" in page
    assert "No organization has a product of its own" in page
    told = mapper.get(address(offer.pk, "effect/"), choice, headers=HTMX).text
    assert "Saving changes 1 unsynced invoice line." in told
    assert not OrganizationOffer.objects.exists()

    answer = mapper.post(address(offer.pk), choice, headers=HTMX)

    assert "is Project hours for Contoso; 1 line changed." in answer["HX-Trigger"]
    assert "mappingsChanged" in answer["HX-Trigger"]
    assert '<span class="cut">Project hours</span>' in answer.text
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.product, other.product) == (own, None)
    change = MappingChange.objects.get()
    assert (change.organization, change.offer, change.before) == (contoso, offer, None)
    assert change.user is not None
    assert "product for Contoso only" in mapper.get("/mapping/history/").text


def test_removing_it_lets_the_one_for_all_hold_again(mapper: Client) -> None:
    general, own = make_product(name="Services"), make_product(name="Project hours")
    offer, contoso = make_offer(product=general), make_organization(name="Contoso")
    line = make_line(offer=offer, organization=contoso, product=own, product_source="default")
    OrganizationOffer.objects.create(organization=contoso, offer=offer, product=own)

    asked = mapper.get(address(offer.pk, f"{contoso.pk}/remove/"), headers=HTMX).text
    assert "will be Services" in asked
    assert "1 unsynced invoice line will change." in asked
    assert OrganizationOffer.objects.exists()
    answer = mapper.post(address(offer.pk, f"{contoso.pk}/remove/"), headers=HTMX)

    assert "has no product of its own" in answer["HX-Trigger"]
    line.refresh_from_db()
    assert line.product == general
    assert not OrganizationOffer.objects.exists()
    assert MappingChange.objects.get().after is None


def test_what_cant_be_chosen_is_told_at_its_field(mapper: Client) -> None:
    offer, contoso = make_offer(), make_organization(name="Contoso")
    bundle = make_product(name="All in one", product_class="Bundle")

    nothing = mapper.post(address(offer.pk), headers=HTMX)
    wrong = mapper.post(
        address(offer.pk), {"organization": contoso.pk, "target": bundle.pk}, headers=HTMX
    )

    assert (nothing.status_code, wrong.status_code) == (422, 422)
    assert "Choose an organization." in nothing.text
    assert "Choose a product, or cancel." in nothing.text
    assert "is a bundle" in wrong.text
    assert 'value="Contoso"' in wrong.text  # what was right stays
    assert not OrganizationOffer.objects.exists()


def test_the_row_says_how_many_have_their_own(mapper: Client) -> None:
    offer, plain = make_offer(), make_offer()
    for _ in range(2):
        OrganizationOffer.objects.create(
            organization=make_organization(), offer=offer, product=make_product()
        )

    page = mapper.get("/mapping/products/").text

    assert "Products by organization: 2 organizations have their own" in page
    assert f'id="own-{plain.pk}" class="icon-button"' in page
    assert 'id="own-' not in mapper.get("/mapping/organizations/").text


def test_more_offers_cost_no_more_queries(mapper: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            mapper.get("/mapping/products/", headers=HTMX)
        return len(asked)

    make_offer()
    few = count()
    for _ in range(10):
        OrganizationOffer.objects.create(
            organization=make_organization(), offer=make_offer(), product=make_product()
        )
    assert count() == few


def test_who_may_only_look_sees_the_list_and_no_form(viewer: Client) -> None:
    offer = make_offer()
    own = OrganizationOffer.objects.create(
        organization=make_organization(name=HOSTILE), offer=offer, product=make_product()
    )

    page = viewer.get(address(offer.pk), headers=HTMX).text

    assert "<form" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    choice = {"organization": own.organization_id, "target": own.product_id}
    assert viewer.post(address(offer.pk), choice, headers=HTMX).status_code == 403


def test_what_is_not_there_is_404(mapper: Client) -> None:
    assert mapper.get(address(987654), headers=HTMX).status_code == 404
    assert mapper.get(address(make_offer().pk, "1/remove/"), headers=HTMX).status_code == 404


def test_organizations_are_picked_by_name_or_reference(mapper: Client) -> None:
    make_organization(name="Süd Logistik", reference_number="C-77")
    make_organization(name="Logistik Süd")
    make_organization(name="Nord")

    def picked(text: str) -> list[str]:
        page = mapper.get("/mapping/pick/organizations/", {"q": text}, headers=HTMX).text
        return [part.partition('"')[0] for part in page.split('data-label="')[1:]]

    assert picked("sud") == ["Logistik Süd", "Süd Logistik"]
    assert picked("Süd") == ["Süd Logistik", "Logistik Süd"]
    assert picked("c-77") == ["Süd Logistik"]
    assert picked("nowhere") == []
