"""How often each value of a column occurs in a period, read from an index alone.

With it any page of a sorted period is found at once: only the lines of the few values that stand on
the page are ordered, however deep it is.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Q

from invoices.queries.columns import Column


def page_values(
    period: date, column: Column, *, descending: bool, offset: int, size: int
) -> tuple[Q, int]:
    """The condition that leaves the values of that page, and the page's offset among their lines."""
    start, first, values = 0, 0, list[Any]()
    for _, same in groupby(_tally(period, column, descending=descending), key=lambda row: row[1]):
        # "ACME" and "Acme" are sorted as one, so they come together or not at all.
        run = list(same)
        end = start + sum(count for _, _, count in run)
        if end > offset:
            first = start if not values else first
            values += [value for value, _, _ in run]
        start = end
        if end >= offset + size:
            break
    return _among(column, values), offset - first


def _tally(period: date, column: Column, *, descending: bool) -> Sequence[tuple[Any, Any, int]]:
    """Value, what it is sorted by, and how many lines have it; in the grid's order.

    Of a number the value is its whole part, which is in the same order.
    """
    # Grouped by the plain column: the planner reads no expression from an index.
    value = f"floor({column.field})" if column.is_number else column.field
    key = f"lower({value})" if column.folds_case else value
    direction = "DESC" if descending else "ASC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {value}, {key}, count(*) FROM invoices_invoiceline"
            f" WHERE period = %s GROUP BY {value} ORDER BY {key} {direction}",
            [period],
        )
        return list(cursor.fetchall())


def _among(column: Column, values: Sequence[Any]) -> Q:
    field = column.field
    if column.is_number and values:
        return Q(**{f"{field}__gte": min(values), f"{field}__lt": max(values) + 1})
    known = Q(**{f"{field}__in": [value for value in values if value is not None]})
    return known | Q(**{f"{field}__isnull": True}) if None in values else known
