"""How often each value of a column occurs in a period, read from an index alone.

With it any page of a sorted period is found at once: only the lines of the few values that stand on
the page are ordered, however deep it is.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Q

from invoices.queries.columns import Column, Kind

Tally = Sequence[tuple[Any, Any, int]]


def page_values(
    period: date, column: Column, *, descending: bool, offset: int, size: int
) -> tuple[Q, int]:
    """The condition that leaves the values of that page, and the page's offset among their lines."""
    if column.kind is Kind.NUMBER:
        return _page_of_numbers(period, column.field, descending=descending, offset=offset)
    tally = _tally(period, column, descending=descending)
    start, first, values = 0, 0, list[Any]()
    for _, same in groupby(tally, key=lambda row: row[1]):
        # "ACME" and "Acme" are sorted as one, so they come together or not at all.
        run = list(same)
        end = start + sum(count for _, _, count in run)
        if end > offset:
            first = start if not values else first
            values += [value for value, _, _ in run]
        start = end
        if end >= offset + size:
            break
    return _among(column.field, values), offset - first


def _tally(period: date, column: Column, *, descending: bool) -> Tally:
    """Value, what it is sorted by, and how many lines have it; in the grid's order."""
    # Grouped by the plain column: the planner reads no expression from an index.
    value = column.field
    key = f"lower({value})" if column.kind is Kind.NAME else value
    return _rows(
        f"SELECT {value}, {key}, count(*) FROM invoices_invoiceline"
        f" WHERE period = %s GROUP BY {value} ORDER BY {key} {_direction(descending)}",
        [period],
    )


def _among(field: str, values: Sequence[Any]) -> Q:
    known = Q(**{f"{field}__in": [value for value in values if value is not None]})
    return known | Q(**{f"{field}__isnull": True}) if None in values else known


# --- Numbers: too many are unlike each other, so ranges of them are counted --------------------------


def _page_of_numbers(period: date, field: str, *, descending: bool, offset: int) -> tuple[Q, int]:
    """What lies before the page's range is left out; what lies behind it, the sort never reaches."""
    counts = _rows(
        f"SELECT width_bucket({field}::float8, %s::float8[]), count(*) FROM invoices_invoiceline"
        f" WHERE period = %s GROUP BY 1 ORDER BY 1 {_direction(descending)}",
        [BOUNDS_OF_SQL, period],
    )
    before = 0
    for number, count in counts:
        if before + count > offset:
            return _from_range(field, number, descending=descending), offset - before
        before += count
    return Q(), offset


def _from_range(field: str, number: int, *, descending: bool) -> Q:
    """The lines of this range and of those behind it; range n is from bound n - 1 to below bound n."""
    if descending:
        return Q(**{f"{field}__lt": BOUNDS[number]}) if number < len(BOUNDS) else Q()
    return Q(**{f"{field}__gte": BOUNDS[number - 1]}) if number else Q()


def _bounds() -> Iterable[Decimal]:
    """0, and on both sides of it a hundred to each power of ten, from a millionth to a billion."""
    millionth = Decimal("0.000001")
    yield Decimal(0)
    for step in range(-600, 901):
        bound = Decimal(10 ** (step / 100)).quantize(millionth)
        yield from (bound, -bound)


# Columns have six decimals at most: below a billion no two numbers are one float, nor is one of them
# that of a bound it doesn't equal. So PostgreSQL may compare floats, which it does ten times as fast.
BOUNDS = sorted(set(_bounds()))
BOUNDS_OF_SQL = "{" + ",".join(map(str, BOUNDS)) + "}"


def _rows(sql: str, params: Sequence[str | date]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _direction(descending: bool) -> str:
    return "DESC" if descending else "ASC"
