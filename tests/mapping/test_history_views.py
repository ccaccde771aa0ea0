"""The history of all mappings, and what reverting shows, does and refuses (P13)."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mapping.models import MappingChange, Organization
from mapping.services import set_company, set_product
from mapping.services.choices import By, CompanyChoice
from mapping.services.mappings import set_companies
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
PICKER = MappingChange.Origin.PICKER
IMPORT = MappingChange.Origin.IMPORT
HISTORY = reverse("mapping:history")


def mapped(name: str = "Contoso", company: str = "Contoso Ltd") -> MappingChange:
    organization = make_line(organization=make_organization(name=name)).organization
    change = set_company(
        organization=organization,
        company=make_company(name=company, connectwise_id=4711 + organization.pk),
        user=make_user(),
        origin=PICKER,
    )
    assert change is not None
    return change


def imported(number: int) -> list[MappingChange]:
    choices = [
        CompanyChoice(organization_id=make_organization().pk, company=make_company())
        for _ in range(number)
    ]
    return set_companies(choices, by=By(user=None, origin=IMPORT, batch=uuid4()))


def revert_url(change: MappingChange) -> str:
    if change.batch:
        return reverse("mapping:revert_batch", args=[change.batch])
    return reverse("mapping:revert", args=[change.pk])


def mark_of(page: str) -> str:
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found
    return found[1]


def company_of(change: MappingChange) -> object:
    return Organization.objects.get(pk=change.organization_id or 0).company


# --- All changes ---------------------------------------------------------------------------------


def test_every_change_is_listed_newest_first(mapper: Client) -> None:
    first, second = mapped("First one"), mapped("Second one")

    page = mapper.get(HISTORY)

    assert [entry.change for entry in page.context["entries"]] == [second, first]
    for words in ("First one", "Contoso Ltd", "chosen on the tab", str(first.user), "Nothing"):
        assert words in page.text


def test_what_was_made_together_is_one_row_that_leads_to_all(mapper: Client) -> None:
    changes = imported(3)
    single = mapped()

    overview = mapper.get(HISTORY)
    whole = mapper.get(reverse("mapping:history_batch", args=[changes[0].batch]))

    assert [(entry.change.batch, entry.changes) for entry in overview.context["entries"]] == [
        (single.batch, 1),
        (changes[0].batch, 3),
    ]
    assert "3 mappings" in overview.text
    assert len(whole.context["entries"]) == 3
    assert "Revert all" in whole.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=alpha", {"Alpha"}),
        ("q=ALPHA+ltd", {"Alpha"}),
        ("q=beta+ltd", set()),
        ("q=nobody", set()),
        ("kind=organization", {"Alpha", "Beta"}),
        ("kind=offer", set()),
        ("kind=agreement", set()),
        ("kind=nonsense&q=%00", set()),
    ],
)
def test_search_and_kind_narrow_it(mapper: Client, query: str, shown: set[str]) -> None:
    mapped("Alpha", "Alpha Ltd")
    mapped("Beta", "Beta Inc")
    set_product(offer=make_offer(name="Gamma"), product=make_product(), user=None, origin=PICKER)

    response = mapper.get(f"{HISTORY}?{query}", headers=HTMX)

    names = {str(entry.change.organization) for entry in response.context["entries"]}
    assert names - {"None"} == shown


def test_a_search_finds_inside_what_was_made_together(mapper: Client) -> None:
    changes = imported(3)

    response = mapper.get(f"{HISTORY}?q={changes[0].organization}", headers=HTMX)

    assert changes[0] in [entry.change for entry in response.context["entries"]]


def test_pages_follow_each_other(mapper: Client) -> None:
    for _ in range(21):
        mapped()

    assert len(mapper.get(f"{HISTORY}?page=2").context["entries"]) == 1


def test_more_changes_cost_no_more_queries(mapper: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            mapper.get(HISTORY, headers=HTMX)
        return len(captured)

    mapped()
    imported(2)
    few = queries()
    for _ in range(5):
        mapped()
        imported(2)

    assert queries() == few


def test_an_empty_history_says_what_will_be_here(mapper: Client) -> None:
    assert "Nothing has been mapped yet" in mapper.get(HISTORY).text
    assert "No change matches" in mapper.get(f"{HISTORY}?q=x").text


def test_an_unknown_batch_is_not_found(mapper: Client) -> None:
    for name in ("history_batch", "revert_batch"):
        assert mapper.get(reverse(f"mapping:{name}", args=[uuid4()])).status_code == 404


def test_a_viewer_reads_and_can_not_revert(client: Client) -> None:
    change = mapped()
    client.force_login(make_user())

    assert revert_url(change) not in client.get(HISTORY).text
    assert client.get(revert_url(change)).status_code == 403


@pytest.mark.parametrize("path", [HISTORY, reverse("mapping:revert", args=[1])])
def test_signing_in_is_required(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/accounts/login/")


def test_hostile_names_are_escaped(mapper: Client) -> None:
    change = mapped("<script>alert(1)</script>", "<script>alert(2)</script>")

    for path in (HISTORY, revert_url(change)):
        assert "<script>alert" not in mapper.get(path).text


# --- Reverting -----------------------------------------------------------------------------------


def test_what_will_change_is_shown_first(mapper: Client) -> None:
    change = mapped()

    page = mapper.get(revert_url(change)).text

    assert "Revert a change of Contoso" in page
    assert "1 mapping will be as before, and 1 unsynced invoice line will change with it" in page
    assert "Revert 1 change" in page
    assert company_of(change) is not None


def test_a_revert_is_done_as_shown_and_told(mapper: Client) -> None:
    change = mapped()
    mark = mark_of(mapper.get(revert_url(change)).text)

    response = mapper.post(revert_url(change), {"mark": mark}, headers=HTMX)

    made = MappingChange.objects.latest("pk")
    assert company_of(change) is None
    assert (made.reverts, made.origin, str(made.user)) == (change, "revert", "olivia")
    assert "1 change is taken back; 1 line changed." in response.headers["HX-Trigger"]
    for event in ("closeDialog", "mappingsChanged"):
        assert event in response.headers["HX-Trigger"]


def test_a_whole_import_is_reverted(mapper: Client) -> None:
    changes = imported(3)
    page = mapper.get(revert_url(changes[0])).text
    assert "3 mappings will be as before" in page

    response = mapper.post(revert_url(changes[0]), {"mark": mark_of(page)}, headers=HTMX)

    assert not Organization.objects.exclude(company=None).exists()
    assert "3 changes are taken back" in response.headers["HX-Trigger"]


def test_what_stands_in_the_way_is_told_and_nothing_can_be_sent(mapper: Client) -> None:
    changes = imported(2)
    organization = Organization.objects.get(pk=changes[0].organization_id or 0)
    set_company(
        organization=organization,
        company=make_company(),
        user=make_user(username="quentin"),
        origin=PICKER,
    )

    page = mapper.get(revert_url(changes[0])).text

    assert "1 of them can't be reverted, so none is: later changes stand in the way." in page
    assert "quentin changed it later" in page
    assert 'type="submit"' not in page


def test_nothing_to_revert_is_told(mapper: Client) -> None:
    change = mapped()
    Organization.objects.update(company=None)

    assert "There is nothing to revert." in mapper.get(revert_url(change)).text


@pytest.mark.parametrize("mark", ["", "0" * 64, "nonsense"])
def test_another_plan_than_shown_is_not_done(mapper: Client, mark: str) -> None:
    change = mapped()

    response = mapper.post(revert_url(change), {"mark": mark}, headers=HTMX)

    assert response.status_code == 422
    assert "Nothing was reverted" in response.text
    assert company_of(change) is not None


def test_an_unknown_change_is_not_found(mapper: Client) -> None:
    assert mapper.get(reverse("mapping:revert", args=[999_999])).status_code == 404


def test_a_records_own_history_leads_to_the_revert(mapper: Client) -> None:
    change = mapped()
    path = reverse("mapping:organizations_history", args=[change.organization_id])

    assert revert_url(change) in mapper.get(path).text
