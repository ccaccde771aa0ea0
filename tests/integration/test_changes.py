"""Who changed what in settings, rules, names and users: kept, and shown to Administrators."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER
from invoices.models import ChargeDateRule
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_agreement_type, make_user
from tests.integration.test_settings_pages import CONFIGURATION, SAVED, choices

HISTORY = "/settings/changes/"
RULE = {"charge_type": "Cycle Fee", "slot": "end", "kind": "no_date", "day": ""}
RULES = "/admin/invoices/chargedaterule/"
pytestmark = pytest.mark.usefixtures("open_gate")


@pytest.fixture
def chief(client: Client) -> Client:
    """An Administrator with Staff status, called Carla."""
    user = make_user(username="carla", role=ADMINISTRATOR, is_staff=True)
    client.force_login(user)
    return client


def told() -> list[str]:
    """What is kept, newest first, as the page shows it."""
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("-id")]


def test_a_setting_is_kept_with_its_value_before_and_after(chief: Client) -> None:
    kind = make_agreement_type(name="Cloud")
    chief.post(
        CONFIGURATION,
        choices(
            time_zone="Europe/Berlin",
            monthly_load="on",
            monthly_load_hour="4",
            default_agreement_type=kind.pk,
        ),
    )
    assert told() == [
        "Default Agreement Type: Managed Services → Cloud; "
        "Time zone of the business: UTC → Europe/Berlin; "
        "Monthly load: off → on; Hour of the monthly load: 03:00 → 04:00"
    ]
    page = chief.get(HISTORY).text
    assert "carla" in page
    assert "UTC → Europe/Berlin" in page


def test_an_address_is_kept_and_a_secret_only_named(chief: Client) -> None:
    secrets = {
        "connectwise_private_key": "private-key-planted-new",
        "platform_api_key": "platform-key-planted-new",
        "connectwise_client_id": "client-id-planted-new",
    }
    chief.post("/settings/", {**SAVED, **secrets, "platform_url": "https://p.example"})
    assert told() == [
        "Platform API URL: none → https://p.example; Platform API key: changed",
        "private key: changed; client ID: changed",
    ]
    assert "planted" not in chief.get(HISTORY).text


def test_what_was_not_changed_is_not_kept(chief: Client) -> None:
    chief.post("/settings/", SAVED)
    kind = ConnectWiseSettings.load().default_agreement_type_id
    chief.post(CONFIGURATION, choices(default_agreement_type=kind))
    assert told() == []


def test_a_rule_is_kept_as_it_was_made_changed_and_removed(chief: Client) -> None:
    chief.post(f"{RULES}add/", RULE)
    rule = ChargeDateRule.objects.get()
    chief.post(f"{RULES}{rule.pk}/change/", {**RULE, "kind": "fixed_day", "day": "10"})
    chief.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"})
    assert told()[1:] == [
        "What to do: No date (end only) → Fixed day of month; Day of month: none → 10",
        "Charge type: Cycle Fee; Date: Charge End Date; What to do: No date (end only)",
    ]
    page = chief.get(HISTORY).text
    assert page.index("<b>Removed.</b>") < page.index("<b>Added.</b>")


def test_a_role_is_kept_by_name(chief: Client) -> None:
    user = make_user(username="otto", role=VIEWER)
    chief.post(
        f"/admin/auth/user/{user.pk}/change/",
        {
            "username": "otto",
            "is_active": "on",
            "date_joined_0": user.date_joined.date().isoformat(),
            "date_joined_1": user.date_joined.strftime("%H:%M:%S"),
            "groups": Group.objects.get(name=OPERATOR).pk,
        },
    )
    assert told() == ["Groups: Viewer → Operator"]
    assert "otto" in chief.get(HISTORY).text


def test_a_new_user_is_kept_without_the_password(chief: Client) -> None:
    password = "battery staple planted"
    values = {"usable_password": "true", "password1": password, "password2": password}
    chief.post("/admin/auth/user/add/", {"username": "nina", **values})
    assert User.objects.filter(username="nina").exists()
    assert "Username: nina" in told()[0]
    assert "planted" not in told()[0]


def test_re_applying_the_rules_is_kept(chief: Client) -> None:
    chief.post(f"{RULES}reapply/")
    assert told() == ["Re-applied the rules: 0 lines changed."]


def test_a_user_is_switched_off_and_never_deleted(chief: Client, admin_client: Client) -> None:
    """Deleting would take away all that is kept of what they did."""
    user = make_user(username="gone")
    page = f"/admin/auth/user/{user.pk}/delete/"
    assert chief.post(page, {"post": "yes"}).status_code == 403
    assert admin_client.post(page, {"post": "yes"}).status_code == 403
    assert User.objects.filter(username="gone").exists()


def test_an_administrator_gets_staff_status_with_the_role(chief: Client) -> None:
    user = make_user(username="anna")
    values = {"date_joined_0": "2026-05-01", "date_joined_1": "10:00", "is_active": "on"}
    role = Group.objects.get(name=ADMINISTRATOR).pk
    page = chief.post(
        f"/admin/auth/user/{user.pk}/change/",
        {"username": "anna", "groups": role, **values},
        follow=True,
    )
    assert "Anna got Staff status too" in page.text
    assert User.objects.get(username="anna").is_staff


@pytest.mark.parametrize(
    ("search", "found"),
    [("berlin", 1), ("carla", 2), ("charge-date rule", 1), ("nobody", 0)],
)
def test_changes_are_searched_by_who_what_and_value(chief: Client, search: str, found: int) -> None:
    kind = ConnectWiseSettings.load().default_agreement_type_id
    chief.post(CONFIGURATION, choices(default_agreement_type=kind, time_zone="Europe/Berlin"))
    chief.post(f"{RULES}add/", RULE)
    page = chief.get(HISTORY, {"q": search})
    assert page.context["page"].total == found


def test_only_administrators_see_the_history(operator: Client, viewer: Client) -> None:
    assert operator.get(HISTORY).status_code == viewer.get(HISTORY).status_code == 403


def test_htmx_gets_the_part_and_pages_hold_twenty(chief: Client) -> None:
    user = User.objects.get(username="carla")
    for number in range(25):
        LogEntry.objects.log_actions(user.pk, [user], 2, f"n{number}", single_object=True)
    part = chief.get(HISTORY, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="changes"')
    assert len(part.context["entries"]) == 20
    assert "n4" in chief.get(f"{HISTORY}?page=2").text
