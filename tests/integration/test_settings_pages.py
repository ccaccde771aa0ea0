"""Authentication, Configuration and Dictionary (P5, P6): what goes in, and what never comes out."""

from datetime import date

import pytest
import responses
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from integration.system_log.models import LogEntry
from invoices.models import InvoiceSettings, Posting
from platform_client.models import PlatformSettings
from psa_connectwise.models import AgreementType, ConnectWiseSettings
from tests.factories import make_agreement, make_agreement_type, make_line

PLANTED = ("public-key-planted-1234", "private-key-planted-5678")
HERE = "/settings/"
CONFIGURATION = "/settings/configuration/"
SAVED = {
    "connectwise_url": "https://na.myconnectwise.net",
    "connectwise_company_id": "acme",
    "connectwise_client_id": "client-id-planted-9012",
}


def choices(**changes: object) -> dict[str, object]:
    """The configuration form as it stands after a fresh start."""
    return {
        "default_agreement_type": "",
        "time_zone": "UTC",
        "reference_field": "serialNumber",
        "price_decimals": "4",
        "cancellation_policy": "ask",
        "cancellation_share": "20",
        "monthly_load_day": "2",
        "monthly_load_hour": "3",
        "daily_sync_hour": "5",
    } | changes


def post_an_addition() -> None:
    line, agreement = make_line(), make_agreement()
    Posting.objects.create(
        key="k", line=line, agreement=agreement, addition_id=9, last_period=date(2026, 5, 1)
    )


def test_a_saved_secret_is_shown_by_its_tail_only(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    page = administrator.get(HERE).text
    assert "••••1234" in page
    assert "••••5678" in page
    assert not any(secret in page for secret in PLANTED)


def test_secrets_are_saved_encrypted(administrator: Client) -> None:
    response = administrator.post(HERE, {**SAVED, "connectwise_private_key": PLANTED[1]})
    assert response.headers["Location"] == HERE
    assert ConnectWiseSettings.load().private_key == PLANTED[1]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT private_key FROM {ConnectWiseSettings._meta.db_table}")
        assert PLANTED[1] not in str(cursor.fetchone())


def test_an_empty_secret_keeps_the_stored_one(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    administrator.post(HERE, {**SAVED, "connectwise_public_key": "another-public-key-0000"})
    saved = ConnectWiseSettings.load()
    assert (saved.public_key, saved.private_key) == ("another-public-key-0000", PLANTED[1])


def test_what_is_not_secret_can_be_emptied(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    administrator.post(HERE, {**SAVED, "connectwise_company_id": ""})
    assert ConnectWiseSettings.load().company_id == ""


def test_the_platform_is_saved_too(administrator: Client) -> None:
    administrator.post(
        HERE, {"platform_url": "https://p.example/", "platform_api_key": "planted-platform-key"}
    )
    saved = PlatformSettings.load()
    assert (saved.api_url, saved.api_key) == ("https://p.example", "planted-platform-key")


def test_the_log_says_who_changed_what_and_never_to_what(administrator: Client) -> None:
    administrator.post(HERE, {**SAVED, "connectwise_private_key": PLANTED[1]})
    entry = LogEntry.objects.get()
    user = User.objects.get()
    assert entry.summary == (
        f"Settings changed by {user}: ConnectWise API URL, Company ID, private key, client ID"
    )


def test_saving_nothing_new_says_so_and_logs_nothing(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    response = administrator.post(HERE, SAVED, follow=True)
    assert "Nothing to save." in response.text
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://na.myconnectwise.net",
        "ftp://na.myconnectwise.net",
        "https://user:password@na.myconnectwise.net",
        "https://",
        "na.myconnectwise.net",
        "https://na.myconnectwise.net/?a=1",
        "https://na.myconnectwise.net/#a",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "http://127.0.0.1.evil.example/",
    ],
)
@pytest.mark.parametrize("field", ["connectwise_url", "platform_url"])
def test_an_unsafe_address_is_refused_at_its_field(
    administrator: Client, url: str, field: str
) -> None:
    response = administrator.post(HERE, {field: url})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert ConnectWiseSettings.load().url == PlatformSettings.load().api_url == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:8020", "http://localhost:8020"])
def test_plain_http_is_taken_on_loopback(administrator: Client, url: str) -> None:
    assert administrator.post(HERE, {"connectwise_url": url}).status_code == 302


@pytest.mark.parametrize("field", ["connectwise_url", "connectwise_company_id"])
def test_moving_to_another_connectwise_after_posting_warns_first(
    open_gate: ConnectWiseSettings, administrator: Client, field: str
) -> None:
    post_an_addition()
    moved = {**SAVED, field: "https://eu.myconnectwise.net"}
    response = administrator.post(HERE, moved)
    assert response.status_code == 422
    assert "1 Additions were posted to this ConnectWise" in response.text
    assert administrator.post(HERE, {**moved, "confirm_move": "on"}).status_code == 302


def test_a_new_key_after_posting_needs_no_confirmation(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    post_an_addition()
    changed = {**SAVED, "connectwise_private_key": "another-private-key-0000"}
    assert administrator.post(HERE, changed).status_code == 302


def test_a_typed_secret_does_not_come_back_with_an_error(administrator: Client) -> None:
    response = administrator.post(
        HERE, {"connectwise_url": "nonsense", "connectwise_private_key": PLANTED[1]}
    )
    assert response.status_code == 422
    assert PLANTED[1] not in response.text


def test_a_value_of_the_environment_is_named_not_shown(
    administrator: Client, settings: LazySettings
) -> None:
    settings.PLATFORM_API_KEY = "planted-platform-key"
    page = administrator.get(HERE).text
    assert "In force now: PLATFORM_API_KEY of the environment." in page
    assert "planted" not in page


def test_a_lost_encryption_key_is_told_and_can_be_mended(
    open_gate: ConnectWiseSettings, administrator: Client, settings: LazySettings
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="]
    assert "FIELD_ENCRYPTION_KEY no longer opens it" in administrator.get(HERE).text
    assert administrator.get(CONFIGURATION).status_code == 200
    keys = {"connectwise_public_key": PLANTED[0], "connectwise_private_key": PLANTED[1]}
    assert administrator.post(HERE, {**SAVED, **keys}).status_code == 302
    assert ConnectWiseSettings.load().private_key == PLANTED[1]


def test_the_test_answers_htmx_with_its_lines_and_others_with_the_page(
    administrator: Client, settings: LazySettings
) -> None:
    settings.PLATFORM_URL = settings.CONNECTWISE_URL = ""
    part = administrator.post("/settings/test/", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "Platform: Address and key" in part.text
    page = administrator.post("/settings/test/")
    assert "<html" in page.text
    assert "ConnectWise is not set up" in page.text


def test_configuration_is_saved_field_by_field(administrator: Client) -> None:
    agreement_type = make_agreement_type(name="Managed Services")
    response = administrator.post(
        CONFIGURATION,
        choices(
            default_agreement_type=agreement_type.pk,
            time_zone="Europe/Berlin",
            price_decimals="2",
            cancellation_policy="skip",
        ),
    )
    assert response.headers["Location"] == CONFIGURATION
    remote, ours = ConnectWiseSettings.load(), InvoiceSettings.load()
    assert (remote.default_agreement_type, remote.price_decimals) == (agreement_type, 2)
    assert remote.default_type_seeded
    assert (ours.time_zone, ours.cancellation_policy) == ("Europe/Berlin", "skip")
    entry = LogEntry.objects.get()
    assert "Default Agreement Type, Time zone of the business, Decimals" in entry.summary


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"price_decimals": "3"},
        {"cancellation_policy": "always"},
        {"reference_field": ""},
        {"default_agreement_type": "999999"},
    ],
)
def test_a_choice_that_is_none_is_refused_at_its_field(
    administrator: Client, wrong: dict[str, str]
) -> None:
    response = administrator.post(CONFIGURATION, choices(**wrong))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == list(wrong)


def test_types_that_cannot_be_used_are_not_offered(administrator: Client) -> None:
    make_agreement_type(name="Usable")
    make_agreement_type(name="Asleep", inactive=True)
    make_agreement_type(name="Vanished", missing=True)
    page = administrator.get(CONFIGURATION).text
    assert "Usable" in page
    assert "Asleep" not in page
    assert "Vanished" not in page


def test_before_they_are_read_it_says_which_one_the_environment_has_chosen(
    administrator: Client, settings: LazySettings
) -> None:
    settings.DEFAULT_AGREEMENT_TYPE = "Cloud Subscriptions"

    assert "Once they are, Cloud Subscriptions is chosen" in administrator.get(CONFIGURATION).text


@responses.activate
def test_agreement_types_are_read_on_demand(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    site = "https://na.myconnectwise.net"
    api = "https://api-na.myconnectwise.net/v4_6_release/apis/3.0"
    responses.get(f"{site}/login/companyinfo/acme", json=None)
    responses.get(f"{api}/finance/agreements/types", json=[{"id": 70, "name": "Cloud"}])
    response = administrator.post(f"{CONFIGURATION}agreement-types/", follow=True)
    assert "ConnectWise has 1 agreement type." in response.text
    assert AgreementType.objects.filter(connectwise_id=70).exists()


def test_agreement_types_that_cannot_be_read_say_why(
    administrator: Client, settings: LazySettings
) -> None:
    settings.CONNECTWISE_URL = ""
    response = administrator.post(f"{CONFIGURATION}agreement-types/", follow=True)
    assert "ConnectWise is not set up" in response.text


@pytest.mark.parametrize("pair", [("Organization", "Company"), ("Contract", "Agreement")])
def test_the_dictionary_shows_both_words(
    open_gate: ConnectWiseSettings, viewer: Client, pair: tuple[str, str]
) -> None:
    page = viewer.get("/settings/dictionary/").text
    assert all(word in page for word in pair)
    assert "/settings/configuration/" not in page
