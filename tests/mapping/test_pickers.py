"""What the pickers answer: order, twins told apart, what can't be chosen, and how fast."""

from datetime import date
from time import perf_counter

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from mapping.queries.pickers import Option, agreement_options, company_options, product_options
from mapping.services import set_company
from mapping.templatetags.pickers import marked
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import (
    make_agreement,
    make_agreement_type,
    make_company,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 18)


@pytest.fixture
def user() -> User:
    return make_user()


@pytest.fixture
def default_type() -> None:
    saved = ConnectWiseSettings.load()
    saved.default_agreement_type = make_agreement_type(name="Cloud services")
    saved.save()


def labels(options: list[Option]) -> list[str]:
    return [option.label for option in options]


def test_the_best_match_comes_first(user: User) -> None:
    for name in ("The Contoso Group", "Acontoso", "Contoso Zug", "Contoso AG", "Fabrikam"):
        make_company(name=name)

    found = labels(company_options(search="contoso", user=user))

    assert found == ["Contoso AG", "Contoso Zug", "The Contoso Group", "Acontoso"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("zurich", ["Café Zürich"]),
        ("ZÜR caf", ["Café Zürich"]),
        ("cafe zurich nowhere", []),
        ("k77", ["Café Zürich"]),
        ("zu", ["Café Zürich"]),
        ("ur", []),
        ("90001", ["Café Zürich"]),
        ("%", []),
        ("_", []),
        ("\\", []),
    ],
)
def test_search_knows_no_case_accents_or_order(user: User, search: str, found: list[str]) -> None:
    make_company(name="Café Zürich", identifier="K77", connectwise_id=90001)
    make_company(name="Other", identifier="O")

    assert labels(company_options(search=search, user=user)) == found


def test_the_record_with_that_id_beats_names(user: User) -> None:
    make_company(name="12 Monkeys", connectwise_id=5000)
    make_company(name="Zebra", connectwise_id=12)

    assert labels(company_options(search="12", user=user)) == ["Zebra", "12 Monkeys"]


@pytest.mark.parametrize("state", ["deleted", "inactive", "missing"])
def test_a_company_that_is_no_more_is_not_offered(user: User, state: str) -> None:
    make_company(name="Contoso", **{state: True})

    assert company_options(search="contoso", user=user) == []


@pytest.mark.parametrize(
    "state", [{"inactive": True}, {"missing": True}, {"product_class": "Bundle"}]
)
def test_a_product_that_cant_be_an_addition_is_not_offered(
    user: User, state: dict[str, object]
) -> None:
    make_product(name="Licence", **state)

    assert product_options(search="licence", user=user) == []


def test_twins_are_told_apart(user: User) -> None:
    make_company(name="Twin", connectwise_id=1, identifier="A", city="Bern", status="Active")
    make_company(name="Twin", connectwise_id=2, identifier="B", city="Basel")

    assert [one.second for one in company_options(search="twin", user=user)] == [
        "ID 1 · A · Bern · Active",
        "ID 2 · B · Basel",
    ]


def test_without_a_search_the_recently_used_come_first(user: User) -> None:
    make_company(name="Aardvark")
    for name in ("Older", "Newer"):
        set_company(
            organization=make_organization(),
            company=make_company(name=name),
            user=user,
            origin="picker",  # type: ignore[arg-type]
        )

    assert labels(company_options(search=" ", user=user)) == ["Newer", "Older", "Aardvark"]
    assert labels(company_options(search="", user=make_user())) == ["Aardvark", "Newer", "Older"]


def test_twenty_are_enough(user: User) -> None:
    for _ in range(25):
        make_company(name="Contoso")

    assert len(company_options(search="contoso", user=user)) == 20
    assert len(company_options(search="", user=user)) == 20


def test_live_agreements_come_first_and_closed_ones_cant_be_chosen(default_type: None) -> None:
    company = make_company()
    parent = make_agreement(company=company, name="Parent")
    make_agreement(company=company, name="Child", parent=parent)
    make_agreement(company=company, name="A ended", no_end=False, end_date=date(2026, 5, 17))
    make_agreement(company=company, name="B last day", no_end=False, end_date=TODAY)
    make_agreement(company=company, name="C cancelled", cancelled=True)
    make_agreement(company=company, name="D inactive", status="Inactive")
    make_agreement(company=company, name="E expired", status="Expired")
    make_agreement(company=company, name="F missing", missing=True)
    make_agreement(name="Of another company")

    options = agreement_options(company_ids=[company.pk], user=make_user(), search="", today=TODAY)

    assert [(one.label, one.disabled) for one in options] == [
        ("B last day", False),
        ("Child", False),
        ("Parent", False),
        ("Create new agreement", False),
        ("A ended", True),
        ("C cancelled", True),
        ("D inactive", True),
        ("E expired", True),
        ("F missing", True),
    ]
    seconds = {one.label: one.second for one in options}
    assert "child of Parent" in seconds["Child"]
    assert seconds["Create new agreement"] == "of type Cloud services, named after the contract"
    assert seconds["A ended"].endswith("ended 2026-05-17")
    assert options[3].value == "new"


def test_a_new_agreement_needs_a_default_type() -> None:
    [option] = agreement_options(
        company_ids=[make_company().pk], user=make_user(), search="", today=TODAY
    )

    assert option.disabled
    assert "Choose a default Agreement Type" in option.second


def test_agreements_are_searched_by_their_parent_too(default_type: None) -> None:
    company = make_company()
    parent = make_agreement(company=company, name="Umbrella")
    make_agreement(company=company, name="Seats", parent=parent)
    make_agreement(company=company, name="Other")

    options = agreement_options(
        company_ids=[company.pk], user=make_user(), search="umbr", today=TODAY
    )

    assert [one.label for one in options] == ["Seats", "Umbrella", "Create new agreement"]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Contoso", ["ont"], "C<mark>ont</mark>oso"),
        ("Café Zürich", ["cafe", "zur"], "<mark>Café</mark> <mark>Zür</mark>ich"),
        ("<b>&", ["b"], "&lt;<mark>b</mark>&gt;&amp;"),
        ("Straße", ["sse"], "Stra<mark>ße</mark>"),
        ("", ["a"], ""),
        ("Contoso", [], "Contoso"),
        ("aaaa", ["aa", "aaa"], "<mark>aaa</mark>a"),
    ],
)
def test_matched_letters_are_marked(text: str, words: list[str], expected: str) -> None:
    assert marked(text, words) == expected


# --- The addresses -------------------------------------------------------------------------------


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


PICKERS = ["pick_company", "pick_product", "pick_agreement"]


@pytest.mark.parametrize("name", PICKERS)
def test_signing_in_is_required(client: Client, name: str) -> None:
    assert client.get(reverse(f"mapping:{name}")).status_code == 302


@pytest.mark.parametrize("name", PICKERS)
def test_pickers_refuse_post(signed_in: Client, name: str) -> None:
    assert signed_in.post(reverse(f"mapping:{name}")).status_code == 405


def test_an_answer_is_a_list_of_options(signed_in: Client) -> None:
    company = make_company(name="Contoso", connectwise_id=7)

    page = signed_in.get(reverse("mapping:pick_company"), {"q": "toso"}).text

    assert f'data-value="{company.pk}" data-label="Contoso" data-connectwise-id="7"' in page
    assert "Con<mark>toso</mark>" in page


@pytest.mark.parametrize(
    ("name", "query", "told"),
    [
        ("pick_company", {"q": "zzz"}, "No company matches “zzz”."),
        ("pick_product", {"q": "zzz"}, "Load Products fetches new ones from ConnectWise."),
        ("pick_company", {}, "No company is here yet."),
        ("pick_agreement", {}, "Choose a PSA Organization first."),
        ("pick_agreement", {"company": "x"}, "Choose a PSA Organization first."),
        ("pick_agreement", {"company": "9" * 30}, "Choose a PSA Organization first."),
        ("pick_agreement", {"company": "999999"}, "Create new agreement"),
        ("pick_company", {"q": "\0" + "z" * 500}, "No company matches"),
    ],
)
def test_an_empty_answer_offers_the_next_step(
    signed_in: Client, name: str, query: dict[str, str], told: str
) -> None:
    assert told in signed_in.get(reverse(f"mapping:{name}"), query).text


def test_hostile_names_are_escaped(signed_in: Client) -> None:
    hostile = '<img src=x onerror=alert(1)>"'
    make_company(name=hostile, city=hostile)

    page = signed_in.get(reverse("mapping:pick_company"), {"q": "img"}).text

    assert "<img" not in page
    assert "&lt;<mark>img</mark>" in page


def test_fifty_thousand_companies_are_searched_quickly(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO psa_connectwise_company (connectwise_id, identifier, name, search_name,
                missing, updated_at, status, deleted, inactive, city, currency_code)
            SELECT n, 'c' || n, 'Company ' || n, 'company ' || n || ' c' || n,
                false, now(), '', false, false, '', '' FROM generate_series(1, 50000) n"""
        )
    company_options(search="warm up", user=user)

    # Generous, and the better of three: on an idle machine each takes a tenth of it.
    for search in ("", "co", "company", "4711", "comp 49 c4"):
        assert min(seconds_of(search, user) for _ in range(3)) < 0.5, search


def seconds_of(search: str, user: User) -> float:
    started = perf_counter()
    assert company_options(search=search, user=user)
    return perf_counter() - started
