"""Who may open what: role × address × method for the project's own pages (P3)."""

from ipaddress import IPv4Address
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER, make_roles
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_user
from tests.integration.conftest import SignIn

ROLES = ("nobody", "", VIEWER, OPERATOR, ADMINISTRATOR)
LOGIN, NO, YES, LED, WRONG = "login", 403, 200, 302, 405

# Address and method: what nobody, a user without a role, Viewer, Operator and Administrator get.
ACCESS = [
    ("get", "/", (LOGIN, YES, YES, YES, YES)),
    ("post", "/", (LOGIN, WRONG, WRONG, WRONG, WRONG)),
    ("post", "/reports/", (LOGIN, LED, LED, LED, LED)),
    ("get", "/reports/", (LOGIN, WRONG, WRONG, WRONG, WRONG)),
    ("get", "/logs/", (LOGIN, YES, YES, YES, YES)),
    ("post", "/logs/", (LOGIN, WRONG, WRONG, WRONG, WRONG)),
    ("get", "/logs/line/L-1/", (LOGIN, LED, LED, LED, LED)),
    ("get", "/settings/", (LOGIN, NO, NO, NO, YES)),
    ("post", "/settings/", (LOGIN, NO, NO, NO, LED)),
    ("put", "/settings/", (LOGIN, NO, NO, NO, WRONG)),
    ("post", "/settings/test/", (LOGIN, NO, NO, NO, YES)),
    ("get", "/settings/test/", (LOGIN, NO, NO, NO, WRONG)),
    ("get", "/settings/configuration/", (LOGIN, NO, NO, NO, YES)),
    ("post", "/settings/configuration/", (LOGIN, NO, NO, NO, 422)),
    ("post", "/settings/configuration/agreement-types/", (LOGIN, NO, NO, NO, LED)),
    ("get", "/settings/configuration/agreement-types/", (LOGIN, NO, NO, NO, WRONG)),
    ("get", "/settings/dictionary/", (LOGIN, YES, YES, YES, YES)),
    ("post", "/settings/dictionary/", (LOGIN, WRONG, WRONG, WRONG, WRONG)),
    ("get", "/accounts/login/", (YES, LED, LED, LED, LED)),
    ("post", "/accounts/logout/", (LED, LED, LED, LED, LED)),
    ("get", "/healthz", (YES, YES, YES, YES, YES)),
    ("post", "/healthz", (WRONG, WRONG, WRONG, WRONG, WRONG)),
]


@pytest.fixture(autouse=True)
def no_remotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.views.settings.check_connections", list)
    monkeypatch.setattr("integration.views.settings.fetch_agreement_types", lambda: 0)


@pytest.mark.parametrize(("method", "path", "answers"), ACCESS)
@pytest.mark.parametrize("role", ROLES)
def test_access(
    open_gate: ConnectWiseSettings,
    sign_in: SignIn,
    role: str,
    method: str,
    path: str,
    answers: tuple[object, ...],
) -> None:
    response = getattr(sign_in(role), method)(path)
    expected = answers[ROLES.index(role)]
    if expected == LOGIN:
        assert response.headers["Location"] == f"/accounts/login/?next={path}"
    else:
        assert response.status_code == expected


@pytest.fixture(autouse=True)
def own_address(client: Client) -> None:
    """Wrong passwords are counted by address, and the count outlives a test."""
    client.defaults["REMOTE_ADDR"] = str(IPv4Address(uuid4().int % 2**32))


def log_in(client: Client, password: str, username: str = "anna") -> int:
    data = {"username": username, "password": password}
    return client.post("/accounts/login/", data).status_code


@pytest.mark.django_db
def test_wrong_passwords_lock_that_user_out_here_for_a_while(client: Client) -> None:
    make_user(username="anna", password="correct horse")
    make_user(username="bert", password="battery staple")
    answers = [log_in(client, f"wrong {number}") for number in range(9)]

    assert answers[:7] == [200] * 7
    assert answers[-1] == 429
    assert log_in(client, "correct horse") == 429
    assert log_in(client, "battery staple", "bert") == 302


@pytest.mark.django_db
def test_a_right_password_forgets_the_wrong_ones(client: Client) -> None:
    make_user(username="anna", password="correct horse")
    for _ in range(3):
        for number in range(6):
            assert log_in(client, f"wrong {number}") == 200
        assert log_in(client, "correct horse") == 302
        client.post("/accounts/logout/")


@pytest.mark.django_db
def test_the_admin_pages_have_the_same_lock(client: Client) -> None:
    make_user(username="anna", password="correct horse", is_staff=True)
    data = {"username": "anna", "password": "wrong"}
    answers = [client.post("/admin/login/", data).status_code for _ in range(9)]
    assert answers[-1] == 429


def test_a_forbidden_page_says_whom_to_ask(open_gate: ConnectWiseSettings, viewer: Client) -> None:
    page = viewer.get("/settings/").text
    assert "An Administrator can do it" in page
    assert "Nothing was changed" in page


@pytest.mark.django_db
def test_roles_have_the_rights_of_the_contract() -> None:
    operator = make_user()
    operator.groups.add(Group.objects.get(name=OPERATOR))
    assert operator.get_all_permissions() == {
        "mapping.edit_mappings",
        "invoices.edit_lines",
        "invoices.load_invoices",
        "invoices.sync_invoices",
    }
    administrator = make_user()
    administrator.groups.add(Group.objects.get(name=ADMINISTRATOR))
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


def test_signing_in_and_out(open_gate: ConnectWiseSettings, client: Client) -> None:
    make_user(username="anna", password="correct horse")
    wrong = client.post("/accounts/login/", {"username": "anna", "password": "wrong"})
    assert "correct user" in wrong.text
    signed_in = client.post(
        "/accounts/login/?next=/logs/",
        {"username": "anna", "password": "correct horse", "next": "/logs/"},
    )
    assert signed_in.headers["Location"] == "/logs/"
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_signing_in_never_leads_to_another_site(client: Client, db: None) -> None:
    make_user(username="anna", password="correct horse")
    answer = client.post(
        "/accounts/login/",
        {"username": "anna", "password": "correct horse", "next": "https://evil.example/"},
    )
    assert answer.headers["Location"] == "/"
