"""Suggestions on the tabs: shown, accepted, dismissed; nothing without a yes."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mapping.models import MappingChange, OfferSuggestion
from mapping.services.suggesting import suggest_mappings
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from tests.factories import (
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
    make_user,
)
from tests.mapping.kit import BOTH, HTMX, make_pair, mapped, url

pytestmark = pytest.mark.django_db


# --- On the row ----------------------------------------------------------------------------------


@BOTH
def test_the_row_shows_score_reason_and_runner_up(mapper: Client, tab: Tab) -> None:
    make_pair(tab, "Nordwind Logistik", connectwise_id=71)
    like = {"name": "Nordwind Logistik Holding", "connectwise_id": 72}
    make_company(**like)
    make_product(**like)
    suggest_mappings(tab)

    page = mapper.get(url(tab)).text

    for words in ("100 %", "ID 71", "Same name. Runner-up: Nordwind Logistik Holding (ID 72), "):
        assert words in page


def test_two_who_claim_one_company_are_told_so(mapper: Client) -> None:
    company = make_company(name="Contoso")
    for name in ("Contoso", "CONTOSO"):
        make_organization(name=name)
    make_organization(name="Mapped one", company=company)
    suggest_mappings(ORGANIZATIONS)

    page = mapper.get(url(ORGANIZATIONS)).text

    assert "Mapped one is mapped to it and CONTOSO is suggested for it too." in page
    assert "Mapped one is mapped to it and Contoso is suggested for it too." in page


def test_two_offers_of_one_product_are_no_conflict(mapper: Client) -> None:
    make_product(name="Seats")
    make_offer(name="Seats")
    make_offer(name="Seats", vendor_name="Another")
    suggest_mappings(PRODUCTS)

    assert "Conflict" not in mapper.get(url(PRODUCTS)).text


def test_a_viewer_sees_suggestions_and_can_not_answer(client: Client) -> None:
    record, target = make_pair(ORGANIZATIONS, "Contoso")
    suggest_mappings(ORGANIZATIONS)
    client.force_login(make_user())

    page = client.get(url(ORGANIZATIONS)).text

    assert "Same name" in page
    for name in ("accept", "dismiss"):
        assert url(ORGANIZATIONS, name, record.pk) not in page
        response = client.post(url(ORGANIZATIONS, name, record.pk), {"target": target.pk})
        assert response.status_code == 403
    assert client.get(url(ORGANIZATIONS, "accept_all")).status_code == 403


@BOTH
def test_accepting_maps_fills_and_says_so(mapper: Client, tab: Tab) -> None:
    record, target = make_pair(tab, "Contoso")
    line = make_line(**{tab.noun: record})
    suggest_mappings(tab)

    response = mapper.post(url(tab, "accept", record.pk), {"target": target.pk}, headers=HTMX)

    line.refresh_from_db()
    change = MappingChange.objects.get()
    assert mapped(record) == target == getattr(line, tab.field)
    assert (change.origin, change.lines_affected) == ("suggestion", 1)
    assert "Contoso is mapped to Contoso; 1 line changed." in response.headers["HX-Trigger"]
    assert "Mapped" in response.text


@BOTH
@pytest.mark.parametrize("spoiled", ["mapped", "missing", "dismissed", "never"])
def test_a_suggestion_that_is_gone_maps_nothing(mapper: Client, tab: Tab, spoiled: str) -> None:
    record, target = make_pair(tab, "Contoso")
    if spoiled != "never":
        suggest_mappings(tab)
    other = make_company() if tab is ORGANIZATIONS else make_product()
    if spoiled == "mapped":
        type(record).objects.update(**{tab.field: other})
    if spoiled == "missing":
        type(target).objects.update(missing=True)
    if spoiled == "dismissed":
        mapper.post(url(tab, "dismiss", record.pk), {"target": target.pk})

    response = mapper.post(url(tab, "accept", record.pk), {"target": target.pk}, headers=HTMX)

    assert response.status_code == 409
    assert "isn't there any more" in response.headers["HX-Trigger"]
    assert mapped(record) == (other if spoiled == "mapped" else None)


@BOTH
def test_dismissing_lets_the_runner_up_move_up(mapper: Client, tab: Tab) -> None:
    record, target = make_pair(tab, "Contoso", connectwise_id=71)
    make_pair(tab, "Contoso", connectwise_id=72)
    suggest_mappings(tab)

    response = mapper.post(url(tab, "dismiss", record.pk), {"target": target.pk}, headers=HTMX)

    kept = tab.suggestion_model._default_manager.get(record=record.pk, target=target)
    assert "ID 72" in response.text
    assert str(kept.dismissed_by) == "olivia"
    assert mapped(record) is None
    assert not MappingChange.objects.exists()


@BOTH
@pytest.mark.parametrize("name", ["accept", "dismiss"])
@pytest.mark.parametrize("target", ["", "x", "0", "9" * 30])
def test_nonsense_changes_nothing(mapper: Client, tab: Tab, name: str, target: str) -> None:
    record, _ = make_pair(tab, "Contoso")

    response = mapper.post(url(tab, name, record.pk), {"target": target})

    assert response.status_code in ((200, 400) if name == "dismiss" else (400, 409))
    assert mapped(record) is None


@BOTH
@pytest.mark.parametrize("name", ["accept", "dismiss"])
def test_a_get_answers_nothing(mapper: Client, tab: Tab, name: str) -> None:
    record, _ = make_pair(tab, "Contoso")

    assert mapper.get(url(tab, name, record.pk)).status_code == 405


def test_a_decision_is_proposed_to_namesakes_at_once(mapper: Client) -> None:
    product = make_product(name="Ours")
    first = make_offer(name="Visio Plan 2", platform_id="OFF-1")
    second = make_offer(name="VISIO plan 2", platform_id="OFF-2")
    make_offer(name="Visio Plan 2", vendor_name="Another")

    mapper.post(url(PRODUCTS, "edit", first.pk), {"target": product.pk}, headers=HTMX)

    [row] = OfferSuggestion.objects.all()
    assert (row.record, row.target, row.score) == (second, product, 100)
    assert "OFF-1" in row.reason


def test_hostile_names_are_escaped(mapper: Client) -> None:
    hostile = "<script>alert(1)</script>\"'"
    make_pair(ORGANIZATIONS, hostile)
    make_company(name=hostile)
    suggest_mappings(ORGANIZATIONS)

    assert "<script>alert" not in mapper.get(url(ORGANIZATIONS)).text
    assert "<script>alert" not in mapper.get(url(ORGANIZATIONS, "accept_all")).text


# --- Filters, money, statements ------------------------------------------------------------------


@BOTH
def test_only_the_suggested_are_shown_and_counted(mapper: Client, tab: Tab) -> None:
    record, _ = make_pair(tab, "Contoso")
    make_organization(name="Zebra")
    make_offer(name="Zebra")
    suggest_mappings(tab)

    response = mapper.get(f"{url(tab)}?status=suggested", headers=HTMX)

    assert [row.record for row in response.context["rows"]] == [record]
    counts = {status.value: status.count for status in response.context["statuses"]}
    assert (counts["suggested"], counts["unmapped"], counts[""]) == (1, 2, 2)
    assert response.context["sure"] == 1


@BOTH
def test_money_that_waits_is_shown_and_sorted_by(mapper: Client, tab: Tab) -> None:
    little, _ = make_pair(tab, "Little")
    much, _ = make_pair(tab, "Much")
    nothing, _ = make_pair(tab, "Nothing")
    make_line(**{tab.noun: little}, total_price=5)
    make_line(**{tab.noun: much}, total_price="1234.50")
    make_line(**{tab.noun: much}, total_price=9, currency="EUR")
    mine = [little.pk, much.pk, nothing.pk]

    down = mapper.get(f"{url(tab)}?sort=-waiting", headers=HTMX)
    up = mapper.get(f"{url(tab)}?sort=waiting", headers=HTMX)

    assert [row.pk for row in down.context["rows"] if row.pk in mine][:2] == [much.pk, little.pk]
    assert [row.pk for row in up.context["rows"] if row.pk in mine] == [
        nothing.pk,
        little.pk,
        much.pk,
    ]
    assert "2 unsynced lines: 1,234.50 USD, 9.00 EUR" in down.text


@BOTH
def test_more_rows_cost_no_more_queries(mapper: Client, tab: Tab) -> None:
    def queries() -> int:
        suggest_mappings(tab)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            mapper.get(f"{url(tab)}?sort=-waiting", headers=HTMX)
        return len(captured)

    def make(number: int) -> None:
        for at in range(number):
            record, _ = make_pair(tab, f"Name {at} of {number}")
            make_line(**{tab.noun: record})

    make(2)
    few = queries()
    make(10)

    assert queries() == few
