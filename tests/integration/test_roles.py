"""The three roles: the rights they hold, and that they are kept complete."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER, make_roles
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_user


def test_a_forbidden_page_says_whom_to_ask(open_gate: ConnectWiseSettings, viewer: Client) -> None:
    page = viewer.get("/settings/").text
    assert "An Administrator can do it" in page
    assert "Nothing was changed" in page


@pytest.mark.django_db
def test_roles_have_the_rights_of_the_contract() -> None:
    operator = make_user(role=OPERATOR)
    assert operator.get_all_permissions() == {
        "mapping.edit_mappings",
        "invoices.edit_lines",
        "invoices.load_invoices",
        "invoices.sync_invoices",
    }
    administrator = make_user(role=ADMINISTRATOR)
    assert administrator.get_all_permissions() > operator.get_all_permissions() | {
        "invoices.undo_sync"
    }
    assert not Group.objects.get(name=VIEWER).permissions.exists()


@pytest.mark.django_db
def test_making_the_roles_again_mends_them_and_keeps_what_was_added() -> None:
    operators = Group.objects.get(name=OPERATOR)
    undo = Group.objects.get(name=ADMINISTRATOR).permissions.get(codename="undo_sync")
    operators.permissions.remove(operators.permissions.get(codename="edit_lines"))
    operators.permissions.add(undo)
    make_roles()
    kept = set(operators.permissions.values_list("codename", flat=True))
    assert {"edit_lines", "undo_sync"} < kept
    assert Group.objects.count() == 3
