"""The Platform's API: paging, errors in one sentence, nothing lost."""

import datetime as dt
import json
from typing import Any

import pytest
import requests
import responses

from platform_client.client import PlatformClient
from platform_client.errors import CursorExpired
from tests.platform_client.wire_data import make_line, make_offer, make_organization, make_page
from wire.errors import ConfigError, PermanentError, RemoteError, TransientError

BASE = "https://platform.example"
KEY = "key-0123456789abcdef"
MAY: dict[str, Any] = {"date_from": dt.date(2026, 5, 1), "date_to": dt.date(2026, 5, 31)}


def make_client(**options: Any) -> PlatformClient:
    defaults: dict[str, Any] = {"base_url": BASE, "api_key": KEY, "sleep": lambda seconds: None}
    return PlatformClient(**(defaults | options))


def problem(status: int, **fields: Any) -> dict[str, Any]:
    return {
        "status": status,
        "json": {"status": status, **fields},
        "content_type": "application/problem+json",
    }


@responses.activate
def test_ping_says_who_the_key_belongs_to() -> None:
    body = {"sellerId": "s-1", "sellerName": "Seller", "serverTime": "2026-05-18T10:00:00Z"}
    responses.get(f"{BASE}/api/v1/ping", json=body)
    seller = make_client().ping()
    assert (seller.seller_id, seller.seller_name) == ("s-1", "Seller")
    assert responses.calls[0].request.headers["X-Api-Key"] == KEY


@responses.activate
@pytest.mark.parametrize("address", [BASE, f"{BASE}/", f"{BASE}/api/v1", f" {BASE}/api/v1/"])
def test_the_address_may_be_pasted_with_its_path(address: str) -> None:
    responses.get(f"{BASE}/api/v1/organizations", json=make_page())
    assert list(make_client(base_url=address).organizations()) != []


@responses.activate
def test_lines_are_fetched_page_by_page_as_they_are_asked_for() -> None:
    url = f"{BASE}/api/v1/invoice-lines"
    window = {"invoiceDateFrom": "2026-05-01", "invoiceDateTo": "2026-05-31", "limit": "2"}
    first = make_page(make_line(id="a"), make_line(id="b"), cursor="c/1+ä", total=3)
    match = responses.matchers.query_param_matcher
    responses.get(url, json=first, match=[match(window)])
    second = make_page(make_line(id="c"))
    responses.get(url, json=second, match=[match(window | {"cursor": "c/1+ä"})])
    pages = make_client().invoice_lines(**MAY, limit=2)
    assert len(responses.calls) == 0
    page = next(pages)
    assert ([line.id for line in page.items], page.total) == (["a", "b"], 3)
    assert len(responses.calls) == 1
    assert [(line.id for line in page.items) and page.total for page in pages] == [None]


@responses.activate
def test_a_bad_item_is_set_aside_with_its_id_and_reason() -> None:
    page = make_page(make_line(id="a"), make_line(id="b", quantity="many"), make_line(id="c"))
    responses.get(f"{BASE}/api/v1/invoice-lines", json=page)
    (got,) = make_client().invoice_lines(**MAY)
    assert [line.id for line in got.items] == ["a", "c"]
    assert got.bad[0].item_id == "b"
    assert "quantity" in got.bad[0].reason


@responses.activate
def test_a_number_where_a_decimal_string_belongs_is_bad() -> None:
    responses.get(f"{BASE}/api/v1/invoice-lines", json=make_page(make_line(unitPrice=2.5)))
    (got,) = make_client().invoice_lines(**MAY)
    assert got.bad[0].reason.startswith("unitPrice: ")


@responses.activate
def test_offers_and_organizations_are_typed() -> None:
    responses.get(f"{BASE}/api/v1/offers", json=make_page(make_offer()))
    responses.get(f"{BASE}/api/v1/organizations", json=make_page(make_organization()))
    client = make_client()
    assert next(client.offers(**MAY)).items[0].vendor_name == "Vendor"
    assert next(client.organizations()).items[0].reference_number == "R-7"


@responses.activate
def test_an_endless_list_is_noticed_after_its_pages_were_handed_out() -> None:
    url = f"{BASE}/api/v1/organizations"
    for cursor in ("x", "y", "x"):
        responses.get(url, json=make_page(make_organization(), cursor=cursor))
    pages = make_client().organizations()
    assert [len(next(pages).items) for _ in range(3)] == [1, 1, 1]
    with pytest.raises(PermanentError, match="circle"):
        next(pages)


@responses.activate
@pytest.mark.parametrize("extra", [{}, {"nextCursor": 5}, {"nextCursor": ""}])
def test_a_page_without_its_sequel_is_used_before_it_is_complained_of(
    extra: dict[str, Any],
) -> None:
    responses.get(f"{BASE}/api/v1/organizations", json={"items": [make_organization()]} | extra)
    pages = make_client().organizations()
    assert len(next(pages).items) == 1
    with pytest.raises(PermanentError, match="how the list goes on"):
        next(pages)


@responses.activate
@pytest.mark.parametrize("body", ["{}", "[]", '{"items": null}', '"text"', "null"])
def test_a_page_without_items_is_broken(body: str) -> None:
    responses.get(f"{BASE}/api/v1/organizations", body=body)
    with pytest.raises(PermanentError, match="holds no items"):
        next(make_client().organizations())


@responses.activate
def test_an_expired_cursor_says_to_start_again() -> None:
    url = f"{BASE}/api/v1/invoice-lines"
    responses.get(url, json=make_page(cursor="x"))
    responses.get(url, **problem(410, title="Gone"))
    pages = make_client().invoice_lines(**MAY)
    next(pages)
    with pytest.raises(CursorExpired, match="Load it again"):
        next(pages)


@responses.activate
@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            problem(401, title="No"),
            ConfigError,
            "The Platform refused the API key (401). Check the key in Settings → Authentication.",
        ),
        (
            problem(403, title="No"),
            ConfigError,
            "The Platform's API key has no right to read offers (403). "
            "Check the key in Settings → Authentication.",
        ),
        (
            problem(400, title="Bad window", detail="To is before from."),
            PermanentError,
            "The Platform refused to list offers (400): Bad window: To is before from.",
        ),
        (
            {"status": 404, "body": "<h1>Not found</h1>"},
            ConfigError,
            "The Platform does not answer at this address (404). "
            "Check the API URL in Settings → Authentication.",
        ),
        (
            {"status": 302, "headers": {"Location": "https://elsewhere.example"}},
            ConfigError,
            "The Platform does not answer at this address (302). "
            "Check the API URL in Settings → Authentication.",
        ),
        (
            {"status": 200, "body": "<html>Log in</html>"},
            ConfigError,
            "The Platform answers with a web page instead of data. "
            "Check the API URL in Settings → Authentication.",
        ),
        (
            {"status": 200, "body": '{"items": ['},
            TransientError,
            "The Platform's answer to offers can't be read. Try again later.",
        ),
        (
            {"status": 503},
            TransientError,
            "The Platform has a problem of its own (server error 503). Try again later.",
        ),
        (
            {"status": 429, "headers": {"Retry-After": "600"}},
            TransientError,
            "The Platform takes no more requests for now (429). Try again in 600 seconds.",
        ),
        (
            {"body": requests.ConnectTimeout()},
            TransientError,
            "The Platform could not be reached at platform.example: "
            "no connection came about in time. Check the address and the network.",
        ),
    ],
)
def test_each_failure_is_one_sentence(
    answer: dict[str, Any], kind: type[RemoteError], sentence: str
) -> None:
    responses.get(f"{BASE}/api/v1/offers", **answer)
    with pytest.raises(kind) as caught:
        next(make_client().offers(**MAY))
    assert str(caught.value) == sentence


def test_plain_http_is_refused_but_on_loopback() -> None:
    with pytest.raises(ConfigError, match="https"):
        make_client(base_url="http://platform.example")
    assert "127.0.0.1" in repr(make_client(base_url="http://127.0.0.1:8101"))


def test_the_key_is_not_in_the_representation() -> None:
    assert KEY not in repr(make_client())


@responses.activate
def test_endless_digits_spoil_their_own_line_alone() -> None:
    body = json.dumps(make_page(make_line(id="a", quantity="HERE"), make_line(id="b")))
    responses.get(f"{BASE}/api/v1/invoice-lines", body=body.replace('"HERE"', "9" * 5000))
    (page,) = make_client().invoice_lines(**MAY)
    assert [line.id for line in page.items] == ["b"]
    assert (page.bad[0].item_id, page.bad[0].reason[:8]) == ("a", "quantity")
