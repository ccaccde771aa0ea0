"""Links into ConnectWise's web client."""

import pytest
import requests
from pytest_django import Settings

from psa_connectwise.links import agreement_url
from psa_connectwise.sandbox import start

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://na.myconnectwise.net", "https://na.myconnectwise.net"),
        ("https://api-eu.myconnectwise.net", "https://eu.myconnectwise.net"),
        ("https://psa.example.com", "https://psa.example.com"),
    ],
)
def test_an_agreement_opens_on_the_host_of_the_web_client(
    settings: Settings, url: str, host: str
) -> None:
    settings.CONNECTWISE_URL, settings.CONNECTWISE_COMPANY_ID = url, "kontor & co"

    assert agreement_url(803) == (
        f"{host}/v4_6_release/services/system_io/router/openrecord.rails"
        "?recordType=AgreementFV&recid=803&companyName=kontor+%26+co"
    )


@pytest.mark.parametrize("url", ["", "ftp://elsewhere", "http://psa.example.com"])
def test_without_a_usable_site_there_is_no_link(settings: Settings, url: str) -> None:
    settings.CONNECTWISE_URL = url
    assert agreement_url(803) == ""


def test_the_stand_in_opens_the_agreement_too(settings: Settings) -> None:
    with start() as running:
        settings.CONNECTWISE_URL = running.url
        agreement = running.app.store.all("agreements")[0]

        page = requests.get(agreement_url(agreement["id"]), timeout=5)

        assert page.status_code == 200
        assert f'value="({agreement["id"]})"' in page.text
