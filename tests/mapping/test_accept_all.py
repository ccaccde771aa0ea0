"""Everything that is sure is accepted at once: exactly what was shown, or nothing (P11)."""

import re

import pytest
from django.test import Client

from mapping.models import MappingChange
from mapping.services.suggesting import suggest_mappings
from mapping.tabs import ORGANIZATIONS, Tab
from psa_connectwise.models import Company
from tests.factories import (
    make_company,
    make_line,
    make_organization,
    make_product,
)
from tests.mapping.kit import BOTH, HTMX, make_pair, mapped, url
from tests.mapping.reseller import SYLLABLES

pytestmark = pytest.mark.django_db


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


def test_a_long_list_comes_in_parts_and_is_accepted_whole(mapper: Client) -> None:
    names = [f"{one}{two}mann" for one in SYLLABLES[:13] for two in SYLLABLES[13:26]][:130]
    pairs = [make_pair(ORGANIZATIONS, name.title()) for name in names]
    suggest_mappings(ORGANIZATIONS)
    address = url(ORGANIZATIONS, "accept_all")

    page = mapper.get(address).text
    sure = int(re.findall(r"(\d+) organizations will be mapped", page)[0])
    assert sure > 110  # the others are too alike
    assert page.count("<tr>") == 1 + 100
    assert f"Show the last {sure - 100}" in page

    mark = mark_of(page)
    rest = mapper.get(f"{address}?part=clear&start=100&mark={mark}").text
    assert rest.count("<tr>") == sure - 100
    assert "<button" not in rest

    mapper.post(address, {"mark": mark}, headers=HTMX)
    assert sum(mapped(record) == target for record, target in pairs) == sure


def test_a_part_of_a_list_that_changed_is_the_whole_of_it_anew(mapper: Client) -> None:
    make_pair(ORGANIZATIONS, "Contoso")
    suggest_mappings(ORGANIZATIONS)
    address = url(ORGANIZATIONS, "accept_all")

    answer = mapper.get(f"{address}?part=clear&start=100&mark=old", headers=HTMX)

    assert answer.headers["HX-Retarget"] == "#dialog-body"
    assert "look at the list again" in answer.text
    for wrong in ("part=wat&start=1", "part=clear&start=x", "part=clear"):
        assert mapper.get(f"{address}?{wrong}").status_code == 400
