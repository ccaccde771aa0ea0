"""What stays closed until ConnectWise is connected and an agreement type chosen (P2, P3)."""

import pytest
from django.conf import LazySettings
from django.test import Client

from integration.gate import read_gate
from psa_connectwise.models import AgreementType, ConnectWiseSettings
from tests.factories import make_user
from tests.integration.conftest import SignIn

BANNER = (
    "To complete the integration setup, please navigate to the Configuration tab and select an "
    "Agreement Type. Dashboard, mapping, and synchronization features will remain unavailable "
    "until this step is completed."
)
BEHIND = ["/", "/mapping/organizations/", "/mapping/products/", "/mapping/invoices/", "/logs/"]
FREE = ["/settings/", "/settings/configuration/", "/settings/dictionary/", "/healthz"]


@pytest.fixture
def no_credentials(settings: LazySettings) -> None:
    for name in ("URL", "COMPANY_ID", "PUBLIC_KEY", "PRIVATE_KEY", "CLIENT_ID"):
        setattr(settings, f"CONNECTWISE_{name}", "")


@pytest.fixture
def no_type(open_gate: ConnectWiseSettings) -> ConnectWiseSettings:
    open_gate.default_agreement_type = None
    open_gate.save()
    return open_gate


@pytest.mark.parametrize("path", BEHIND)
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_credentials_an_administrator_is_led_to_authentication(
    no_credentials: None, administrator: Client, path: str, method: str
) -> None:
    response = getattr(administrator, method)(path)
    assert (response.status_code, response.headers["Location"]) == (302, "/settings/")
    assert "Save the ConnectWise credentials first" in administrator.get("/settings/").text


@pytest.mark.parametrize("path", BEHIND)
@pytest.mark.parametrize("role", ["Viewer", "Operator"])
def test_without_credentials_others_are_told_whom_to_ask(
    no_credentials: None, sign_in: SignIn, path: str, role: str
) -> None:
    response = sign_in(role).get(path)
    assert response.status_code == 403
    assert "Ask an Administrator" in response.text


@pytest.mark.parametrize("path", FREE)
def test_without_credentials_settings_and_health_answer(
    no_credentials: None, administrator: Client, path: str
) -> None:
    assert administrator.get(path).status_code == 200


def test_htmx_is_led_there_too(no_credentials: None, administrator: Client) -> None:
    response = administrator.post("/mapping/organizations/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/settings/"


def test_before_signing_in_nobody_is_told_anything(no_credentials: None, client: Client) -> None:
    response = client.get("/")
    assert response.headers["Location"] == "/accounts/login/?next=/"


@pytest.mark.parametrize("path", [path for path in BEHIND if path != "/logs/"])
def test_without_an_agreement_type_work_is_closed(
    no_type: ConnectWiseSettings, administrator: Client, path: str
) -> None:
    response = administrator.get(path)
    assert response.headers["Location"] == "/settings/configuration/"


@pytest.mark.parametrize("path", ["/settings/", "/settings/dictionary/", "/logs/"])
def test_without_an_agreement_type_every_page_says_so(
    no_type: ConnectWiseSettings, administrator: Client, path: str
) -> None:
    response = administrator.get(path)
    assert response.status_code == 200
    assert BANNER in response.text


def test_a_finished_setup_shows_no_banner(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    response = administrator.get("/")
    assert response.status_code == 200
    assert BANNER not in response.text


@pytest.mark.parametrize("field", ["url", "company_id", "public_key", "private_key", "client_id"])
def test_each_credential_is_needed(
    open_gate: ConnectWiseSettings, no_credentials: None, field: str
) -> None:
    setattr(open_gate, field, "")
    open_gate.save()
    assert read_gate() == "credentials"


def test_the_environment_fills_what_the_database_lacks(
    open_gate: ConnectWiseSettings, no_credentials: None, settings: LazySettings
) -> None:
    open_gate.private_key = ""
    open_gate.save()
    settings.CONNECTWISE_PRIVATE_KEY = "from-the-environment"
    assert read_gate() is None


def test_a_type_that_the_environment_names_counts_until_the_types_are_read(
    no_type: ConnectWiseSettings, settings: LazySettings
) -> None:
    settings.DEFAULT_AGREEMENT_TYPE = "Managed Services"
    assert read_gate() == "agreement_type"
    AgreementType.objects.all().delete()
    assert read_gate() is None


def test_a_lost_encryption_key_does_not_close_the_gate(
    open_gate: ConnectWiseSettings, settings: LazySettings
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="]
    assert read_gate() is None


def test_the_gate_costs_one_query(
    open_gate: ConnectWiseSettings, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        read_gate()


@pytest.mark.parametrize("path", ["/", "/mapping/invoices/", "/logs/", "/settings/dictionary/"])
def test_without_a_role_nothing_is_shown(
    open_gate: ConnectWiseSettings, sign_in: SignIn, path: str
) -> None:
    page = sign_in("").get(path)
    assert page.status_code == 403
    assert "You are signed in, and have no role yet" in page.text
    assert "Sign out" in page.text


def test_a_single_right_is_a_role_too(open_gate: ConnectWiseSettings, client: Client) -> None:
    client.force_login(make_user("invoices.edit_lines", role=""))
    assert client.get("/").status_code == 200
