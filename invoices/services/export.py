"""A period's lines as CSV: every column of the grid, and what tells a line from all others."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from invoices.models import InvoiceLine
from invoices.queries.rows import CREATE_AGREEMENT, charge_type_names

# A spreadsheet takes a text that begins so for a formula; the apostrophe makes it a text again.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 2000
Cell = Callable[[InvoiceLine], object]


class Writable(Protocol):
    def write(self, text: str, /) -> Any: ...


def export_lines(*, period: date, output: Writable) -> Iterator[int]:
    """Writes the lines in the grid's order, memory flat; yields how many are written, as it goes."""
    columns = _columns(charge_type_names())
    writer = csv.writer(output)
    writer.writerow(columns)
    lines = InvoiceLine.objects.filter(period=period).order_by("invoice_date", "pk")
    number = 0
    for number, line in enumerate(lines.iterator(chunk_size=CHUNK), start=1):
        writer.writerow([defused(cell(line)) for cell in columns.values()])
        if number % CHUNK == 0:
            yield number
    yield number


def _columns(names: dict[str, str]) -> dict[str, Cell]:
    """Heads and cells; the grid's labels, so that both are read alike."""
    return {
        "Invoice Date": lambda line: line.invoice_date,
        "Organization Name": lambda line: line.organization_name,
        "Organization Reference #": lambda line: line.organization_reference,
        "Contract ID": lambda line: line.contract_id,
        "Offer Name": lambda line: line.offer_name,
        "Offer ID": lambda line: line.offer_platform_id,
        "Vendor Name": lambda line: line.vendor_name,
        "Billing Cycle": lambda line: line.billing_cycle,
        "Commitment Term": lambda line: line.commitment_term,
        "Quantity": lambda line: _plain(line.quantity),
        "Cost": lambda line: _plain(line.unit_cost),
        "Revenue": lambda line: _plain(line.unit_price),
        "Currency": lambda line: line.currency,
        "Charge Start Date": lambda line: line.charge_start_date,
        "Charge End Date": lambda line: line.charge_end_date,
        "Charge Type": lambda line: names.get(line.charge_type, line.charge_type),
        "PSA Organization Name": lambda line: line.company_name,
        "PSA Organization ID": lambda line: line.company_connectwise_id,
        "PSA Agreement Name": lambda line: (
            CREATE_AGREEMENT if line.create_agreement else line.agreement_name
        ),
        "PSA Product Name": lambda line: line.product_name,
        "PSA Product ID": lambda line: line.product_connectwise_id,
        "Mapping Status": lambda line: "Mapped" if line.is_mapped else "Unmapped",
        "Status in PSA": lambda line: line.get_psa_status_display(),
        "platform_id": lambda line: line.platform_id,
        "addition_id": lambda line: line.addition_id,
        "error": lambda line: line.error,
    }


def _plain(value: Decimal) -> Decimal:
    """Exact, without needless zeros and never as 1E+2."""
    return Decimal(f"{value.normalize():f}")


def defused(value: object) -> object:
    """Text from elsewhere never becomes a formula; numbers and dates are ours and stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value
