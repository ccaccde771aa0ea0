"""Suggestions on the tabs: shown, accepted, dismissed, all at once; nothing without a yes."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mapping.models import MappingChange, Offer, OfferSuggestion, Organization
from mapping.services.suggesting import suggest_mappings
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from psa_connectwise.models import Company
from tests.factories import (
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
BOTH = pytest.mark.parametrize("tab", [ORGANIZATIONS, PRODUCTS], ids=lambda tab: tab.key)


def url(tab: Tab, name: str = "", pk: int | None = None) -> str:
    suffix = f"_{name}" if name else ""
    return reverse(f"mapping:{tab.key}{suffix}", args=[pk] if pk else [])


@pytest.fixture
def mapper(client: Client) -> Client:
    """Olivia, signed in, who may map."""
    client.force_login(make_user("mapping.edit_mappings", username="olivia"))
    return client


def make_pair(tab: Tab, name: str, **target: Any) -> tuple[Organization | Offer, Any]:
    """A record and what it may be in ConnectWise, of one name."""
    if tab is ORGANIZATIONS:
        return make_organization(name=name), make_company(name=name, **target)
    return make_offer(name=name), make_product(name=name, **target)


def mapped(record: Organization | Offer) -> Any:
    record.refresh_from_db()
    return record.company if isinstance(record, Organization) else record.product


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


# --- All at once ---------------------------------------------------------------------------------


def mark_of(page: str) -> str:
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found
    return found[1]


@BOTH
def test_accept_all_shows_the_list_and_the_lines_first(mapper: Client, tab: Tab) -> None:
    record, _ = make_pair(tab, "Contoso", connectwise_id=4711)
    make_line(**{tab.noun: record})
    make_line(**{tab.noun: record}, psa_status="synced")
    suggest_mappings(tab)

    page = mapper.get(url(tab, "accept_all")).text

    assert f"1 {tab.noun} will be mapped as listed" in page
    assert "1 unsynced invoice line will be filled" in page
    assert "4711" in page
    assert "100 %" in page
    assert mapped(record) is None


@BOTH
def test_accept_all_maps_what_was_shown_in_one_go(mapper: Client, tab: Tab) -> None:
    sure = [make_pair(tab, f"Contoso {word}") for word in ("Anchor", "Bridge", "Castle")]
    unsure, _ = make_pair(tab, "Fabrikam", connectwise_id=71)
    make_company(name="Fabrikam")
    make_product(name="Fabrikam")
    line = make_line(**{tab.noun: sure[0][0]})
    suggest_mappings(tab)
    mark = mark_of(mapper.get(url(tab, "accept_all")).text)

    response = mapper.post(url(tab, "accept_all"), {"mark": mark}, headers=HTMX)

    changes = MappingChange.objects.all()
    line.refresh_from_db()
    assert [mapped(record) for record, _ in sure] == [target for _, target in sure]
    assert mapped(unsure) is None
    assert getattr(line, tab.field) == sure[0][1]
    assert {(change.origin, change.user and change.user.username) for change in changes} == {
        ("suggestion", "olivia")
    }
    assert len({change.batch for change in changes}) == 1
    assert f"3 {tab.plural} are mapped; 1 line changed." in response.headers["HX-Trigger"]
    assert "mappingsChanged" in response.headers["HX-Trigger"]


def test_what_others_claim_needs_a_tick_of_its_own(mapper: Client) -> None:
    company = make_company(name="Contoso")
    first, second = make_organization(name="Contoso"), make_organization(name="CONTOSO")
    suggest_mappings(ORGANIZATIONS)
    page = mapper.get(url(ORGANIZATIONS, "accept_all")).text
    assert "Claimed by others too" in page

    mapper.post(
        url(ORGANIZATIONS, "accept_all"), {"mark": mark_of(page), "also": [first.pk]}, headers=HTMX
    )

    assert (mapped(first), mapped(second)) == (company, None)


@BOTH
@pytest.mark.parametrize("change", ["new", "gone", "mark"])
def test_a_list_that_changed_is_shown_again_and_maps_nothing(
    mapper: Client, tab: Tab, change: str
) -> None:
    record, target = make_pair(tab, "Contoso Anchor")
    suggest_mappings(tab)
    mark = mark_of(mapper.get(url(tab, "accept_all")).text)
    if change == "new":
        make_pair(tab, "Contoso Bridge")
        suggest_mappings(tab)
    if change == "gone":
        type(target).objects.update(inactive=True)
    if change == "mark":
        mark = "0" * 64

    response = mapper.post(url(tab, "accept_all"), {"mark": mark}, headers=HTMX)

    assert response.status_code == 422
    assert "Nothing was mapped: look at the list again." in response.text
    assert mapped(record) is None


@BOTH
@pytest.mark.parametrize("data", [{}, {"mark": ""}, {"mark": "x" * 65}, {"mark": "a", "also": "z"}])
def test_a_bad_form_maps_nothing(mapper: Client, tab: Tab, data: dict[str, str]) -> None:
    record, _ = make_pair(tab, "Contoso")
    suggest_mappings(tab)

    assert mapper.post(url(tab, "accept_all"), data).status_code == 422
    assert mapped(record) is None


@BOTH
def test_without_sure_ones_there_is_nothing_to_accept(mapper: Client, tab: Tab) -> None:
    page = mapper.get(url(tab, "accept_all")).text

    assert "has a suggestion of 95 % or more" in page
    assert not Company.objects.exists()
