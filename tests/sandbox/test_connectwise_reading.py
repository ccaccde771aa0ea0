"""ConnectWise's stand-in: connection, keys, rights, lists, pages, fields and order."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ACTIVE, ADDITIONS, KEYS, Caller, addition


def test_companyinfo_needs_no_key_and_names_the_codebase(connectwise: Caller) -> None:
    answer = requests.get(f"{connectwise.base}/login/companyinfo/KONTOR", timeout=5).json()
    assert answer["Codebase"] == "v2026_4/"
    exact = connectwise.session.get(f"{connectwise.base}/v2026_4/apis/3.0/system/info", timeout=5)
    assert exact.json() == connectwise.get("/system/info").json()


def test_companyinfo_of_an_unknown_company_is_null(connectwise: Caller) -> None:
    assert requests.get(f"{connectwise.base}/login/companyinfo/none", timeout=5).json() is None


@pytest.mark.parametrize(
    ("user", "private", "client", "status", "code"),
    [
        (f"{KEYS.company_id}+{KEYS.public}", "wrong", KEYS.client_id, 401, "Unauthorized"),
        (f"{KEYS.company_id}+wrong", KEYS.private, KEYS.client_id, 401, "Unauthorized"),
        (KEYS.public, KEYS.private, KEYS.client_id, 404, "NotFound"),
        (f"other+{KEYS.public}", KEYS.private, KEYS.client_id, 404, "NotFound"),
        (f"{KEYS.company_id}+{KEYS.public}", KEYS.private, "", 400, "ConnectWiseApi"),
        (f"{KEYS.company_id}+{KEYS.public}", KEYS.private, "unknown", 403, "Security"),
    ],
)
def test_wrong_credentials(
    connectwise: Caller, user: str, private: str, client: str, status: int, code: str
) -> None:
    connectwise.session.auth = (user, private)
    connectwise.session.headers["clientId"] = client
    answer = connectwise.get("/system/info")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_without_credentials_it_is_401(connectwise: Caller) -> None:
    connectwise.session.auth = None
    answer = connectwise.get("/system/info")
    assert answer.status_code == 401
    assert answer.json() == {"code": "Unauthorized", "message": None}


@pytest.mark.parametrize(
    ("denied", "refused", "allowed"),
    [
        ("catalog:read", ("GET", "/procurement/catalog"), ("GET", "/company/companies")),
        ("additions:add", ("POST", ADDITIONS), ("GET", ADDITIONS)),
        ("agreements", ("GET", "/finance/agreements"), ("GET", "/finance/agreements/types")),
    ],
)
def test_a_right_can_be_taken_away(
    connectwise: Caller, denied: str, refused: tuple[str, str], allowed: tuple[str, str]
) -> None:
    connectwise.running.faults.set(denied=[denied])
    answer = connectwise.send(*refused, body={} if refused[0] == "POST" else None)
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("You do not have security permission")
    assert connectwise.send(*allowed).status_code == 200


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/company/companies", 52),
        ("/finance/agreements", 50),
        ("/finance/agreements/types", 6),
        ("/procurement/catalog", 79),
        ("/finance/agreements/803/additions", 2),
    ],
)
def test_each_kind_is_listed_counted_and_read(connectwise: Caller, path: str, count: int) -> None:
    listed = connectwise.get(path, pageSize=1000).json()
    assert len(listed) == connectwise.get(f"{path}/count").json()["count"] == count
    assert connectwise.get(f"{path}/{listed[0]['id']}").json() == listed[0]
    assert connectwise.get(f"{path}/999999").status_code == 404


def follow(connectwise: Caller, path: str, headers: dict[str, str], **query: Any) -> list[int]:
    answer = connectwise.get(path, headers=headers, **query)
    found = [record["id"] for record in answer.json()]
    while "next" in answer.links:
        answer = connectwise.session.get(answer.links["next"]["url"], headers=headers, timeout=5)
        found += [record["id"] for record in answer.json()]
    return found


def test_pages_are_followed_by_link(connectwise: Caller) -> None:
    first = connectwise.get("/company/companies")
    assert len(first.json()) == 25
    assert set(first.links) == {"first", "next", "last"}
    assert len(set(follow(connectwise, "/company/companies", {}))) == 52
    last = connectwise.get("/company/companies", page=3)
    assert set(last.links) == {"first", "prev", "last"}


def test_forward_only_pages_are_followed_by_page_id(connectwise: Caller) -> None:
    forward = {"pagination-type": "forward-only"}
    identifiers = follow(connectwise, "/company/companies", forward, pageSize=10, page=3)
    assert identifiers == sorted(set(identifiers))
    assert len(identifiers) == 52
    later = connectwise.get("/company/companies", forward, pageId=identifiers[-3])
    assert [record["id"] for record in later.json()] == identifiers[-2:]
    assert later.headers["Link"] == ""
    refused = connectwise.get("/company/companies", forward, orderBy="id asc")
    assert refused.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": 1001},
        {"pageSize": 0},
        {"page": 0},
        {"page": "two"},
        {"orderBy": "nonsense"},
        {"orderBy": "id sideways"},
        {"conditions": 'name="a "b" c"'},
        {"conditions": "nonsense=1"},
        {"childConditions": "id=1"},
    ],
)
def test_a_bad_query_is_400(connectwise: Caller, query: dict[str, Any]) -> None:
    answer = connectwise.get("/company/companies", **query)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_conditions_are_applied_to_lists_and_counts(connectwise: Caller) -> None:
    wanted = 'company/identifier="AlpenTreu" and cancelledFlag=False'
    listed = connectwise.get("/finance/agreements", conditions=wanted).json()
    assert [record["company"]["name"] for record in listed] == ["Alpen Treuhand AG"]
    assert connectwise.get("/finance/agreements/count", conditions=wanted).json() == {"count": 1}


def test_the_status_of_an_agreement_follows_its_dates(connectwise: Caller) -> None:
    statuses = {
        a["id"]: a["agreementStatus"]
        for a in connectwise.get("/finance/agreements", pageSize=99).json()
    }
    assert statuses[ACTIVE] == "Active"
    assert (statuses[801], statuses[802], statuses[805]) == ("Cancelled", "Inactive", "Expired")
    expired = connectwise.get("/finance/agreements", conditions='agreementStatus="Expired"').json()
    assert {a["id"] for a in expired} == {
        i for i, status in statuses.items() if status == "Expired"
    }


def test_order_by_several_fields(connectwise: Caller) -> None:
    query = {"orderBy": "currency/currencyCode desc, name asc", "pageSize": 100}
    listed = connectwise.get("/company/companies", **query).json()
    keys = [(c["currency"]["currencyCode"], c["name"].casefold()) for c in listed]
    assert keys == sorted(sorted(keys, key=lambda k: k[1]), key=lambda k: k[0], reverse=True)


def test_fields_give_a_part_and_a_wrong_one_gives_nothing(connectwise: Caller) -> None:
    part = connectwise.get("/company/companies", fields="id,status/name", pageSize=1).json()
    assert part == [{"id": 250, "status": {"name": "Active"}}]
    assert connectwise.get("/company/companies", fields="id,nonsense").json() == []


def test_additions_are_found_by_custom_field(connectwise: Caller) -> None:
    entry = {"id": 12, "caption": "Platform reference", "value": "k-9"}
    made = connectwise.send("POST", ADDITIONS, addition(customFields=[entry])).json()
    connectwise.send("POST", ADDITIONS, addition())
    wanted = 'caption="Platform reference" AND value="k-9"'
    found = connectwise.get(ADDITIONS, customFieldConditions=wanted).json()
    assert [record["id"] for record in found] == [made["id"]]
    assert len(made["customFields"]) == 2


def test_the_model_follows_the_accepted_version(connectwise: Caller) -> None:
    path = "/finance/agreements/803/additions/31"
    assert "additionStatus" not in connectwise.get(path).json()
    newest = connectwise.get(path, {"Accept": "application/json"}).json()
    assert newest["additionStatus"] == "Active"


def test_every_answer_carries_a_request_id(connectwise: Caller) -> None:
    ids = {connectwise.get("/system/info").headers["x-cw-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/company/companies/250", 405),
        ("PUT", ADDITIONS, 405),
        ("POST", "/procurement/catalog", 405),
        ("GET", "/service/tickets", 404),
        ("GET", "/finance/agreements/999999/additions", 404),
        ("POST", "/finance/agreements/999999/additions", 404),
        ("PATCH", "/finance/agreements/1406/additions/31", 404),
    ],
)
def test_wrong_methods_and_places(connectwise: Caller, method: str, path: str, status: int) -> None:
    body: Any = None if method in ("GET", "DELETE") else {}
    answer = connectwise.send(method, path, body)
    assert answer.status_code == status
    assert answer.json()["code"]


def test_a_body_must_be_json(connectwise: Caller) -> None:
    url = connectwise.root + ADDITIONS
    text = connectwise.session.post(url, data="x=1", timeout=5)
    assert text.status_code == 415
    broken = connectwise.session.post(
        url, data="{", headers={"Content-Type": "application/json"}, timeout=5
    )
    assert broken.status_code == 400


def test_the_page_shows_additions_escaped_and_searchable(connectwise: Caller) -> None:
    connectwise.send("POST", ADDITIONS, addition(invoiceDescription="<script>alert(1)</script>"))
    connectwise.send("POST", ADDITIONS, addition(serialNumber="needle"))
    whole = requests.get(connectwise.base, timeout=5)
    assert "<script>" not in whole.text
    assert "&lt;script&gt;" in whole.text
    assert "default-src 'none'" in whole.headers["Content-Security-Policy"]
    found = requests.get(connectwise.base, params={"q": "Needle nordwind"}, timeout=5).text
    assert "needle" in found
    assert "alert(1)" not in found
