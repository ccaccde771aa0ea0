"""The endpoints as they are called, read and written."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses

from psa_connectwise.client import ConnectWiseClient
from tests.psa_connectwise.wire_data import (
    ROOT,
    SECRETS,
    as_json,
    make_addition,
    make_agreement,
    make_agreement_type,
    make_client,
    make_company,
    make_new_addition,
    make_new_agreement,
    make_product,
)
from wire.errors import (
    ConfigError,
    Conflict,
    OutcomeUnknown,
    PermanentError,
    RemoteError,
    TransientError,
)

ADDITIONS = f"{ROOT}/finance/agreements/3/additions"
AGREEMENTS = f"{ROOT}/finance/agreements"
Write = Callable[[ConnectWiseClient], Any]

WRITES: list[tuple[str, str, Write]] = [
    ("POST", ADDITIONS, lambda client: client.create_addition(3, make_new_addition())),
    (
        "PATCH",
        f"{ADDITIONS}/7",
        lambda client: client.update_addition(3, 7, {"quantity": Decimal(2)}),
    ),
    ("DELETE", f"{ADDITIONS}/7", lambda client: client.delete_addition(3, 7)),
    ("POST", AGREEMENTS, lambda client: client.create_agreement(make_new_agreement())),
    ("PATCH", f"{AGREEMENTS}/3", lambda client: client.update_agreement(3, {"no_end": True})),
    ("DELETE", f"{AGREEMENTS}/3", lambda client: client.delete_agreement(3)),
]


@responses.activate
def test_every_call_is_signed_and_pins_its_model() -> None:
    responses.get(f"{ROOT}/system/info", json={"version": "v2026.4", "isCloud": "True"})
    info = make_client().system_info()
    assert info.version == "v2026.4"
    headers = responses.calls[0].request.headers
    token = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert token == f"acme+{SECRETS[0]}:{SECRETS[1]}"
    assert headers["Accept"] == "application/vnd.connectwise.com+json; version=2026.4"
    assert headers["clientId"].startswith("3f0c2a2e")


@responses.activate
@pytest.mark.parametrize(
    ("path", "record", "listed"),
    [
        ("/company/companies", make_company(), lambda client: client.companies()),
        ("/procurement/catalog", make_product(), lambda client: client.products()),
        ("/finance/agreements", make_agreement(), lambda client: client.agreements()),
        (
            "/finance/agreements/types",
            make_agreement_type(),
            lambda client: client.agreement_types(),
        ),
    ],
)
def test_lists_are_read_forward_only_and_set_bad_records_aside(
    path: str, record: dict[str, Any], listed: Callable[[ConnectWiseClient], Any]
) -> None:
    following = f"{ROOT}{path}?pageSize=1000&pageId={record['id']}"
    match = responses.matchers.query_param_matcher
    responses.get(
        f"{ROOT}{path}",
        body=as_json([record, {"id": "broken"}]),
        headers={"Link": f'<{following}>; rel="next"'},
        match=[
            match({"pageSize": "1000"}),
            responses.matchers.header_matcher({"pagination-type": "forward-only"}),
        ],
    )
    responses.get(
        f"{ROOT}{path}",
        body="[]",
        headers={"Link": ""},
        match=[match({"pageSize": "1000", "pageId": str(record["id"])})],
    )
    first, second = listed(make_client())
    assert [item.id for item in first.items] == [record["id"]]
    assert first.bad[0].item_id == "broken"
    assert second.items == ()


@responses.activate
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v2026_4/apis/3.0/company/companies?pageId=9",
        "http://api-na.myconnectwise.net/company/companies?pageId=9",
        "//evil.example/x",
    ],
)
def test_a_list_is_not_followed_to_another_host(link: str) -> None:
    headers = {"Link": f'<{link}>; rel="next"'}
    responses.get(f"{ROOT}/company/companies", body="[]", headers=headers)
    pages = make_client().companies()
    next(pages)
    with pytest.raises(ConfigError, match="another host"):
        next(pages)
    assert len(responses.calls) == 1


@responses.activate
def test_a_list_in_a_circle_is_noticed() -> None:
    headers = {"Link": f'<{ROOT}/company/companies?pageId=9>; rel="next"'}
    responses.get(f"{ROOT}/company/companies", body="[]", headers=headers)
    with pytest.raises(PermanentError, match="circle"):
        list(make_client().companies())
    assert len(responses.calls) == 2


@responses.activate
def test_agreements_are_one_list_from_an_id_on() -> None:
    match = responses.matchers.query_param_matcher({"pageSize": "1000", "pageId": "2"})
    responses.get(AGREEMENTS, body=as_json([make_agreement()]), match=[match])
    (page,) = make_client().agreements(after_id=2)
    assert page.items[0].next_invoice_date == dt.date(2026, 6, 1)


@responses.activate
def test_additions_are_one_list_from_an_id_on() -> None:
    match = responses.matchers.query_param_matcher
    responses.get(
        ADDITIONS,
        body=as_json([make_addition(id=8), make_addition(id=9, effectiveDate="x")]),
        headers={"Link": f'<{ADDITIONS}?pageId=9>; rel="next"'},
        match=[match({"pageSize": "1000", "pageId": "7"})],
    )
    responses.get(ADDITIONS, body=as_json([make_addition(id=10)]), match=[match({"pageId": "9"})])
    page = make_client().additions(3, after_id=7)
    assert [addition.id for addition in page.items] == [8, 10]
    assert [bad.item_id for bad in page.bad] == ["9"]


@responses.activate
def test_an_addition_that_a_shifting_list_shows_twice_is_one() -> None:
    headers = {"Link": f'<{ADDITIONS}?page=2>; rel="next"'}
    responses.get(
        ADDITIONS, body=as_json([make_addition(id=8), make_addition(id=9)]), headers=headers
    )
    responses.get(ADDITIONS, body=as_json([make_addition(id=9), make_addition(id=10)]))
    assert [addition.id for addition in make_client().additions(3).items] == [8, 9, 10]


@responses.activate
@pytest.mark.parametrize("beyond", [[], [1001]])
def test_a_full_page_without_a_next_one_is_not_taken_for_the_end(beyond: list[int]) -> None:
    """A proxy that drops the Link header would hide all that stands behind it."""
    full = [make_addition(id=number) for number in range(1, 1001)]
    match = responses.matchers.query_param_matcher
    responses.get(ADDITIONS, body=as_json(full), match=[match({"pageSize": "1000"})])
    responses.get(
        ADDITIONS,
        body=as_json([make_addition(id=number) for number in beyond]),
        match=[match({"pageSize": "1000", "pageId": "1000"})],
    )
    found = make_client().additions(3).items
    assert [addition.id for addition in found] == [*range(1, 1001), *beyond]


@responses.activate
@pytest.mark.parametrize("number", ["1e999999999", "9" * 5000, "NaN", "-Infinity", "1e39"])
@pytest.mark.parametrize("field", ["id", "quantity", "extPrice", "agreementId"])
def test_a_number_that_is_none_spoils_its_own_record_alone(field: str, number: str) -> None:
    broken = as_json(make_addition(id=8) | {field: "HERE"}).replace('"HERE"', number)
    responses.get(ADDITIONS, body=f"[{broken}, {as_json(make_addition(id=9))}]")
    page = make_client().additions(3)
    assert [addition.id for addition in page.items] == [9]
    assert page.bad[0].reason.startswith(field)


@responses.activate
def test_single_records_are_read() -> None:
    responses.get(f"{AGREEMENTS}/3", body=as_json(make_agreement()))
    responses.get(f"{ADDITIONS}/7", body=as_json(make_addition()))
    client = make_client()
    assert client.agreement(3).name == "Cloud"
    assert client.addition(3, 7).ext_price == Decimal("15.74")


@responses.activate
def test_a_created_addition_comes_back_with_the_request_id() -> None:
    responses.post(
        ADDITIONS,
        status=201,
        body=as_json(make_addition()),
        headers={"x-cw-request-id": "r-9"},
    )
    stamps: list[int] = []
    reply = make_client().create_addition(3, make_new_addition(), on_send=lambda: stamps.append(1))
    assert (reply.value.id, reply.request_id, stamps) == (7, "r-9", [1])
    body = responses.calls[0].request.body
    assert body is not None
    assert b'"unitPrice": 5.2456' in body
    assert json.loads(body)["effectiveDate"] == "2026-05-01T00:00:00Z"


@responses.activate
def test_a_change_is_a_patch_of_whole_fields() -> None:
    responses.patch(f"{ADDITIONS}/7", body=as_json(make_addition(quantity=Decimal("4"))))
    reply = make_client().update_addition(3, 7, {"quantity": Decimal("4"), "product_id": 6})
    assert reply.value.quantity == Decimal("4")
    assert json.loads(responses.calls[0].request.body or "") == [
        {"op": "replace", "path": "quantity", "value": 4},
        {"op": "replace", "path": "product", "value": {"id": 6}},
    ]


@responses.activate
def test_agreements_are_created_changed_and_removed() -> None:
    responses.post(AGREEMENTS, status=201, body=as_json(make_agreement()))
    responses.patch(f"{AGREEMENTS}/3", body=as_json(make_agreement()))
    responses.delete(f"{AGREEMENTS}/3", status=204, headers={"x-cw-request-id": "r-2"})
    client = make_client()
    assert client.create_agreement(make_new_agreement()).value.company_id == 9
    assert client.update_agreement(3, {"bill_start_date": dt.date(2026, 1, 1)}).value.id == 3
    assert client.delete_agreement(3).request_id == "r-2"


@responses.activate
@pytest.mark.parametrize(("method", "url", "write"), WRITES)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400, "json": {"message": "invalid"}}, PermanentError),
        ({"status": 401}, ConfigError),
        ({"status": 403}, ConfigError),
        ({"status": 409}, Conflict),
        ({"status": 302, "headers": {"Location": f"{ROOT}/x"}}, ConfigError),
        ({"status": 429, "headers": {"Retry-After": "120"}}, TransientError),
        ({"status": 500, "json": {"message": "timeout"}}, OutcomeUnknown),
        ({"status": 503, "body": "<html>"}, OutcomeUnknown),
        ({"body": requests.ConnectionError("reset")}, OutcomeUnknown),
        ({"body": requests.ReadTimeout("slow")}, OutcomeUnknown),
    ],
)
def test_a_write_that_fails_is_sent_once_and_sorted(
    method: str, url: str, write: Write, fault: dict[str, Any], kind: type[RemoteError]
) -> None:
    responses.add(method, url, **fault)
    with pytest.raises(RemoteError) as caught:
        write(make_client())
    assert type(caught.value) is kind
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(("method", "url", "write"), [w for w in WRITES if w[0] != "DELETE"])
@pytest.mark.parametrize("body", ["", "<html>", "null", '{"id": 0}', '{"id": 7, "name'])
def test_a_write_that_is_confirmed_unreadably_is_unknown(
    method: str, url: str, write: Write, body: str
) -> None:
    responses.add(method, url, status=201, body=body, headers={"x-cw-request-id": "r-3"})
    with pytest.raises(OutcomeUnknown) as caught:
        write(make_client())
    assert (caught.value.status, caught.value.request_id) == (201, "r-3")


@responses.activate
@pytest.mark.parametrize(
    ("body", "kind"),
    [("<html>Log in</html>", ConfigError), ("{", TransientError), ("{}", TransientError)],
)
def test_a_list_that_can_not_be_read_is_said_so(body: str, kind: type[RemoteError]) -> None:
    responses.get(f"{ROOT}/company/companies", body=body)
    with pytest.raises(RemoteError) as caught:
        list(make_client().companies())
    assert type(caught.value) is kind


@responses.activate
def test_the_shared_limit_is_asked_before_each_call_and_hears_of_a_429() -> None:
    responses.get(f"{ROOT}/system/info", status=429, headers={"Retry-After": "3"})
    responses.get(f"{ROOT}/system/info", json={})
    asked: list[None] = []
    paused: list[float] = []
    client = make_client(throttle=lambda: asked.append(None), pause=paused.append)
    client.system_info()
    assert (len(asked), paused) == (2, [3.0])


@pytest.mark.parametrize("field", ["company_id", "public_key", "private_key", "client_id"])
def test_credentials_that_can_not_travel_are_refused_by_name(field: str) -> None:
    with pytest.raises(ConfigError, match="Enter it again"):
        make_client(**{field: "line\nbreak-1234"})
