"""Writes the history of mappings, with the number of lines that each change filled (P13)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mapping.models import MappingChange
from mapping.ports import Key, LineColumn, LineKey, LineScope, Part, lines
from mapping.queries.history import Picture
from mapping.services.choices import By

COLUMNS: tuple[LineColumn, ...] = ("organization_id", "offer_id", "contract_id")


def drafted(
    by: By, kind: MappingChange.Kind, before: Picture, after: Picture, **where: Any
) -> MappingChange:
    """A change not yet saved; `where` names its organization, offer and contract."""
    return MappingChange(
        kind=kind,
        origin=by.origin,
        batch=by.batch,
        user=by.user,
        before=before,
        after=after,
        **where,
    )


def fill_and_keep(
    changes: list[MappingChange],
    *,
    by: By,
    columns: tuple[LineColumn, ...],
    parts: tuple[Part, ...],
) -> list[MappingChange]:
    """Fill the lines of these changes in one go and save their history."""
    if not changes:
        return []
    keys = tuple({_key(change, columns) for change in changes})
    if by.fills_lines:
        filled = lines().fill(LineScope(columns=columns, keys=keys, parts=parts))
        # Where two changes share a key (an agreement for all offers, and one for a single offer), only
        # all columns tell whose lines are whose.
        _count(changes, filled, columns=columns if len(keys) == len(changes) else COLUMNS)
    return MappingChange.objects.bulk_create(changes, batch_size=1000)


def _count(
    changes: Sequence[MappingChange],
    filled: Mapping[LineKey, int],
    *,
    columns: tuple[LineColumn, ...],
) -> None:
    """Give each change the lines that hold its values of `columns`, as far as it has one."""
    totals: dict[tuple[LineColumn, ...], Counter[Key]] = {}
    for change in changes:
        has = tuple(column for column in columns if getattr(change, column))
        if has not in totals:
            totals[has] = Counter()
            for key, number in filled.items():
                totals[has][_key(key, has)] += number
        change.lines_affected = totals[has][_key(change, has)]


def _key(holder: MappingChange | LineKey, columns: tuple[LineColumn, ...]) -> Key:
    return tuple(getattr(holder, column) for column in columns)
