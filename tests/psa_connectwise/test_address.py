"""From what people enter to where the API is."""

import pytest
import requests
import responses

from psa_connectwise.address import ROUTER_CODEBASE, look_up_codebase, site
from tests.psa_connectwise.wire_data import LOGIN, SITE
from wire.errors import ConfigError


@pytest.mark.parametrize(
    ("entered", "api", "login"),
    [
        (SITE, "https://api-na.myconnectwise.net", SITE),
        ("https://NA.myconnectwise.net/", "https://api-na.myconnectwise.net", SITE),
        ("https://api-na.myconnectwise.net", "https://api-na.myconnectwise.net", SITE),
        (f"{SITE}/v4_6_release/apis/3.0", "https://api-na.myconnectwise.net", SITE),
        (
            "https://staging.connectwisedev.com",
            "https://api-staging.connectwisedev.com",
            "https://staging.connectwisedev.com",
        ),
        ("https://psa.own.example", "https://psa.own.example", "https://psa.own.example"),
        ("https://psa.own.example:8443", *["https://psa.own.example:8443"] * 2),
        ("http://127.0.0.1:8102", *["http://127.0.0.1:8102"] * 2),
        ("http://[::1]:8102", *["http://[::1]:8102"] * 2),
        ("https://evilmyconnectwise.net", *["https://evilmyconnectwise.net"] * 2),
    ],
)
def test_cloud_hosts_get_the_prefix_and_others_keep_their_name(
    entered: str, api: str, login: str
) -> None:
    found = site(entered)
    assert (found.api, found.login) == (api, login)


@pytest.mark.parametrize("entered", ["http://na.myconnectwise.net", "na.myconnectwise.net", ""])
def test_anything_but_https_is_refused(entered: str) -> None:
    with pytest.raises(ConfigError):
        site(entered)


def look_up() -> str:
    return look_up_codebase(SITE, "acme", timeout=5)


@responses.activate
def test_the_code_base_comes_from_company_info_without_credentials() -> None:
    info = {"CompanyName": "Acme", "Codebase": "v2026_4/", "IsCloud": "True"}
    responses.get(LOGIN, json=info)
    assert look_up() == "v2026_4/"
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [
        {"body": "null"},
        {"body": "<html></html>"},
        {"json": {"Codebase": None}},
        {"json": {"Codebase": "../../evil/"}},
        {"json": {"Codebase": "https://evil.example/"}},
        {"json": []},
        {"status": 404},
        {"status": 500},
        {"body": requests.ConnectionError("down")},
    ],
)
def test_without_a_usable_answer_the_router_is_used(answer: dict[str, object]) -> None:
    responses.get(LOGIN, **answer)
    assert look_up() == ROUTER_CODEBASE
    assert len(responses.calls) == 1


@responses.activate
def test_a_company_id_can_not_leave_its_place_in_the_address() -> None:
    responses.get(f"{SITE}/login/companyinfo/a%2F..%2Fb%3Fc", body="null")
    assert look_up_codebase(SITE, "a/../b?c", timeout=5) == ROUTER_CODEBASE
