"""The values a column can be filtered by, how often each occurs, and the chips of active filters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from invoices.models import InvoiceLine
from invoices.queries.columns import FILTER_COLUMNS
from invoices.queries.fixes import cause_name
from invoices.queries.lines import BLANK, MAPPED, UNMAPPED, matching_lines
from mapping.grid import GridState

# More than anyone reads; the field above the list narrows them on the server.
MOST_VALUES = 200
LONGEST_NUMBER = 18
NUMBER = re.compile(rf"\d{{1,{LONGEST_NUMBER}}}")
STATUSES = dict(InvoiceLine.Status.choices)
MAPPINGS = {MAPPED: "Mapped", UNMAPPED: "Unmapped"}


@dataclass(frozen=True, kw_only=True)
class FilterValue:
    """One value of a column, among the lines that the other filters leave."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class FilterList:
    """What the popover of a column offers; `more` says that there are others to be searched for."""

    values: Sequence[FilterValue]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One active filter value, and the query string without it."""

    column: str
    label: str
    without: str


def filter_list(period: date, grid: GridState, key: str, *, find: str = "") -> FilterList:
    """The values of column `key`: chosen ones first, then by name."""
    column, chosen = FILTER_COLUMNS[key], grid.filters.get(key, ())
    rows = (
        matching_lines(period, grid, ignoring=key)
        .values_list(column.field)
        .annotate(count=Count("*"))
        .order_by()
    )
    counts = {_url_value(key, value): count for value, count in rows}
    labels = {value: label_of(key, value) for value in {*counts, *chosen}}
    sought = find.casefold()
    wanted = [
        value for value, label in labels.items() if value in chosen or sought in label.casefold()
    ]
    wanted.sort(key=lambda value: (value not in chosen, _as_read(labels[value]), value))
    values = [
        FilterValue(
            value=value, label=labels[value], count=counts.get(value, 0), chosen=value in chosen
        )
        for value in wanted[:MOST_VALUES]
    ]
    return FilterList(values=values, more=len(wanted) > MOST_VALUES)


def _as_read(label: str) -> str:
    """As people order: small letters beside capitals, "Plan 2" before "Plan 10".

    One text: a list of parts for each of thousands of labels takes twice as long, and leaves garbage.
    """
    return NUMBER.sub(_padded, label.casefold())


def _padded(number: re.Match[str]) -> str:
    return number[0].zfill(LONGEST_NUMBER)


def chips(grid: GridState) -> list[Chip]:
    """In the order of the filters, each with the way to be rid of it."""
    return [
        Chip(
            column=FILTER_COLUMNS[key].label,
            label=label_of(key, value),
            without=grid.without(key, value),
        )
        for key, values in grid.filters.items()
        for value in values
    ]


def label_of(key: str, value: str) -> str:
    """A filter's value as people read it."""
    if key == "status":
        return str(STATUSES.get(value, value))
    if key == "mapping":
        return MAPPINGS.get(value, value)
    return cause_name(value) if key == "cause" else value


def _url_value(key: str, value: object) -> str:
    if key == "mapping":
        return MAPPED if value else UNMAPPED
    return str(value) or BLANK
