"""The frame of every page (P1): navigation by gate and role, the banner, numbers, the strict policy."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.template import Context, Template
from django.test import Client, RequestFactory

from integration.roles import make_roles
from integration.templatetags.linebridge import grouped
from mapping.markup import amount, icon, quantity
from tests.factories import make_user

BANNER = (
    "To complete the integration setup, please navigate to the Configuration tab and select an"
    " Agreement Type. Dashboard, mapping, and synchronization features will remain unavailable"
    " until this step is completed."
)
FRAME = Template('{% extends "base.html" %}')


def frame(gate: str | None, role: str | None = None) -> str:
    request = RequestFactory().get("/mapping/invoices/")
    request.user = make_user()
    if role:
        make_roles()
        request.user.groups.add(Group.objects.get(name=role))
    return FRAME.render(Context({"request": request, "user": request.user, "gate": gate}))


@pytest.mark.parametrize(
    ("gate", "disabled"), [(None, 0), ("agreement_type", 2), ("credentials", 3)]
)
def test_the_gate_disables_what_is_not_set_up(db: None, gate: str | None, disabled: int) -> None:
    shown = frame(gate)
    assert shown.count('aria-disabled="true"') == disabled
    assert (BANNER in shown) == (gate == "agreement_type")


def test_the_navigation_keeps_its_order(db: None) -> None:
    shown = frame(None)
    places = [
        shown.index(f">{name}<") for name in ("Dashboard", "Mapping", "System Logs", "Settings")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("role", "settings"),
    [("Viewer", "/settings/dictionary/"), ("Administrator", '"/settings/"')],
)
def test_settings_open_where_the_role_may_go(db: None, role: str, settings: str) -> None:
    shown = frame(None, role)
    assert settings in shown
    assert role in shown


@pytest.mark.parametrize(
    ("value", "money", "number"),
    [
        ("0", "0.00", "0"),
        ("1234567.5", "1,234,567.50", "1,234,567.5"),
        ("-3.000000", "-3.00", "-3"),
        ("0.000001", "0.000001", "0.000001"),
    ],
)
def test_numbers_are_grouped_and_never_rounded(value: str, money: str, number: str) -> None:
    assert (amount(Decimal(value)), quantity(Decimal(value))) == (money, number)


def test_counts_are_grouped() -> None:
    assert grouped(1204) == "1,204"


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icon("check")


def test_no_page_holds_inline_script_or_style(client: Client, db: None) -> None:
    page = client.get("/accounts/login/")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    text = page.content.decode()
    assert " style=" not in text
    assert text.count("<script") == text.count("<script src=") + text.count(
        '<script type="module" src='
    )
