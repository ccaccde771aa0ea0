"""The Platform's stand-in on the wire: keys, windows, cursors, problems, changes by hand."""

from typing import Any

import pytest

from tests.sandbox.conftest import NOVEMBER, Caller


def read_all(platform: Caller, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
    page = platform.get(path, limit=limit, **query).json()
    assert "total" in page
    items = list(page["items"])
    while page["nextCursor"]:
        page = platform.get(path, limit=limit, cursor=page["nextCursor"], **query).json()
        assert "total" not in page
        items += page["items"]
    return items


def test_ping_says_whose_key_it_is(platform: Caller) -> None:
    assert platform.get("/ping").json()["sellerId"] == "seller-77"


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_wrong_key_is_a_problem_401(platform: Caller, key: str | None) -> None:
    platform.session.headers["X-Api-Key"] = key or ""
    answer = platform.get("/ping")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_a_key_without_the_right_gets_403(platform: Caller) -> None:
    platform.running.faults.set(denied=["invoice-lines"])
    assert platform.get("/invoice-lines", **NOVEMBER).status_code == 403
    assert platform.get("/organizations").status_code == 200


@pytest.mark.parametrize("limit", [7, 100, 1000])
def test_pages_together_are_the_whole_month_in_order(platform: Caller, limit: int) -> None:
    lines = read_all(platform, "/invoice-lines", limit, **NOVEMBER)
    first = platform.get("/invoice-lines", **NOVEMBER).json()
    assert first["total"] == len(lines)
    identifiers = [line["id"] for line in lines]
    assert identifiers == sorted(set(identifiers))


def test_organizations_and_offers_come_in_pages_too(platform: Caller) -> None:
    assert len(read_all(platform, "/organizations", 9)) == 40
    offers = read_all(platform, "/offers", 9, **NOVEMBER)
    month = read_all(platform, "/invoice-lines", 1000, **NOVEMBER)
    assert {offer["id"] for offer in offers} == {line["offer"]["id"] for line in month}


def test_a_window_may_be_part_of_a_month(platform: Caller) -> None:
    window = {"invoiceDateFrom": "2026-10-05", "invoiceDateTo": "2026-10-09"}
    lines = read_all(platform, "/invoice-lines", 50, **window)
    assert lines
    assert all("2026-10-05" <= line["invoiceDate"] <= "2026-10-09" for line in lines)


def test_a_month_without_lines_is_an_empty_last_page(platform: Caller) -> None:
    window = {"invoiceDateFrom": "2020-01-01", "invoiceDateTo": "2020-01-31"}
    answer = platform.get("/invoice-lines", **window).json()
    assert answer == {"items": [], "nextCursor": None, "total": 0}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"invoiceDateFrom": "2026-11-01"},
        {"invoiceDateFrom": "2026-11-31", "invoiceDateTo": "2026-12-01"},
        {"invoiceDateFrom": "2026-12-01", "invoiceDateTo": "2026-11-01"},
        {"invoiceDateFrom": "20261101", "invoiceDateTo": "20261130"},
        {**NOVEMBER, "limit": "0"},
        {**NOVEMBER, "limit": "1001"},
        {**NOVEMBER, "limit": "many"},
        {**NOVEMBER, "cursor": "made up"},
    ],
)
def test_a_bad_query_is_a_problem_400(platform: Caller, query: dict[str, str]) -> None:
    answer = platform.get("/invoice-lines", **query)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_cursor_of_another_window_is_refused(platform: Caller) -> None:
    cursor = platform.get("/invoice-lines", limit=5, **NOVEMBER).json()["nextCursor"]
    other = {**NOVEMBER, "invoiceDateTo": "2026-11-29"}
    assert platform.get("/invoice-lines", cursor=cursor, **other).status_code == 400


def test_a_cursor_lives_half_an_hour(platform: Caller) -> None:
    now = [1000.0]
    platform.running.app.clock = lambda: now[0]
    cursor = platform.get("/invoice-lines", limit=5, **NOVEMBER).json()["nextCursor"]
    now[0] += 29 * 60
    assert platform.get("/invoice-lines", cursor=cursor, **NOVEMBER).status_code == 200
    now[0] += 2 * 60
    assert platform.get("/invoice-lines", cursor=cursor, **NOVEMBER).status_code == 410


def test_cursors_can_be_expired_from_outside(platform: Caller) -> None:
    cursor = platform.get("/invoice-lines", limit=5, **NOVEMBER).json()["nextCursor"]
    platform.admin("/_sandbox/expire-cursors", {})
    assert platform.get("/invoice-lines", cursor=cursor, **NOVEMBER).status_code == 410


def test_a_cursor_reads_one_snapshot(platform: Caller) -> None:
    before = [line["id"] for line in read_all(platform, "/invoice-lines", 1000, **NOVEMBER)]
    first = platform.get("/invoice-lines", limit=5, **NOVEMBER).json()
    platform.admin("/_sandbox/lines", {"id": before[20], "removed": True})
    platform.admin("/_sandbox/lines", {"id": before[21], "set": {"quantity": "999"}})
    rest = platform.get("/invoice-lines", cursor=first["nextCursor"], limit=1000, **NOVEMBER).json()
    seen = first["items"] + rest["items"]
    assert [line["id"] for line in seen] == before
    assert "999" not in {line["quantity"] for line in seen}


def test_lines_can_be_changed_broken_removed_and_added(platform: Caller) -> None:
    lines = read_all(platform, "/invoice-lines", 1000, **NOVEMBER)
    changed, broken, gone = (line["id"] for line in lines[3:6])
    platform.admin("/_sandbox/lines", {"id": changed, "set": {"quantity": "12"}})
    platform.admin("/_sandbox/lines", {"id": broken, "unset": ["currency"]})
    platform.admin("/_sandbox/lines", {"id": gone, "removed": True})
    new = {**lines[0], "invoiceDate": "2026-11-30"}
    platform.admin("/_sandbox/lines", {"id": "line-202611-zz", "line": new})
    now = {line["id"]: line for line in read_all(platform, "/invoice-lines", 50, **NOVEMBER)}
    assert now[changed]["quantity"] == "12"
    assert "currency" not in now[broken]
    assert gone not in now
    assert list(now)[-1] == "line-202611-zz"
    assert platform.get("/invoice-lines", **NOVEMBER).json()["total"] == len(lines)


def test_a_line_can_move_to_another_month(platform: Caller) -> None:
    line = platform.get("/invoice-lines", limit=1, **NOVEMBER).json()["items"][0]
    total = platform.get("/invoice-lines", limit=1, **NOVEMBER).json()["total"]
    platform.admin("/_sandbox/lines", {"id": line["id"], "set": {"invoiceDate": "2026-10-31"}})
    page = platform.get("/invoice-lines", limit=1, **NOVEMBER).json()
    assert (page["total"], page["items"][0]["id"] > line["id"]) == (total - 1, True)


def test_an_unknown_line_cannot_be_changed(platform: Caller) -> None:
    answer = platform.admin("/_sandbox/lines", {"id": "line-209901-000001", "removed": True})
    assert answer.status_code == 400
    assert "line-209901-000001" in answer.json()["error"]


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/../x", 404)])
def test_an_unknown_path_is_a_problem(platform: Caller, path: str, status: int) -> None:
    assert platform.get(path).status_code == status


def test_it_is_read_only(platform: Caller) -> None:
    assert platform.send("POST", "/organizations", {}).status_code == 405


def test_a_month_of_ten_thousand_lines_comes_in_pages(platform: Caller) -> None:
    platform.running.app.book.lines_a_month = 10_000
    lines = read_all(platform, "/invoice-lines", 1000, **NOVEMBER)
    assert len({line["id"] for line in lines}) == 10_000


def test_the_page_shows_lines_escaped_and_the_dial(platform: Caller) -> None:
    page = platform.session.get(platform.base, params={"q": "Script Trading"}, timeout=5).text
    assert 'name="share_429"' in page
    everything = platform.session.get(platform.base, params={"q": "stand-in"}, timeout=5).text
    assert "<script>" not in everything
    assert "&lt;script&gt;alert" in everything
