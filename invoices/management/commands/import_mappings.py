"""Mappings from a CSV file, all or nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invoices.mapping_rows import BadMappingFile
from invoices.mapping_text import UnreadableFile, text_of
from invoices.services.mapping_files import import_mappings
from mapping.commands import CouldNotRun, Report, ReportingCommand
from mapping.models import MappingChange
from mapping.numbers import numbered

SHOWN_ERRORS = 50


class Command(ReportingCommand):
    help = (
        "Import mappings from a CSV file with the columns kind,platform_id,contract_id,"
        "connectwise_id and optionally organization_id,offer_id. All rows or none are taken; "
        "unsynced lines are filled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.csv", help="the file to import")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )

    def report(self, **options: Any) -> Report:
        path, dry_run = options["file"], options["dry_run"]
        try:
            imported = import_mappings(text=_text(path), user=None, dry_run=dry_run)
        except BadMappingFile as error:
            raise CouldNotRun(_told(path, error.errors)) from error
        return Report(
            sentence=_sentence(imported.counts, dry_run=dry_run),
            data={**imported.counts, "dry_run": dry_run},
        )


def _text(path: str) -> str:
    try:
        # As it is: a line break inside a cell belongs to the cell.
        return text_of(Path(path).read_bytes()).text
    except UnreadableFile as error:
        raise CouldNotRun(f"{path} can't be taken. {error}") from error
    except OSError as error:
        raise CouldNotRun(f"{path} can't be read: {error.strerror}.") from error


def _told(path: str, errors: list[str]) -> str:
    count = numbered(len(errors), "error")
    more = [f"… and {len(errors) - SHOWN_ERRORS} more"] if len(errors) > SHOWN_ERRORS else []
    return "\n".join([f"{path}: {count}, nothing was imported.", *errors[:SHOWN_ERRORS], *more])


def _sentence(counts: Mapping[str, int], *, dry_run: bool) -> str:
    if not counts["changed"]:
        return f"{counts['rows']} rows, nothing to change."
    verb = "Would change" if dry_run else "Changed"
    parts = [
        f"{numbered(counts[f'{kind}s'], kind)} ({numbered(counts[f'{kind}_lines'], 'line')} filled)"
        for kind in MappingChange.Kind
        if counts[f"{kind}s"]
    ]
    return f"{verb} {', '.join(parts)}."
