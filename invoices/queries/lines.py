"""Reads the Invoices grid: the lines that match, one page of them, and the period's counters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Count, F, OrderBy, Q, QuerySet
from django.db.models.functions import Lower

from invoices.models import InvoiceLine, LineSearch
from invoices.queries.columns import BY_KEY, FILTER_COLUMNS, Column
from mapping.grid import GridState, Page

# Stands in a URL for a value that is empty.
BLANK = "(blank)"
MAPPED, UNMAPPED = "mapped", "unmapped"


@dataclass(frozen=True, kw_only=True)
class PeriodCounts:
    """The counters of a whole period, whatever is filtered (P29)."""

    total: int
    mapped: int

    @property
    def unmapped(self) -> int:
        return self.total - self.mapped


def period_counts(period: date) -> PeriodCounts:
    counts = InvoiceLine.objects.filter(period=period).aggregate(
        total=Count("pk"), mapped=Count("pk", filter=Q(is_mapped=True))
    )
    return PeriodCounts(**counts)


def matching_lines(
    period: date, grid: GridState, *, ignoring: str | None = None
) -> QuerySet[InvoiceLine]:
    """The period's lines that meet the search and the filters, but for the filter `ignoring`."""
    lines = InvoiceLine.objects.filter(period=period)
    for key, values in grid.filters.items():
        if key != ignoring:
            lines = lines.filter(_condition(FILTER_COLUMNS[key], values))
    if grid.search:
        found = LineSearch.objects.filter(period=period, text__contains=normalised(grid.search))
        lines = lines.filter(pk__in=found.values("line"))
    return lines


def ordered(lines: QuerySet[InvoiceLine], grid: GridState) -> QuerySet[InvoiceLine]:
    """In the order of the grid; the id makes it a total one, so that pages never overlap."""
    column = BY_KEY[grid.sort]
    key = Lower(column.field) if column.folds_case else F(column.field)
    by_id = F("pk")
    return lines.order_by(
        OrderBy(key, descending=grid.descending), OrderBy(by_id, descending=grid.descending)
    )


def lines_of_page(
    lines: QuerySet[InvoiceLine], grid: GridState, page: Page
) -> Sequence[InvoiceLine]:
    """The page's ids first, from an index where there is one; their rows after."""
    ids = list(
        ordered(lines, grid).values_list("pk", flat=True)[page.offset : page.offset + page.size]
    )
    return lines_by_ids(ids)


def lines_by_ids(ids: Sequence[int]) -> Sequence[InvoiceLine]:
    """These lines in this order; those that are no more are left out."""
    rows = InvoiceLine.objects.in_bulk(ids)
    return [rows[one] for one in ids if one in rows]


def grown_lines(seen: Mapping[int, int]) -> Sequence[InvoiceLine]:
    """The lines among `seen` (id → version) that have changed since."""
    versions = dict(InvoiceLine.objects.filter(pk__in=list(seen)).values_list("pk", "version"))
    return lines_by_ids([one for one, version in seen.items() if versions.get(one, 0) > version])


def _condition(column: Column, values: Sequence[str]) -> Q:
    if column.key == "mapping":
        return Q(is_mapped__in=[value == MAPPED for value in values])
    return Q(**{f"{column.field}__in": ["" if value == BLANK else value for value in values]})


def normalised(text: str) -> str:
    """As `LineSearch.text` was made, by the same function of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(unaccent(%s))", [text])
        return str(cursor.fetchone()[0])
