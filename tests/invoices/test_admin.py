"""Charge-date rules, display names and settings in Django admin (P6, P7, P8)."""

from typing import Any

import pytest
from django.test import Client

from invoices.models import ChargeDateRule, ChargeTypeName
from tests.factories import make_line, make_user

pytestmark = pytest.mark.django_db

RULES = "/admin/invoices/chargedaterule/"
NAMES = "/admin/invoices/chargetypename/"


@pytest.fixture
def admin_client(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def add_rule(client: Client, **values: Any) -> Any:
    given = {"charge_type": "Cycle Fee", "slot": "end", "kind": "start_month_last", "day": ""}
    return client.post(f"{RULES}add/", {**given, **values})


def errors(response: Any) -> str:
    return str(response.context["adminform"].form.errors.as_text())


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"charge_type": ""},
        {"kind": "no_date"},
        {"kind": "fixed_day", "day": "31"},
        {"slot": "start", "kind": "next_month_first"},
    ],
)
def test_a_rule_is_made(admin_client: Client, values: dict[str, str]) -> None:
    assert add_rule(admin_client, **values).status_code == 302
    rule = ChargeDateRule.objects.get()
    assert rule.charge_type == values.get("charge_type", "Cycle Fee")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"slot": "start", "kind": "no_date"}, "A Charge Start Date is always sent"),
        ({"kind": "fixed_day"}, "Give a day (1 to 31) with “Fixed day of month”"),
        ({"kind": "fixed_day", "day": "32"}, "less than or equal to 31"),
        ({"day": "5"}, "and none with any other rule"),
        ({"charge_type": "Cycle fee"}, "Select a valid choice"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(
    admin_client: Client, values: dict[str, str], said: str
) -> None:
    assert said in errors(add_rule(admin_client, **values))
    assert not ChargeDateRule.objects.exists()


@pytest.mark.parametrize("charge_type", ["Cycle Fee", ""])
def test_two_rules_for_the_same_slot_are_refused(admin_client: Client, charge_type: str) -> None:
    add_rule(admin_client, charge_type=charge_type)
    second = add_rule(admin_client, charge_type=charge_type, kind="no_date")
    assert "This charge type has a rule for this date already" in errors(second)
    assert ChargeDateRule.objects.count() == 1


def test_a_rule_of_a_type_we_do_not_know_can_still_be_changed(admin_client: Client) -> None:
    rule = ChargeDateRule.objects.create(charge_type="LateFee", slot="end", kind="no_date")
    values = {"charge_type": "LateFee", "slot": "end", "kind": "start_month_last", "day": ""}
    assert admin_client.post(f"{RULES}{rule.pk}/change/", values).status_code == 302
    rule.refresh_from_db()
    assert rule.kind == "start_month_last"


@pytest.mark.parametrize("page", [RULES, f"{RULES}add/", NAMES, f"{NAMES}add/"])
def test_pages_answer_administrators_and_nobody_else(
    admin_client: Client, client: Client, page: str
) -> None:
    ChargeDateRule.objects.create(slot="end", kind="no_date")
    ChargeTypeName.objects.create(charge_type="Cycle Fee", display_name="Monthly fee")
    assert admin_client.get(page).status_code == 200
    client.force_login(make_user(is_staff=True))
    assert client.get(page).status_code == 403


def test_a_charge_type_has_one_name(admin_client: Client) -> None:
    values = {"charge_type": "Cycle Fee", "display_name": "Monthly fee"}
    assert admin_client.post(f"{NAMES}add/", values).status_code == 302
    assert "already exists" in errors(admin_client.post(f"{NAMES}add/", values))


def effect(client: Client, **values: Any) -> str:
    given = {"charge_type": "Cycle Fee", "slot": "end", "kind": "start_month_last", "day": ""}
    return str(client.get(f"{RULES}effect/", {**given, **values}).content.decode())


def test_the_page_of_a_rule_tells_what_each_choice_does(admin_client: Client) -> None:
    page = admin_client.get(f"{RULES}add/").content.decode()
    row = '<th scope="row">First day of the following month</th><td>2026-06-01</td>'
    assert f"{row}<td>2026-06-01</td>" in page
    assert "a start always has a date" in page


def test_the_effect_of_a_rule_is_shown_before_it_is_saved(admin_client: Client) -> None:
    line = make_line(charge_type="Cycle Fee")
    shown = effect(admin_client)
    assert "1 of 1 unsynced lines would change" in shown
    assert line.platform_id in shown
    assert not ChargeDateRule.objects.exists()


def test_the_effect_of_an_edited_rule_is_seen_without_the_rule_as_it_was(
    admin_client: Client,
) -> None:
    make_line(charge_type="Cycle Fee")
    add_rule(admin_client)
    rule = ChargeDateRule.objects.get()
    assert "would change" in effect(admin_client, rule=rule.pk, kind="end_month_last")
    assert "has a rule for this date already" in effect(admin_client)


def test_the_effect_of_an_empty_form_says_what_to_choose(admin_client: Client) -> None:
    shown = effect(admin_client, slot="", kind="")
    assert "Not known yet: choose “Date” and “What to do” first." in shown


def test_the_effect_of_a_rule_that_makes_no_sense_says_so(admin_client: Client) -> None:
    assert "Give a day (1 to 31)" in effect(admin_client, kind="fixed_day")


def test_rules_are_re_applied_after_a_yes(admin_client: Client) -> None:
    line = make_line(charge_type="Cycle Fee")
    add_rule(admin_client)
    assert "Re-apply to 1 unsynced line…" in admin_client.get(RULES).content.decode()

    asked = admin_client.get(f"{RULES}reapply/").content.decode()
    assert "1 of 1 unsynced lines would change" in asked
    line.refresh_from_db()
    assert line.charge_end_date_source == "none"

    told = admin_client.post(f"{RULES}reapply/", follow=True).content.decode()
    assert "The rules were re-applied: 1 line changed." in told
    line.refresh_from_db()
    assert line.charge_end_date_source == "system"


@pytest.mark.parametrize("address", ["effect/", "reapply/"])
def test_only_who_may_change_rules_sees_effects_and_re_applies(
    client: Client, address: str
) -> None:
    client.force_login(make_user(is_staff=True))
    assert client.get(f"{RULES}{address}").status_code == 403
