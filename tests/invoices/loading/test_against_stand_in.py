"""Loading from the Platform's stand-in, over real sockets and through its faults."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import requests

from invoices.loading.load import run_load
from invoices.loading.start import start_load
from invoices.models import InvoiceLine, LineSearch, Load
from mapping.models import Offer, Organization
from platform_client.client import PlatformClient
from platform_client.sandbox.server import start
from wire.items import TURNED, TURNING

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
LINES, PAGE = 230, 100


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with start(today=date(2026, 11, 18), lines=LINES) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(running: Any) -> Iterator[Any]:
    yield running
    running.faults.reset()
    running.app.reset_data()


class SmallPages(PlatformClient):
    """Reads a small month in as many pages as a large one."""

    def invoice_lines(self, **window: Any) -> Any:
        return super().invoice_lines(**window, limit=PAGE)


def load(stand_in: Any, **options: Any) -> Load:
    def client() -> PlatformClient:
        return SmallPages(base_url=stand_in.url, api_key="sandbox-key", sleep=lambda seconds: None)

    under_way = start_load(month=OCTOBER, user=None)
    assert run_load(load_id=under_way.pk, make_client=client, **options)
    under_way.refresh_from_db()
    return under_way


def wire_lines(stand_in: Any) -> dict[str, Any]:
    """The month as the wire has it, read without our client."""
    query = {"invoiceDateFrom": "2026-10-01", "invoiceDateTo": "2026-10-31", "limit": "1000"}
    found: dict[str, Any] = {}
    while True:
        page = requests.get(
            f"{stand_in.url}/api/v1/invoice-lines",
            params=query,
            headers={"X-Api-Key": "sandbox-key"},
            timeout=10,
        ).json()
        found |= {line["id"]: line for line in page["items"]}
        if page["nextCursor"] is None:
            return found
        query["cursor"] = page["nextCursor"]


def shown(row: InvoiceLine) -> dict[str, Any]:
    """A stored line by the wire's names."""
    return {
        "invoiceId": row.invoice_id,
        "invoiceDate": str(row.invoice_date),
        "invoiceStatus": row.invoice_status,
        "invoiceSource": row.get_invoice_source_display(),
        "contractId": row.contract_id,
        "currency": row.currency,
        "chargeStartDate": str(row.charge_start_date),
        "chargeEndDate": str(row.charge_end_date) if row.charge_end_date else None,
        "organization": row.organization.platform_id,
        "offer": row.offer.platform_id,
        "subscription": row.subscription_id or None,
        "money": (row.quantity, row.unit_cost, row.unit_price, row.total_cost, row.total_price),
    }


def sent(line: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("invoiceId", "invoiceDate", "invoiceStatus", "invoiceSource", "contractId"),
        *("currency", "chargeStartDate", "chargeEndDate"),
    )
    money = ("quantity", "unitCost", "unitPrice", "totalCost", "totalPrice")
    return {
        **{name: line.get(name) for name in names},
        "organization": line["organization"]["id"],
        "offer": line["offer"]["id"],
        "subscription": (line.get("subscription") or {}).get("id"),
        "money": tuple(Decimal(line[name]) for name in money),
    }


def test_a_month_arrives_as_the_platform_has_it(stand_in: Any) -> None:
    result = load(stand_in)
    wire = wire_lines(stand_in)
    final = {
        line_id: sent(line)
        for line_id, line in wire.items()
        if not line["invoiceStatus"].startswith("New")
    }
    rows = InvoiceLine.objects.select_related("organization", "offer")
    assert {row.platform_id: shown(row) for row in rows} == final
    assert (result.new, result.read, result.complete) == (len(final), len(wire), True)
    assert (result.total, result.not_final) == (len(wire), len(wire) - len(final))
    assert LineSearch.objects.count() == len(final)
    assert load(stand_in).unchanged == len(final)


def test_customers_and_offers_arrive_with_their_lines(stand_in: Any) -> None:
    load(stand_in)
    wire = wire_lines(stand_in).values()
    assert set(Organization.objects.values_list("platform_id", "name", "reference_number")) == {
        (one["id"], TURNING.sub(TURNED, one["name"]), one["referenceNumber"])
        for one in (line["organization"] for line in wire)
    }
    assert set(Offer.objects.values_list("platform_id", "name", "vendor_name")) == {
        (one["id"], one["name"], one["vendorName"]) for one in (line["offer"] for line in wire)
    }


def test_one_broken_line_costs_one_line(stand_in: Any) -> None:
    broken = sorted(wire_lines(stand_in))[3]
    stand_in.app.book.change(broken, unset=["quantity"])
    result = load(stand_in)
    assert (result.bad, result.complete) == (1, False)
    assert not InvoiceLine.objects.filter(platform_id=broken).exists()
    assert result.new + result.bad + result.not_final == LINES


def test_what_changed_there_since_changes_here(stand_in: Any) -> None:
    load(stand_in)
    changed, gone = InvoiceLine.objects.order_by("pk").values_list("platform_id", flat=True)[:2]
    stand_in.app.book.change(changed, set={"quantity": "77", "totalPrice": "770.00"})
    stand_in.app.book.change(gone, removed=True)
    result = load(stand_in)
    assert (result.new, result.updated, result.gone) == (0, 1, 1)
    assert InvoiceLine.objects.get(platform_id=changed).quantity == 77


def test_a_snapshot_that_expires_on_the_way_is_read_again(stand_in: Any) -> None:
    pages = []

    def expire_once(read: int, total: int | None) -> None:
        pages.append(read)
        if len(pages) == 1:
            stand_in.app.expire_cursors()

    result = load(stand_in, tell=expire_once)
    assert pages == [PAGE, PAGE, 2 * PAGE, LINES]
    assert (result.complete, result.new + result.not_final) == (True, LINES)


def test_server_errors_and_rests_are_sat_out(stand_in: Any) -> None:
    stand_in.faults.set(read_script=["503", "429", "ok", "drop", "truncated", "500"])
    result = load(stand_in)
    assert (result.complete, result.new + result.not_final) == (True, LINES)


def test_a_page_that_stays_broken_is_gone_around(stand_in: Any) -> None:
    """The second page fails as often as the client tries; by days the month is read whole."""
    stand_in.faults.set(read_script=["ok", "500", "500", "500", "500"])
    result = load(stand_in)
    assert (result.complete, result.new + result.not_final) == (True, LINES)
