"""What the grid shows as CSV and as a workbook: its search, filters, sort and columns."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from invoices.models import ChargeTypeName, InvoiceLine, Period
from invoices.queries.columns import COLUMNS
from invoices.queries.lines import matching_lines, ordered
from invoices.services import export, workbook
from mapping.grid import GridState
from mapping.models import GridPreference
from tests.factories import make_line

from .conftest import MAY

LINES = "/mapping/invoices/"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def as_csv(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"{LINES}export.csv{query}")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def as_cells(client: Client, query: str = "") -> list[list[tuple[str, str]]]:
    """Type and text of each cell, row by row."""
    response = client.get(f"{LINES}export.xlsx{query}")
    book = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]
    rows = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iter(f"{SHEET}row")
    return [[(cell.get("t", "n"), "".join(cell.itertext())) for cell in row] for row in rows]


def test_the_file_holds_what_search_and_filters_leave_in_the_grids_order(
    signed_in: Client, searchable: Callable[..., InvoiceLine]
) -> None:
    for name, vendor in (("Azure B", "X"), ("Azure A", "X"), ("Azure C", "Y"), ("Teams", "X")):
        searchable(offer_name=name, vendor_name=vendor)
    rows = as_csv(signed_in, "?q=azure&vendor=X&sort=-offer")
    assert [row["Offer Name"] for row in rows] == ["Azure B", "Azure A"]
    assert len(as_csv(signed_in)) == 4


def test_the_file_has_the_shown_columns_alone_and_money_its_currency(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    GridPreference.objects.create(
        user=operator, grid="invoices", columns=["offer", "total_cost", "status"]
    )
    (row,) = as_csv(signed_in)
    assert list(row) == [
        "Offer Name",
        "Total Cost",
        "Charge Start Date",
        "Charge End Date",
        "PSA Organization Name",
        "PSA Agreement Name",
        "PSA Product Name",
        "Status in PSA",
        "Currency",
    ]
    assert (row["Total Cost"], row["Currency"], row["Status in PSA"]) == ("8", "USD", "Not Synced")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_text_becomes_a_formula(signed_in: Client, text: str) -> None:
    make_line(organization_name=text)
    (row,) = as_csv(signed_in)
    assert row["Organization Name"] == f"'{text}"
    cells = as_cells(signed_in)[1]
    assert ("inlineStr", text) in cells
    assert not any("<f>" in value for _, value in cells)


def test_a_workbook_has_numbers_as_numbers_and_days_as_days(signed_in: Client) -> None:
    ChargeTypeName.objects.create(charge_type="Usage Fee", display_name="Consumption")
    make_line(charge_type="Usage Fee", quantity="12.5", invoice_date=date(2026, 5, 10))
    heads, cells = as_cells(signed_in)
    row = dict(zip((text for _, text in heads), cells, strict=False))
    assert row["Quantity"] == ("n", "12.5")
    assert row["Invoice Date"] == ("n", "46152")  # days since 1900, as spreadsheets count
    assert row["Charge Type"] == ("inlineStr", "Consumption")


def test_a_spreadsheet_opens_the_workbook_with_its_days_numbers_and_awkward_texts(
    signed_in: Client, operator: User
) -> None:
    GridPreference.objects.create(user=operator, grid="invoices", columns=["offer", "revenue"])
    texts = [
        "=1+1",
        "Zürich & <Söhne>",
        " spaced ",
        "bell\x07",
        "_x0007_",
        "two\nlines",
        "Ω 日本 🦉",
    ]
    for number, text in enumerate(texts, start=1):
        make_line(offer_name=text, unit_price=f"-{number}.000001", charge_end_date=None)
    response = signed_in.get(f"{LINES}export.xlsx")
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    heads, *rows = book.get_sheet_by_name("Invoice lines").to_python()
    read = [dict(zip(map(str, heads), row, strict=True)) for row in rows]
    assert [row["Offer Name"] for row in read] == texts
    assert [row["Revenue"] for row in read] == [-number - 0.000001 for number in range(1, 8)]
    assert read[0]["Charge Start Date"] == date(2026, 5, 1)
    assert {row["Charge End Date"] for row in read} == {""}


def test_a_workbook_without_lines_is_its_heads(signed_in: Client, may: Period) -> None:
    (heads,) = as_cells(signed_in)
    assert heads[0] == ("inlineStr", "Invoice Date")


@pytest.mark.parametrize(
    ("query", "name"),
    [("", "invoice-lines-2026-05"), ("?vendor=X", "invoice-lines-2026-05-filtered")],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_is_named_after_what_it_holds(
    signed_in: Client, query: str, name: str, kind: str
) -> None:
    response = signed_in.get(f"{LINES}export.{kind}{query}")
    assert f'filename="{name}.{kind}"' in response["Content-Disposition"]


def test_lines_are_read_chunk_by_chunk(may: Period, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    for _ in range(5):
        make_line()
    grid = GridState(sort="invoice_date")
    lines = ordered(matching_lines(MAY, grid), grid)
    with CaptureQueriesContext(connection) as captured:
        pieces = list(export.csv_of(lines=lines, columns=[]))
    assert len(pieces) == 3
    assert len(captured) == 2  # the names of charge types, the lines


def test_a_workbooks_first_bytes_leave_before_its_lines_are_read_piece_by_piece(
    may: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "PIECE", 2)
    for _ in range(5):
        make_line()
    with CaptureQueriesContext(connection) as captured:
        pieces = export.workbook_of(lines=InvoiceLine.objects.all(), columns=COLUMNS)
        assert next(pieces).startswith(b"PK")
        assert len(captured) == 2  # the names of charge types, how many lines
        assert len(list(pieces)) == 4
        assert len(captured) == 3
