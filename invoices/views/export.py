"""What the grid shows, as a file: its search, filters, sort and columns, all pages."""

from typing import Literal

from django.http import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from invoices.queries.lines import matching_lines, ordered
from invoices.services.export import csv_of, workbook_of
from invoices.views.grid import layout_for, period_or_404, state_of
from mapping.http import HtmxHttpRequest

KINDS = {
    "csv": (csv_of, "text/csv; charset=utf-8"),
    "xlsx": (workbook_of, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@require_GET
def export(request: HtmxHttpRequest, kind: Literal["csv", "xlsx"]) -> HttpResponseBase:
    """Sent while it is written: the download begins at once, whatever the number of lines."""
    period = period_or_404(request)
    grid = state_of(request, period)
    lines = ordered(matching_lines(period.month, grid), grid)
    columns = [shown.column for shown in layout_for(request.user).columns]
    part = "-filtered" if grid.is_narrowed else ""
    name = f"invoice-lines-{period.month:%Y-%m}{part}.{kind}"
    write, content_type = KINDS[kind]
    return StreamingHttpResponse(
        write(lines=lines, columns=columns),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
