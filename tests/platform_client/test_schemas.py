"""What of the Platform's records is taken, exactly, and what makes an item bad."""

import datetime as dt
import json
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_client.schemas import INVOICE_LINE, OFFER, ORGANIZATION, InvoiceLine
from tests.platform_client.wire_data import make_line, make_offer, make_organization
from wire.items import BadItem, read_page

AMOUNTS = st.decimals(
    min_value=-(10**12) + 1, max_value=10**12 - 1, places=6, allow_nan=False, allow_infinity=False
)


def read(**overrides: Any) -> InvoiceLine:
    page = read_page(INVOICE_LINE, [make_line(**overrides)])
    assert page.bad == ()
    return page.items[0]


def refused(**overrides: Any) -> BadItem:
    page = read_page(INVOICE_LINE, [make_line(**overrides)])
    assert page.items == ()
    return page.bad[0]


def test_a_line_is_read_under_the_names_of_the_wire() -> None:
    line = read()
    assert line.invoice_date == dt.date(2026, 5, 31)
    assert (line.organization.name, line.organization.reference_number) == ("Acme Ltd", "R-7")
    assert line.subscription is not None
    assert (line.subscription.id, line.offer.vendor_name) == ("sub-1", "Vendor")
    assert (line.unit_cost, line.total_price) == (Decimal("1.234567"), Decimal("7.50"))
    assert line.updated_at == dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)


def test_lines_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        read().quantity = Decimal(1)  # type: ignore[misc]


@given(AMOUNTS)
def test_amounts_are_exact(value: Decimal) -> None:
    assert str(read(quantity=format(value, "f")).quantity) == format(value, "f")


@pytest.mark.parametrize(
    "value", [1.5, 3, True, None, "", " 1", "1e3", "NaN", "1,5", "0x1", "1_0", "٣", "+1", ".5"]
)
def test_an_amount_is_a_plain_decimal_in_a_string(value: object) -> None:
    assert refused(unitPrice=value).reason.startswith("unitPrice: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", "0.1234567"),
        ("unitCost", "1.0000001"),
        ("totalCost", "1.005"),
        ("totalPrice", "-0.001"),
        ("quantity", "1234567890123"),
    ],
)
def test_an_amount_has_no_more_digits_than_the_contract_allows(field: str, value: str) -> None:
    assert refused(**{field: value}).reason.startswith(f"{field}: ")


def test_zeros_beyond_the_allowed_places_change_nothing() -> None:
    assert read(totalPrice="7.5000").total_price == Decimal("7.50")


@pytest.mark.parametrize(
    "value",
    ["2026-5-1", "20260501", "2026-05-01T00:00:00Z", "2026-02-30", "01.05.2026", 1777593600, ""],
)
def test_a_date_is_a_calendar_date(value: object) -> None:
    assert refused(invoiceDate=value).reason.startswith("invoiceDate: ")


@pytest.mark.parametrize(
    "field",
    [
        "invoiceId",
        "invoiceDate",
        "invoiceStatus",
        "invoiceSource",
        "organization",
        "contractId",
        "offer",
        "chargeType",
        "quantity",
        "unitCost",
        "unitPrice",
        "totalCost",
        "totalPrice",
        "currency",
        "chargeStartDate",
    ],
)
def test_a_missing_field_makes_the_item_bad_and_is_named(field: str) -> None:
    record = make_line()
    del record[field]
    page = read_page(INVOICE_LINE, [record])
    assert page.bad == (BadItem("line-1", f"{field}: Field required"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contractId", "c" * 65),
        ("invoiceNumber", "n" * 65),
        ("currency", "EURO"),
        ("currency", "E"),
        ("invoiceStatus", "Draft"),
        ("invoiceSource", "Manual"),
        ("contractId", 7),
        ("chargeType", "a\x00b"),
        ("updatedAt", "2026-06-01T08:00:00"),
        ("subscription", {"id": "s" * 65, "name": "x"}),
    ],
)
def test_a_malformed_field_makes_the_item_bad(field: str, value: object) -> None:
    bad = refused(**{field: value})
    assert bad.item_id == "line-1"
    assert bad.reason.startswith(field)


def test_a_malformed_part_is_named_by_its_path() -> None:
    bad = refused(organization=make_organization(name="x" * 256))
    assert bad.reason == "organization.name: String should have at most 255 characters"


def test_all_faults_of_an_item_are_told() -> None:
    assert refused(quantity="x", currency="x").reason.count("; ") == 1


@pytest.mark.parametrize("field", ["subscription", "invoiceNumber", "billingCycle", "updatedAt"])
def test_optional_fields_may_be_null_or_absent(field: str) -> None:
    record = make_line(**{field: None})
    without = {name: value for name, value in record.items() if name != field}
    assert len(read_page(INVOICE_LINE, [record, without]).items) == 2


def test_unknown_charge_types_and_terms_are_taken_as_they_come() -> None:
    line = read(chargeType="SetupFee", billingCycle="Weekly", commitmentTerm="5 Years")
    assert (line.charge_type, line.billing_cycle) == ("SetupFee", "Weekly")


@pytest.mark.parametrize("record", [None, 7, "text", [], {}])
def test_what_is_no_record_at_all_is_bad_without_an_id(record: object) -> None:
    page = read_page(INVOICE_LINE, [record, make_line()])
    assert len(page.items) == 1
    assert page.bad[0].item_id is None


def test_names_of_ours_are_not_taken_for_the_wire() -> None:
    record = make_offer() | {"vendor_name": "ours"}
    del record["vendorName"]
    assert read_page(OFFER, [record]).bad[0].reason.startswith("vendorName")


def test_an_organization_needs_its_id() -> None:
    assert read_page(ORGANIZATION, [make_organization(id="")]).bad[0].reason.startswith("id: ")


def test_a_lone_surrogate_is_one_bad_item() -> None:
    record = json.loads('{"id": "o", "name": "\\ud800", "status": "Active"}')
    assert read_page(ORGANIZATION, [record]).bad[0].reason.startswith("name: ")


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
@pytest.mark.parametrize("field", ["invoiceDate", "chargeStartDate", "chargeEndDate"])
def test_a_day_at_the_end_of_the_calendar_is_a_fault_of_its_line(field: str, day: str) -> None:
    page = read_page(INVOICE_LINE, [make_line(**{field: day}), make_line()])
    assert len(page.items) == 1
    assert page.bad[0].reason.startswith(f"{field}: ")
