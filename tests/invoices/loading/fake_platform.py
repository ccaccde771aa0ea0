"""A Platform with a dict inside, lines for it, and one call that loads a month from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

from invoices.loading.load import run_load
from invoices.loading.start import start_load
from invoices.models import Load
from platform_client.client import PlatformClient
from platform_client.schemas import BadItem, InvoiceLine, Offer, Organization, Page, Subscription
from wire.errors import RemoteError

MAY = date(2026, 5, 1)
ACME = Organization(id="ORG-1", name="Acme GmbH", status="Active", reference_number="A-1")
SUITE = Offer(id="OFF-1", name="Office Suite", vendor_name="Northern Software", sku="SUITE")
SEAT = Subscription(id="SUB-1", name="Office Suite seats")


def make_platform_line(number: int = 1, **overrides: Any) -> InvoiceLine:
    values: dict[str, Any] = {
        "id": f"LINE-{number}",
        "invoice_id": "INV-1",
        "invoice_number": "2026-0001",
        "invoice_date": date(2026, 5, 15),
        "invoice_status": "Issued",
        "invoice_source": "Standard",
        "organization": ACME,
        "contract_id": "CON-1",
        "subscription": SEAT,
        "offer": SUITE,
        "billing_cycle": "Monthly",
        "commitment_term": "1 Year",
        "charge_type": "CycleFee",
        "quantity": Decimal("3"),
        "unit_cost": Decimal("8.125"),
        "unit_price": Decimal("10.5"),
        "total_cost": Decimal("24.38"),
        "total_price": Decimal("31.50"),
        "currency": "EUR",
        "charge_start_date": date(2026, 5, 1),
        "charge_end_date": date(2026, 5, 31),
    }
    return InvoiceLine(**{**values, **overrides})


@dataclass
class FakePlatform:
    """Streams the lines of a window; `broken` names lines whose page raises instead."""

    lines: dict[str, InvoiceLine] = field(default_factory=dict)
    bad: list[BadItem] = field(default_factory=list)
    page_size: int = 2
    broken: dict[str, RemoteError] = field(default_factory=dict)
    # Raised, once each, before the page that holds this line.
    once: dict[str, RemoteError] = field(default_factory=dict)
    down: RemoteError | None = None
    windows: list[tuple[date, date]] = field(default_factory=list)
    repeat: tuple[str, ...] = ()

    def put(self, *lines: InvoiceLine) -> "FakePlatform":
        self.lines.update({line.id: line for line in lines})
        return self

    def change(self, number: int, **changes: Any) -> None:
        line_id = f"LINE-{number}"
        self.lines[line_id] = replace(self.lines[line_id], **changes)

    def remove(self, number: int) -> None:
        del self.lines[f"LINE-{number}"]

    def invoice_lines(
        self, *, date_from: date, date_to: date, limit: int = 1000
    ) -> Iterator[Page[InvoiceLine]]:
        self.windows.append((date_from, date_to))
        if self.down:
            raise self.down
        wanted = [line for line in self.lines.values() if date_from <= line.invoice_date <= date_to]
        wanted += [self.lines[line_id] for line_id in self.repeat]
        bad, total = tuple(self.bad), len(wanted) + len(self.bad)
        if not wanted:
            yield Page((), bad, total)
        for number, page in enumerate(_pages(wanted, self.page_size)):
            for line in page:
                if error := self.once.pop(line.id, None) or self.broken.get(line.id):
                    raise error
            first = number == 0
            yield Page(tuple(page), bad if first else (), total if first else None)


def _pages(lines: list[InvoiceLine], size: int) -> Iterator[list[InvoiceLine]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


def load(platform: FakePlatform, month: date = MAY) -> Load:
    """Load the month from the fake, as a worker would."""
    under_way = start_load(month=month, user=None)
    be_the_worker(under_way.pk, platform)
    under_way.refresh_from_db()
    return under_way


def be_the_worker(load_id: int, platform: FakePlatform) -> None:
    assert run_load(load_id=load_id, make_client=lambda: cast(PlatformClient, platform))
