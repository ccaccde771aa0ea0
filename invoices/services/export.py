"""Lines as files: a period's as CSV for scripts, what the grid shows as CSV or a workbook."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any, Protocol

from django.db.models import QuerySet

from invoices.models import InvoiceLine
from invoices.queries.columns import COLUMNS, Column
from invoices.queries.rows import CREATE_AGREEMENT, charge_type_names
from invoices.services.workbook import workbook
from mapping.csv_cells import FORMULAS

# Without it Excel takes UTF-8 for something else.
BYTE_ORDER_MARK = "\ufeff"
CHUNK = 2000
Cell = Callable[[InvoiceLine], object]


class Writable(Protocol):
    """A file, or whatever else a CSV is written to."""

    def write(self, text: str, /) -> Any: ...


def export_lines(*, period: date, output: Writable) -> Iterator[int]:
    """Writes the lines in the grid's order, memory flat; yields how many are written, as it goes."""
    cells = {**_cells(COLUMNS), **APART}
    writer = csv.writer(output)
    writer.writerow(cells)
    lines = InvoiceLine.objects.filter(period=period).order_by("invoice_date", "pk")
    number = 0
    for number, line in enumerate(lines.iterator(chunk_size=CHUNK), start=1):
        writer.writerow([defused(cell(line)) for cell in cells.values()])
        if number % CHUNK == 0:
            yield number
    yield number


def csv_of(*, lines: QuerySet[InvoiceLine], columns: Sequence[Column]) -> Iterator[str]:
    """These lines and columns as CSV, piece by piece."""
    cells = _cells(columns)
    piece = io.StringIO()
    writer = csv.writer(piece)
    piece.write(BYTE_ORDER_MARK)
    writer.writerow(cells)
    for number, line in enumerate(lines.iterator(chunk_size=CHUNK), start=1):
        writer.writerow([defused(cell(line)) for cell in cells.values()])
        if number % CHUNK == 0:
            yield piece.getvalue()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue()


def workbook_of(*, lines: QuerySet[InvoiceLine], columns: Sequence[Column]) -> Iterator[bytes]:
    """These lines and columns as a workbook, piece by piece."""
    cells = _cells(columns)
    read = list(cells.values())
    rows = ([cell(line) for cell in read] for line in lines.iterator(chunk_size=CHUNK))
    return workbook(name="Invoice lines", heads=list(cells), rows=rows, count=lines.count())


def _cells(columns: Sequence[Column]) -> dict[str, Cell]:
    """Heads and cells; the grid's labels, so that both are read alike. Money brings its currency."""
    names = charge_type_names()
    own: dict[str, Cell] = {
        **OWN,
        "charge_type": lambda line: names.get(line.charge_type, line.charge_type),
    }
    cells = {column.label: own.get(column.key) or attrgetter(column.field) for column in columns}
    if not MONEY.isdisjoint(column.key for column in columns):
        cells["Currency"] = attrgetter("currency")
    return cells


def _plain(value: Decimal) -> Decimal:
    """Exact, without needless zeros and never as 1E+2."""
    return Decimal(f"{value.normalize():f}")


def defused(value: object) -> object:
    """Text from elsewhere never becomes a formula; numbers and dates are ours and stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return "" if value is None else value


MONEY = {"cost", "revenue", "total_cost", "total_revenue"}
# Columns that are not simply a field of the line.
OWN: Mapping[str, Cell] = {
    "quantity": lambda line: _plain(line.quantity),
    "cost": lambda line: _plain(line.unit_cost),
    "revenue": lambda line: _plain(line.unit_price),
    "total_cost": lambda line: _plain(line.total_cost),
    "total_revenue": lambda line: _plain(line.total_price),
    "agreement": lambda line: CREATE_AGREEMENT if line.create_agreement else line.agreement_name,
    "mapping": lambda line: "Mapped" if line.is_mapped else "Unmapped",
    "status": lambda line: line.get_psa_status_display(),
}
# What the grid doesn't show and scripts want.
APART: Mapping[str, Cell] = {
    name: attrgetter(name) for name in ("platform_id", "addition_id", "error")
}
