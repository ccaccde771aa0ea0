"""export_lines: a period's lines as CSV, on stdout or into a file."""

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.models import InvoiceLine, Period
from invoices.months import month_name, parse_period
from invoices.services.export import Writable, export_lines
from mapping.commands import CouldNotRun, Report, ReportingCommand


class Command(ReportingCommand):
    help = "Write the lines of a loaded period as CSV: the grid's columns, platform_id, addition_id, error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--period", required=True, metavar="YYYY-MM|current|previous", help="the month to write"
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="where to write; without it: stdout"
        )

    def report(self, *, period: str, output: Path | None, **options: Any) -> Report:
        month = self._month(period)
        with self._opened(output) as file:
            lines = self._write(month, file)
        # Without a file, stdout is the CSV: nothing else may stand there.
        return Report(
            sentence=f"Wrote {lines:,} lines of {month_name(month)} to {output}." if output else "",
            data={"period": f"{month:%Y-%m}", "lines": lines, "file": str(output or "")},
        )

    def _month(self, period: str) -> date:
        try:
            month = parse_period(period, business_today(timezone.now()))
        except ValueError as error:
            raise CouldNotRun(str(error)) from error
        if not Period.objects.filter(month=month, loaded_at__isnull=False).exists():
            raise CouldNotRun(
                f"{month_name(month)} was never loaded: run load_invoices --period {month:%Y-%m}."
            )
        return month

    def _opened(self, output: Path | None) -> Any:
        if output is None:
            return nullcontext(self.stdout)
        try:
            return output.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise CouldNotRun(f"{output} can't be written: {error.strerror}.") from error

    def _write(self, month: date, file: Writable) -> int:
        total = InvoiceLine.objects.filter(period=month).count()
        lines = 0
        for lines in export_lines(period=month, output=file):
            self.show_progress("Lines written", lines, total)
        return lines
