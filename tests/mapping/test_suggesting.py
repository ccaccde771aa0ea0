"""What is proposed for what is unmapped: from where, how sure, and what never (P11)."""

from typing import Any

import pytest

from mapping.models import MappingChange, OfferSuggestion, OrganizationSuggestion
from mapping.names import Kind, search_text
from mapping.queries.candidates import like_names
from mapping.services import set_company
from mapping.services.suggesting import suggest_for_all_tabs, suggest_mappings
from mapping.tabs import ORGANIZATIONS, PRODUCTS
from tests.factories import make_company, make_offer, make_organization, make_product, make_user
from tests.mapping.labelled import all_pairs

pytestmark = pytest.mark.django_db


def suggested() -> list[tuple[str, int, int, int, str]]:
    """Record, place, ConnectWise id, score, reason of every organization's suggestion."""
    rows = OrganizationSuggestion.objects.order_by("record__name", "place")
    return list(
        rows.values_list("record__name", "place", "target__connectwise_id", "score", "reason")
    )


def test_the_like_company_is_proposed_and_the_runner_up() -> None:
    make_organization(name="Nordwind Logistik GmbH")
    make_company(name="Nordwind Logistik Holding", connectwise_id=1)
    make_company(name="Nordwind Logistik", connectwise_id=2)
    make_company(name="Zebra Zoo", connectwise_id=3)

    assert suggest_mappings(ORGANIZATIONS) == 1

    first, second = suggested()
    assert first == ("Nordwind Logistik GmbH", 1, 2, 99, "Same name, GmbH aside")
    assert second[1:3] == (2, 1)
    assert second[3] < 95


@pytest.mark.parametrize("state", ["deleted", "inactive", "missing"])
def test_a_company_that_can_not_be_chosen_is_never_proposed(state: str) -> None:
    make_organization(name="Contoso", reference_number="CONTOSO-1")
    make_company(name="Contoso", identifier="CONTOSO-1", **{state: True})

    assert suggest_mappings(ORGANIZATIONS) == 0


@pytest.mark.parametrize(
    "given", [{"inactive": True}, {"missing": True}, {"product_class": "Bundle"}]
)
def test_a_product_that_can_not_be_chosen_is_never_proposed(given: dict[str, Any]) -> None:
    make_offer(name="Seats")
    make_product(name="Seats", **given)

    assert suggest_mappings(PRODUCTS) == 0


def test_a_reference_finds_a_company_of_another_name() -> None:
    make_organization(name="Contoso", reference_number="K-10021")
    make_company(name="Zebra", identifier="k10021", connectwise_id=5)

    suggest_mappings(ORGANIZATIONS)

    assert suggested() == [("Contoso", 1, 5, 100, "Reference # K-10021 is its identifier")]


def test_a_sku_finds_a_product() -> None:
    make_offer(name="Something", sku="CFQ7TTC0LFLX", vendor_name="Microsoft")
    product = make_product(name="Other words", identifier="CFQ7TTC0LFLX")

    suggest_mappings(PRODUCTS)

    [row] = OfferSuggestion.objects.all()
    assert (row.target, row.score, row.reason) == (
        product,
        100,
        "SKU CFQ7TTC0LFLX is its identifier",
    )


def test_namesakes_are_told_by_their_id_and_never_sure() -> None:
    make_organization(name="Contoso")
    make_company(name="Contoso", connectwise_id=71)
    make_company(name="Contoso", connectwise_id=72)

    suggest_mappings(ORGANIZATIONS)

    assert suggested() == [
        ("Contoso", 1, 71, 94, "Same name, but ID 72 may be it too"),
        ("Contoso", 2, 72, 94, "Same name, but ID 71 may be it too"),
    ]


def test_an_offer_follows_the_decision_for_its_namesake() -> None:
    product = make_product(name="Bundle of ours")
    given = {"name": "Visio Plan 2", "vendor_name": "Microsoft"}
    make_offer(**given, platform_id="OFF-1", product=product)
    make_offer(**given, platform_id="OFF-2")
    make_offer(name="Visio Plan 2", vendor_name="Another")

    suggest_mappings(PRODUCTS)

    [row] = OfferSuggestion.objects.all()
    assert (row.record.platform_id, row.target, row.score) == ("OFF-2", product, 100)
    assert row.reason == "As decided for OFF-1, which has the same name"


def test_torn_decisions_say_nothing() -> None:
    for _ in range(2):
        make_offer(name="Seats", product=make_product(name="Nothing like it"))
    make_offer(name="Seats")

    assert suggest_mappings(PRODUCTS) == 0


@pytest.mark.parametrize("named", ["Acronis Backup Basic 1", "Backup Basic 1"])
def test_the_makers_product_is_found_among_its_likes(named: str) -> None:
    make_offer(name="Backup Basic 1", vendor_name="Acronis")
    for maker in ("Adobe", "Cisco", "Dell", "Epson", "Fujitsu", "Google", "HP", "IBM", "Jabra"):
        make_product(name=f"{maker} Backup Basic 1")
    product = make_product(name=named)

    suggest_mappings(PRODUCTS)

    best = OfferSuggestion.objects.get(place=1)
    assert (best.target, best.score) == (product, 100)


def test_what_a_person_unmapped_is_never_sure_again() -> None:
    company = make_company(name="Contoso")
    organization = make_organization(name="Contoso", company=company)
    set_company(
        organization=organization,
        company=None,
        user=make_user(username="olivia"),
        origin=MappingChange.Origin.PICKER,
    )

    suggest_mappings(ORGANIZATIONS)

    [(_, _, _, score, reason)] = suggested()
    assert (score, reason) == (94, "Same name; unmapped by olivia before")


def test_a_dismissed_one_is_not_proposed_again() -> None:
    make_organization(name="Contoso")
    make_company(name="Contoso", connectwise_id=71)
    make_company(name="Contoso", connectwise_id=72)
    suggest_mappings(ORGANIZATIONS)
    OrganizationSuggestion.objects.filter(place=1).update(
        dismissed_by=make_user(), dismissed_at="2026-05-18T00:00Z"
    )

    suggest_mappings(ORGANIZATIONS)

    left = OrganizationSuggestion.objects.filter(dismissed_at=None)
    assert [(row.target.connectwise_id, row.score) for row in left] == [(72, 100)]


def test_mapped_records_get_none_and_lose_theirs() -> None:
    organization = make_organization(name="Contoso")
    company = make_company(name="Contoso")
    suggest_mappings(ORGANIZATIONS)
    organization.company = company
    organization.save()

    suggest_mappings(ORGANIZATIONS)

    assert suggested() == []


def test_three_are_kept_at_most() -> None:
    make_organization(name="Contoso")
    for _ in range(6):
        make_company(name="Contoso")

    suggest_mappings(ORGANIZATIONS)

    assert [place for _, place, *_ in suggested()] == [1, 2, 3]


def test_nothing_is_mapped_by_working_out() -> None:
    organization = make_organization(name="Contoso")
    make_company(name="Contoso")

    suggest_mappings(ORGANIZATIONS)

    organization.refresh_from_db()
    assert organization.company is None
    assert not MappingChange.objects.exists()


def test_a_mistake_of_ours_fails_nothing_that_it_follows(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_organization()
    monkeypatch.setattr("mapping.services.suggesting.like_names", lambda *_: 1 / 0)

    suggest_for_all_tabs()

    assert "The suggestions for organizations could not be worked out" in caplog.text


# --- Finding what is worth judging ---------------------------------------------------------------


def test_like_names_are_found_in_one_go_for_all() -> None:
    targets = {1: "nordwind logistik", 2: "nordwind logistik holding", 3: "zebra zoo"}

    found = like_names(
        [(10, "nordwnd logistik"), (11, "zebra zoo"), (12, "qqq")], targets, "organization"
    )

    assert found == {10: [1, 2], 11: [3]}


def test_records_of_one_name_find_the_same() -> None:
    assert like_names([(10, "contoso"), (11, "contoso")], {1: "contoso"}, "organization") == {
        10: [1],
        11: [1],
    }


@pytest.mark.parametrize(
    ("wanted", "targets"), [([], {1: "a"}), ([(1, "a")], {}), ([(1, "")], {2: ""})]
)
def test_nothing_finds_nothing(wanted: list[tuple[int, str]], targets: dict[int, str]) -> None:
    assert like_names(wanted, targets, "organization") == {}


def test_trade_words_alone_are_found_by_themselves() -> None:
    assert like_names([(10, "software solutions")], {1: "software solutions"}, "organization") == {
        10: [1]
    }


@pytest.mark.parametrize("kind", ["organization", "offer"])
def test_nearly_all_that_are_the_same_are_looked_at(kind: Kind) -> None:
    pairs = [pair for pair in all_pairs() if pair.kind == kind]
    targets = {at: search_text(pair.right, kind) for at, pair in enumerate(pairs)}
    wanted = [(at, search_text(pair.left, kind, pair.vendor)) for at, pair in enumerate(pairs)]

    found = like_names(wanted, targets, kind)

    same = [at for at, pair in enumerate(pairs) if pair.same]
    near = [at for at in same if targets[at] in {targets[one] for one in found.get(at, ())}]
    assert len(near) >= 0.95 * len(same), [pairs[at] for at in same if at not in near]
