"""The Invoices grid: one address with two renderings, its period chooser, filters and live rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from invoices.loading.queries import business_today, visible_periods
from invoices.models import InvoiceLine, Period
from invoices.queries.columns import (
    BY_KEY,
    DEFAULT_SORT,
    FILTER_COLUMNS,
    FILTERS,
    Layout,
    layout_of,
)
from invoices.queries.filters import chips, filter_list
from invoices.queries.last_change import who_changed
from invoices.queries.lines import (
    found_count,
    grown_lines,
    lines_of_page,
    matching_lines,
    period_counts,
)
from invoices.queries.rows import Row, rows_of
from invoices.services.refusals import why_closed
from invoices.services.selection import clear_selection, selected_lines, tickable
from mapping.grid import GridState, choice_of, read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment
from mapping.numbers import is_number

GRID = "invoices"
BADGED = 232
# Twice the largest page: what a page can show, and rows that live updates have added meanwhile.
MOST_LIVE_ROWS = 400
# Live rows are asked for every second: what they bring is not older.
JUST_NOW = timedelta(minutes=1)


@require_GET
def lines(request: HtmxHttpRequest) -> HttpResponse:
    """The page, or for HTMX its grid alone."""
    period = chosen_period(request)
    if period is None:
        return varying(render(request, "invoices/line_list.html", {"period": None}))
    clear_selection(user=request.user, but_of=period.month)
    context = grid_context(request, period)
    if wants_fragment(request):
        return varying(render(request, "invoices/_line_grid.html", context))
    context["periods"] = shown_periods()
    return varying(render(request, "invoices/line_list.html", context))


@require_GET
def periods(request: HtmxHttpRequest) -> HttpResponse:
    """The period chooser alone, once a load has brought a new month (P15a)."""
    period = chosen_period(request)
    context = {
        "period": period,
        "periods": shown_periods(),
        "grid": state_of(request, period) if period else None,
    }
    return render(request, "invoices/_period_chooser.html", context)


@require_GET
def filter_values(request: HtmxHttpRequest, column: str) -> HttpResponse:
    """The values of one column for its popover, or for the search inside it."""
    if column not in FILTERS:
        raise Http404
    period = period_or_404(request)
    grid = state_of(request, period)
    find = request.GET.get("find", "")[:100]
    context = {
        "grid": grid,
        "column": FILTER_COLUMNS[column],
        "find": find,
        "list": filter_list(period.month, grid, column, find=find),
    }
    part = "values" if "find" in request.GET else "popover"
    return render(request, f"invoices/_filter_{part}.html", context)


@require_GET
def changed_rows(request: HtmxHttpRequest) -> HttpResponse:
    """The visible rows that have changed since, swapped where they stand; `since` is id.version_…

    The row under edit is not touched: it is told.
    """
    editing = _versions(request.GET.get("editing", ""))
    seen = _versions(request.GET.get("since", "")) | editing
    grown = grown_lines(seen)
    period = chosen_period(request)
    context = {
        "rows": rows_for(request, [line for line in grown if line.pk not in editing]),
        "told": [(line, _told(line)) for line in grown if line.pk in editing],
        "counts": period_counts(period.month) if period and grown else None,
        "out_of_band": True,
    }
    return render(request, "invoices/_changed_rows.html", context)


def _told(line: InvoiceLine) -> str:
    """What who edits it should know of the change that has just been seen."""
    if closed := why_closed(line):
        return f"{closed}. Cancel to see the row as it is now"
    who = who_changed(line, since=timezone.now() - JUST_NOW)
    return (
        f"{who}. Saving will be refused, and what you have entered offered again on the new values"
    )


def chosen_period(request: HtmxHttpRequest) -> Period | None:
    """The period of the URL, else the newest loaded one; None when there is none yet."""
    loaded = visible_periods(_today())
    try:
        asked = datetime.strptime(request.GET.get("period", ""), "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        return loaded.first()
    return loaded.filter(month=asked).first() or loaded.first()


def period_or_404(request: HtmxHttpRequest) -> Period:
    """The same for what an empty installation has no page for."""
    period = chosen_period(request)
    if period is None:
        raise Http404
    return period


def shown_periods() -> list[Period]:
    """For the chooser, newest first (P14)."""
    return list(visible_periods(_today()))


def grid_context(request: HtmxHttpRequest, period: Period) -> dict[str, Any]:
    """What the grid's fragment shows; the same number of queries for any number of rows."""
    grid = state_of(request, period)
    matching = matching_lines(period.month, grid)
    counts = period_counts(period.month)
    found = found_count(period.month, grid, matching) if grid.is_narrowed else counts.total
    page = grid.at(found)
    grid = replace(grid, page=page.number)
    rows = rows_for(request, lines_of_page(matching, period.month, grid, page))
    renamed = any(row.charge_type_renamed for row in rows)
    return {
        "period": period,
        "grid": grid,
        "page": page,
        "counts": counts,
        "layout": layout_for(request.user, roomy=renamed),
        "sorted_by": BY_KEY[grid.sort].label,
        "rows": rows,
        "chips": chips(grid),
        **selection_context(request.user, matching, [row.line.pk for row in rows], period.month),
    }


def selection_context(
    user: User, matching: QuerySet[InvoiceLine], shown: Collection[int], period: date
) -> Mapping[str, int]:
    """How many lines are ticked, how many of them the page doesn't show, how many could be (P35)."""
    ticked = selected_lines(user=user, period=period)
    count = ticked.count()
    here = ticked.filter(pk__in=shown).count() if count else 0
    return {
        "selected_count": count,
        "selected_elsewhere": count - here,
        "matching_count": tickable(matching).count() if count else 0,
    }


def rows_for(request: HtmxHttpRequest, lines: Sequence[InvoiceLine]) -> list[Row]:
    """The rows of these lines, all of one period, as this user sees them."""
    if not lines:
        return []
    ids = [line.pk for line in lines]
    ticked = selected_lines(user=request.user, period=lines[0].period).filter(pk__in=ids)
    selected = set(ticked.values_list("pk", flat=True))
    layout = layout_for(request.user)
    return rows_of(lines, user=request.user, selected=selected, layout=layout)


def layout_for(user: User, *, roomy: bool = False) -> Layout:
    """The columns as this user wants them; `roomy` leaves a charge type room for its badge."""
    choice = choice_of(user=user, grid=GRID)
    widths = {"charge_type": BADGED} if roomy else {}
    return layout_of(choice.columns, widths | choice.widths)


def state_of(request: HtmxHttpRequest, period: Period) -> GridState:
    """What the URL asks for, in this period; unknown columns and values are dropped."""
    return read_grid(
        request,
        grid=GRID,
        sorts=BY_KEY,
        default_sort=DEFAULT_SORT,
        filters=FILTERS,
        extra={"period": f"{period.month:%Y-%m}"},
    )


def _versions(text: str) -> dict[int, int]:
    """ "12.3_15.1" as {12: 3, 15: 1}; what isn't so is left out."""
    pairs = (part.split(".") for part in text.split("_")[:MOST_LIVE_ROWS])
    return {
        int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(is_number, pair))
    }


def _today() -> date:
    return business_today(timezone.now())
