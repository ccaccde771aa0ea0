"""The invented reseller is believable, whole, and the same in both stand-ins."""

import csv
import io
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import pytest

from platform_client.sandbox.book import Book, Window
from psa_connectwise.sandbox import data, mappings
from sandbox_kit.reseller import customers, offers
from tests.sandbox.conftest import TODAY

FINAL = {"Verified", "Issued", "Paid", "Payment Card Error"}
CENT = Decimal("0.01")
Line = dict[str, Any]


def read(today: date = TODAY, month: date | None = None, lines: int | None = None) -> list[Line]:
    book = Book(lambda: today, 1, lines, None)
    first = month or today.replace(day=1)
    return [x for x in book.read(Window(first, date(9999, 1, 1)), {})
            if x["invoiceDate"][:7] == f"{first:%Y-%m}"]  # fmt: skip


def three_months() -> list[Line]:
    book = Book(lambda: TODAY, 1, None, None)
    return list(book.read(Window(date(2026, 1, 1), date(2026, 12, 31)), {}))


NEWEST, EVERY = read(), three_months()


def exact(line: Line, unit: str, total: str) -> bool:
    product = Decimal(line["quantity"]) * Decimal(line[unit]).quantize(Decimal("0.0001"))
    return product.quantize(CENT, ROUND_HALF_UP) == Decimal(line[total])


def test_there_are_forty_customers_and_sixty_offers() -> None:
    assert len(customers()) == 40
    assert {line["offer"]["id"] for line in EVERY} == {
        "offer-default", *(offer.platform_id for offer in offers()),
    }  # fmt: skip
    assert {line["organization"]["id"] for line in EVERY} == {c.platform_id for c in customers()}


@pytest.mark.parametrize("today", [TODAY, date(2026, 3, 1), date(2028, 2, 29), date(2027, 1, 31)])
def test_each_month_has_a_believable_number_of_lines_dated_in_it(today: date) -> None:
    book = Book(lambda: today, 1, None, None)
    assert len(book.months()) == 3
    for month in book.months():
        assert 250 <= book.count(month) <= 400
    lines = list(book.read(Window(date(2020, 1, 1), date(2030, 1, 1)), {}))
    assert all(line["invoiceDate"] <= today.isoformat() for line in lines)
    assert [line["id"] for line in lines] == sorted({line["id"] for line in lines})


def test_every_charge_type_is_there_and_an_unknown_one() -> None:
    assert {line["chargeType"] for line in NEWEST} == {
        "CycleFee", "PurchaseFee", "Correction", "UserCorrection", "UsageFee", "ItemFee",
        "OneTimeFee", "RoundingFee",
    }  # fmt: skip


def test_cycles_sources_and_statuses_are_all_there() -> None:
    cycles = {line["billingCycle"] for line in EVERY}
    assert {"Monthly", "Quarterly", "Annual", "Triennial", "One time", None} <= cycles
    custom = [line for line in NEWEST if line["invoiceSource"] == "Custom"]
    assert {line["subscription"] is None for line in custom} == {True, False}
    assert {line["invoiceStatus"] for line in NEWEST} == {*FINAL, "New", "New Corrected"}


def test_most_lines_of_the_newest_month_are_final() -> None:
    assert sum(line["invoiceStatus"] in FINAL for line in NEWEST) / len(NEWEST) > 0.9


def test_some_totals_are_prorated_and_most_are_quantity_times_price() -> None:
    whole = [
        exact(x, "unitPrice", "totalPrice") and exact(x, "unitCost", "totalCost") for x in NEWEST
    ]
    assert 5 <= whole.count(False) <= len(whole) / 3


def test_corrections_are_negative() -> None:
    credits = [line for line in NEWEST if line["chargeType"] == "Correction"]
    assert credits
    assert all(Decimal(line["totalPrice"]) < 0 for line in credits)


def recurring(month: str) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in EVERY:
        fee = line["chargeType"] in ("CycleFee", "PurchaseFee") and line["subscription"]
        if fee and line["invoiceSource"] == "Standard" and line["invoiceDate"].startswith(month):
            found.setdefault(line["subscription"]["id"], []).append(line)
    return found


def test_subscriptions_go_on_change_vanish_begin_and_double() -> None:
    before, now = recurring("2026-10"), recurring("2026-11")
    both = before.keys() & now.keys()
    assert len(both) > 150
    assert any(before[s][0]["quantity"] != now[s][0]["quantity"] for s in both)
    assert any(before[s][0]["unitPrice"] != now[s][0]["unitPrice"] for s in both)
    assert any(
        x["billingCycle"] == "Monthly" for s in before.keys() - now.keys() for x in before[s]
    )
    assert any(len(lines) == 2 for lines in now.values())
    kinds = [(before[s][0]["chargeType"], now[s][0]["chargeType"]) for s in both]
    assert ("PurchaseFee", "CycleFee") in kinds


def test_a_subscription_keeps_its_contract_offer_and_currency() -> None:
    facts = {
        (x["subscription"]["id"], x["contractId"], x["offer"]["id"], x["currency"])
        for x in EVERY if x["subscription"] and x["chargeType"] not in ("ItemFee", "OneTimeFee")
    }  # fmt: skip
    assert max(Counter(fact[0] for fact in facts).values()) == 1


def test_a_large_month_grows_by_whole_lines_and_keeps_the_small_one() -> None:
    large = read(lines=2000)
    assert len(large) == 2000
    assert large[: len(NEWEST)] == NEWEST
    assert len({line["id"] for line in large}) == 2000
    assert len(read(lines=1)) == 1
    assert read(lines=0) == []


@cache
def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(mappings.as_csv())))


def test_the_intended_mapping_points_at_records_that_exist() -> None:
    tables = data.build(TODAY).tables
    of_kind = {"organization": "companies", "offer": "catalog", "agreement": "agreements"}
    for row in rows():
        if row["connectwise_id"] != "new":
            assert int(row["connectwise_id"]) in tables[of_kind[row["kind"]]], row


def test_the_intended_mapping_leaves_out_what_stays_unmapped() -> None:
    mapped = {row["platform_id"] for row in rows()}
    assert not mapped & {"org-1039", "org-1040", "offer-5057", "offer-5058"}
    assert "offer-default" in mapped


@cache
def targets() -> dict[tuple[str, str, str], str]:
    return {
        (row["kind"], row["platform_id"], row["contract_id"]): row["connectwise_id"]
        for row in rows()
        if not row["organization_id"]
    }


def outcome(line: Line, tables: dict[str, dict[int, Line]]) -> str:
    """What posting this line by the intended mapping comes to."""
    where = targets()
    organization = where.get(("organization", line["organization"]["id"], ""))
    product = where.get(("offer", line["offer"]["id"], ""))
    agreement = where.get(("agreement", line["organization"]["id"], line["contractId"]))
    if not (organization and product and agreement):
        return "unmapped"
    if tables["catalog"][int(product)]["inactiveFlag"]:
        return "inactive product"
    if agreement == "new":
        begins = line["invoiceDate"][:8] + "01"
        return "posted" if line["chargeStartDate"] >= begins else "before billing starts"
    record = tables["agreements"][int(agreement)]
    assert record["company"]["id"] == int(organization)
    if record.get("endDate"):
        return "ended agreement"
    if record["currency"]["currencyCode"] != line["currency"]:
        return "foreign currency"
    early = line["chargeStartDate"] < record["nextInvoiceDate"][:10]
    return "period invoiced" if early else "posted"


@pytest.mark.parametrize("today", [TODAY, date(2027, 1, 1)])
def test_every_line_can_be_posted_but_for_what_is_planted(today: date) -> None:
    tables = data.build(today).tables
    for months_back in (0, 1, 2):
        index = today.year * 12 + today.month - 1 - months_back
        month = date(index // 12, index % 12 + 1, 1)
        found = Counter(outcome(line, tables) for line in read(today, month))
        assert set(found) == {
            "posted", "unmapped", "inactive product", "ended agreement", "foreign currency",
        }, found  # fmt: skip
        assert found["posted"] > 200
        assert found["foreign currency"] == 1


def test_names_collide_nearly_match_and_are_hostile() -> None:
    companies = data.build(TODAY).tables["companies"].values()
    twins = [c for c in companies if c["name"] == "Müller & Söhne GmbH"]
    assert len({c["city"] for c in twins}) == 2
    assert any(c["deletedFlag"] for c in companies)
    assert any(c["status"]["name"] == "Inactive" for c in companies)
    assert any("defaultContact" not in c for c in companies)
    names = " ".join(c.name for c in customers())
    for part in ("<script>", "=HYPERLINK", '"', "\u202e", "🚀", "Ä"):
        assert part in names
