"""export_lines: the grid's columns as CSV, exact, harmless in a spreadsheet."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invoices.models import ChargeTypeName, Period
from invoices.queries.columns import COLUMNS
from tests.factories import make_line


def export(*arguments: str) -> tuple[list[dict[str, str]], str]:
    """The rows on stdout, and all of stdout."""
    output = io.StringIO()
    call_command("export_lines", "--period", "2026-05", *arguments, stdout=output)
    return list(csv.DictReader(io.StringIO(output.getvalue()))), output.getvalue()


def test_every_column_of_the_grid_is_there_and_what_tells_lines_apart(may: Period) -> None:
    make_line(platform_id="L-1", addition_id=42, psa_status="error", error="Product inactive")
    (row,), _ = export()
    assert {column.label for column in COLUMNS if not column.optional} <= set(row)
    assert (row["platform_id"], row["addition_id"]) == ("L-1", "42")
    assert (row["error"], row["Status in PSA"]) == ("Product inactive", "Error")
    assert row["Mapping Status"] == "Unmapped"


@pytest.mark.parametrize(
    ("stored", "written"),
    [("100", "100"), ("-2.5", "-2.5"), ("0.000001", "0.000001"), ("12.340000", "12.34")],
)
def test_numbers_are_exact_and_plain(may: Period, stored: str, written: str) -> None:
    make_line(quantity=stored, unit_cost=stored, unit_price=stored)
    (row,), _ = export()
    assert {row["Quantity"], row["Cost"], row["Revenue"]} == {written}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_becomes_a_formula(may: Period, text: str) -> None:
    make_line(organization_name=text)
    output = io.StringIO(newline="")
    call_command("export_lines", "--period", "2026-05", stdout=output)
    rows = list(csv.DictReader(io.StringIO(output.getvalue(), newline="")))
    assert rows[0]["Organization Name"] == f"'{text}"


def test_names_are_those_on_the_screen(may: Period) -> None:
    ChargeTypeName.objects.create(charge_type="Usage Fee", display_name="Consumption")
    make_line(charge_type="Usage Fee", create_agreement=True, charge_end_date=None)
    (row,), _ = export()
    assert row["Charge Type"] == "Consumption"
    assert row["PSA Agreement Name"] == "Create new agreement"
    assert row["Charge End Date"] == ""


def test_a_file_is_written_and_the_result_is_said(may: Period, tmp_path: Path) -> None:
    make_line()
    file = tmp_path / "may.csv"
    output = io.StringIO()
    call_command(
        "export_lines", "--period", "2026-05", "--output", str(file), "--json", stdout=output
    )
    assert len(file.read_text().splitlines()) == 2
    result: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    assert result == {"period": "2026-05", "lines": 1, "file": str(file)}


def test_a_loaded_period_without_lines_is_its_head_alone(may: Period) -> None:
    rows, text = export()
    assert rows == []
    assert text.startswith("Invoice Date,")


@pytest.mark.parametrize("arguments", [["--period", "2026-04"], ["--period", "May"]])
def test_a_period_that_isnt_loaded_could_not_run(may: Period, arguments: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("export_lines", *arguments)
    assert refused.value.returncode == 2


def test_a_file_that_cant_be_written_could_not_run(may: Period, tmp_path: Path) -> None:
    target = str(tmp_path / "no" / "such.csv")
    with pytest.raises(CommandError, match="can't be written"):
        call_command("export_lines", "--period", "2026-05", "--output", target)
