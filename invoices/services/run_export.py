"""A run's rows as CSV: what its page shows, as filtered there."""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from invoices.models import SyncRun
from invoices.queries.plan_row import Change, PlanRow, plan_rows
from invoices.queries.plan_rows import matching_rows, ordered, rows_by_ids
from invoices.services.export import BYTE_ORDER_MARK, defused
from mapping.grid import GridState

CHUNK = 1000
Cell = Callable[[PlanRow], object]


class _Echo:
    """Hands the writer's line on instead of keeping it."""

    def write(self, text: str, /) -> str:
        return text


def export_run(run: SyncRun, grid: GridState) -> Iterator[str]:
    """The matching rows in the page's order, line by line; memory stays flat."""
    columns = _columns(run)
    writer: Any = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(columns)
    ids = list(ordered(matching_rows(run, grid), grid).values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        for row in plan_rows(run, rows_by_ids(ids[start : start + CHUNK])):
            yield writer.writerow([defused(cell(row)) for cell in columns.values()])


def _columns(run: SyncRun) -> dict[str, Cell]:
    outcome: dict[str, Cell] = {} if run.is_draft else {"Outcome": lambda row: row.outcome_words}
    return {
        "Kind": lambda row: row.label,
        **outcome,
        "Customer": lambda row: row.customer,
        "Subscription": lambda row: row.subject,
        "Line": lambda row: row.line.platform_id if row.line else "",
        "Agreement": lambda row: row.agreement,
        "Product": lambda row: row.product,
        "Currency": lambda row: row.operation.currency,
        "Revenue": lambda row: row.operation.revenue,
        "Cost": lambda row: row.operation.cost,
        "Changes": lambda row: _told(row.changes or row.image),
        "Reason": lambda row: " ".join(filter(None, (row.problem, row.operation.reason))),
        "Warnings": lambda row: " ".join(str(one) for one in row.warnings),
        "Addition": lambda row: row.operation.addition_id,
        "Reference": lambda row: row.operation.key,
    }


def _told(changes: Sequence[Change]) -> str:
    return "; ".join(
        f"{one.label}: {f'{one.before} → ' if one.before else ''}{one.after}" for one in changes
    )
