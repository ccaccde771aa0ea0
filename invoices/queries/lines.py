"""Reads the Invoices grid: the lines that match, one page of them, and the period's counters."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from django.db import connection, transaction
from django.db.models import Count, F, OrderBy, Q, QuerySet, Value
from django.db.models.functions import Lower

from invoices.models import InvoiceLine, LineSearch
from invoices.queries.columns import BY_KEY, DEFAULT_SORT, FILTER_COLUMNS, Column, Kind
from invoices.queries.tallies import page_values
from mapping.grid import GridState, Page

# Stands in a URL for a value that is empty.
BLANK = "(blank)"
MAPPED, UNMAPPED = "mapped", "unmapped"
# So many ids of a search travel with the query; of more, each query looks for them itself.
FEW_HITS = 500
# So near to an end of the month a page of numbers is found by keeping the foremost alone.
NEAR = 1_000


@dataclass(frozen=True, kw_only=True)
class PeriodCounts:
    """The counters of a whole period, whatever is filtered (P29)."""

    total: int
    mapped: int

    @property
    def unmapped(self) -> int:
        return self.total - self.mapped


def period_counts(period: date) -> PeriodCounts:
    """Rows are counted, not ids: so a tally's small index answers alone."""
    counts = InvoiceLine.objects.filter(period=period).aggregate(
        total=Count("*"), mapped=Count("is_mapped", filter=Q(is_mapped=True))
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
    return lines.filter(_found(period, grid.search)) if grid.search else lines


def _found(period: date, search: str) -> Q:
    """Few hits by their ids, so that the texts are read once and not again by each query."""
    found = LineSearch.objects.filter(period=period, text__contains=normalised(search))
    ids = list(found.values_list("pk", flat=True)[: FEW_HITS + 1])
    return Q(pk__in=found.values("line") if len(ids) > FEW_HITS else ids)


def found_count(period: date, grid: GridState, lines: QuerySet[InvoiceLine]) -> int:
    """How many of the period's lines match; a search alone is counted without the lines."""
    if grid.search and not grid.filters:
        texts = LineSearch.objects.filter(period=period)
        return texts.filter(text__contains=normalised(grid.search)).count()
    return lines.count()


def ordered(lines: QuerySet[InvoiceLine], grid: GridState) -> QuerySet[InvoiceLine]:
    """In the order of the grid; the id makes it a total one, so that pages never overlap."""
    column = BY_KEY[grid.sort]
    key = Lower(column.field) if column.kind is Kind.NAME else F(column.field)
    # Only the default sort has an index that ends in the id. For the others a plain id would tempt
    # the planner to walk all months by the primary key where one value of the column is left.
    by_id = F("pk") if column.key == DEFAULT_SORT else F("pk") + Value(0)
    return lines.order_by(
        OrderBy(key, descending=grid.descending), OrderBy(by_id, descending=grid.descending)
    )


def lines_of_page(
    lines: QuerySet[InvoiceLine], period: date, grid: GridState, page: Page
) -> Sequence[InvoiceLine]:
    """The page's ids first, with as little as possible read; their rows after.

    `lines` are all of `period`, or what the search and filters of `grid` leave of it.
    """
    column, offset, size = BY_KEY[grid.sort], page.offset, page.last - page.offset
    is_near = _is_number(grid.sort) and min(page.last, page.total - offset) <= NEAR
    if column.tallied and not grid.is_narrowed and not is_near:
        values, offset = page_values(
            period, column, descending=grid.descending, offset=offset, size=size
        )
        return lines_by_ids(_ids(lines.filter(values), grid, offset, size))
    if offset > page.total // 2:
        # From the end it is the shorter way.
        turned = replace(grid, descending=not grid.descending)
        return lines_by_ids(_ids(lines, turned, page.total - offset - size, size)[::-1])
    return lines_by_ids(_ids(lines, grid, offset, size))


def _is_number(sort: str) -> bool:
    return BY_KEY[sort].kind is Kind.NUMBER


def _ids(lines: QuerySet[InvoiceLine], grid: GridState, offset: int, size: int) -> list[int]:
    ids = ordered(lines, grid).values_list("pk", flat=True)[offset : offset + size]
    # The default sort and the numbers are read from an index as it lies, and where a tally has told
    # the page's values, only their lines are.
    by_values = BY_KEY[grid.sort].tallied and not grid.is_narrowed
    if grid.sort == DEFAULT_SORT or _is_number(grid.sort) or by_values:
        return list(ids)
    with _page_by_page():
        return list(ids)


@contextmanager
def _page_by_page() -> Iterator[None]:
    """The month's lines are read in the table's order, each of its pages once.

    The planner holds it for as cheap to fetch most of a month row by row in the order of a tally,
    which after a bulk update leads to another page each time; and to read all months from end to
    end, for it reckons with a month that is strewn over them, where a load lays it side by side.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off")
        yield
        # Inside a caller's transaction LOCAL would last until that one ends.
        cursor.execute("SET LOCAL enable_indexscan TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT")


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
