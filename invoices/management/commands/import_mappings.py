"""Mappings from a CSV file, all or nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invoices.mapping_rows import BadMappingFile
from invoices.services.mapping_files import Imported, import_mappings
from mapping.commands import CouldNotRun, Report, ReportingCommand

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
            sentence=_sentence(imported, dry_run=dry_run),
            data={**asdict(imported), "changed": imported.changed, "dry_run": dry_run},
        )


def _text(path: str) -> str:
    try:
        # As it is: a line break inside a cell belongs to the cell.
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CouldNotRun(f"{path} is not UTF-8: save it as “CSV UTF-8”.") from error
    except OSError as error:
        raise CouldNotRun(f"{path} can't be read: {error.strerror}.") from error


def _told(path: str, errors: list[str]) -> str:
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    more = [f"… and {len(errors) - SHOWN_ERRORS} more"] if len(errors) > SHOWN_ERRORS else []
    return "\n".join([f"{path}: {count}, nothing was imported.", *errors[:SHOWN_ERRORS], *more])


def _sentence(imported: Imported, *, dry_run: bool) -> str:
    if not imported.changed:
        return f"{imported.rows} rows, nothing to change."
    verb = "Would change" if dry_run else "Changed"
    parts = (
        _part(imported.organizations, "organization", imported.organization_lines),
        _part(imported.offers, "offer", imported.offer_lines),
        _part(imported.agreements, "agreement", imported.agreement_lines),
    )
    return f"{verb} {', '.join(filter(None, parts))}."


def _part(number: int, noun: str, lines: int) -> str:
    if not number:
        return ""
    return f"{_counted(number, noun)} ({_counted(lines, 'line')} filled)"


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
