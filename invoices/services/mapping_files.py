"""Imports mappings from their CSV file: what it would change is told first, and taken whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction

from invoices.mapping_rows import BadMappingFile, read_rows
from invoices.services.mapping_choices import Choice, choices_of
from mapping.models import MappingChange
from mapping.queries.history import Where, where
from mapping.services.choices import AgreementChoice, By, CompanyChoice, ProductChoice
from mapping.services.mappings import set_agreements, set_companies, set_products

Kind = MappingChange.Kind


class ImportChanged(Exception):
    """The file would not change what was shown any more; nothing was imported."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import changed, or would change, and on which line of the file each change stands."""

    rows: int
    mappings: int  # rows that say the same of one mapping count once
    changes: Sequence[MappingChange]
    line_of: Mapping[Where, int]
    batch: UUID

    @property
    def unchanged(self) -> int:
        return self.mappings - len(self.changes)

    @property
    def mark(self) -> str:
        """Changes whenever something else would be changed, from or to something else."""
        told = sorted(repr((where(one), one.before, one.after)) for one in self.changes)
        return sha256("\n".join(told).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there were, how many mappings changed, how many lines each kind filled."""
        counts = {"rows": self.rows}
        for kind in Kind:
            counts[f"{kind}s"] = sum(one.kind == kind for one in self.changes)
        for kind in Kind:
            lines = [one.lines_affected for one in self.changes if one.kind == kind]
            counts[f"{kind}_lines"] = sum(lines)
        return {**counts, "changed": len(self.changes)}


def import_mappings(
    *, text: str, user: User | None, dry_run: bool = False, mark: str | None = None
) -> Imported:
    """Map what the file says and fill the lines; all of it or nothing.

    Raises `BadMappingFile`, or `ImportChanged` where a `mark` is given that isn't the import's.
    """
    read = read_rows(text)
    choices, faults = choices_of(read.rows)
    if read.faults or faults:
        raise BadMappingFile([*read.faults, *faults])
    batch = uuid4()
    by = By(user=user, origin=MappingChange.Origin.IMPORT, batch=batch)
    with transaction.atomic():
        # Reversed: of rows that say the same the first one is named.
        line_of = {choice.where: line for line, choice in reversed(choices)}
        changes = _apply([choice for _, choice in choices], by=by)
        imported = Imported(
            rows=len(read.rows),
            mappings=len(line_of),
            changes=sorted(changes, key=lambda one: line_of[where(one)]),
            line_of=line_of,
            batch=batch,
        )
        if mark is not None and mark != imported.mark:
            raise ImportChanged
        if dry_run:
            # Done and taken back: what is shown before is what the same code would do.
            transaction.set_rollback(True)
    return imported


def _apply(choices: Sequence[Choice], *, by: By) -> list[MappingChange]:
    return [
        *set_companies([one for one in choices if isinstance(one, CompanyChoice)], by=by),
        *set_products([one for one in choices if isinstance(one, ProductChoice)], by=by),
        *set_agreements([one for one in choices if isinstance(one, AgreementChoice)], by=by),
    ]
