"""Mappings as a CSV file that import_mappings takes."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invoices.services.mapping_export import export_mappings
from mapping.commands import CouldNotRun, Report, ReportingCommand


class Command(ReportingCommand):
    help = "Write every mapping as a CSV file that import_mappings takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", metavar="FILE", help="where to write; without it: stdout")

    def report(self, **options: Any) -> Report:
        text, rows = export_mappings()
        output = options["output"]
        if output is None:
            return Report(sentence=text.rstrip(), data={"rows": rows})
        try:
            Path(output).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise CouldNotRun(f"{output} can't be written: {error.strerror}.") from error
        return Report(
            sentence=f"Wrote {rows} mappings to {output}.", data={"rows": rows, "file": output}
        )
