"""What the templates of a run's page are given, as its state wants it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.utils import timezone

from invoices.models import InvoiceSettings, SyncRun
from invoices.queries import history
from invoices.queries import runs as queries
from invoices.queries.ends import Ticks, page_of_ends
from invoices.queries.plan_row import plan_rows
from invoices.queries.plan_rows import (
    DEFAULT_SORT,
    FILTERS,
    SORTS,
    label_of,
    matching_rows,
    rows_of_page,
)
from invoices.queries.run_waits import waiting_of
from invoices.sync import gather
from invoices.sync.changed import changed_rows
from invoices.sync.remote import throttled
from invoices.sync.run import live_run, progress
from invoices.sync.scope import RunScope
from invoices.sync.states import RunState
from invoices.sync.undo import why_no_rest
from mapping.grid import GridState, read_grid
from mapping.http import HtmxHttpRequest
from mapping.models import Organization
from mapping.numbers import is_number, numbered

GRID = "run"
# So many rows are held against their lines while the page waits.
MOST_AT_ONCE = 2000
# What was read longer ago is said in so many words, not only shown.
OLD_AFTER = timedelta(hours=1)
# So long a run works before its speed says anything.
SPEED_AFTER = timedelta(seconds=5)


def may_change(user: User, run: SyncRun) -> bool:
    """Whether this user may confirm, plan anew or stop it."""
    return user.has_perm("invoices.undo_sync" if run.is_undo else "invoices.sync_invoices")


def signature(run: SyncRun) -> str:
    """What an open page goes by: another one means that the page as a whole is out of date."""
    other = other_live(run)
    follower = _follower(run)
    parts = (
        run.state,
        run.epoch,
        run.stop_requested,
        other.pk if other else 0,
        f"{follower.pk}{follower.state}" if follower else 0,
    )
    return "-".join(str(part) for part in parts)


def grid_of(request: HtmxHttpRequest) -> GridState:
    """The search, filters and sort of a run's rows, from the address."""
    return read_grid(request, grid=GRID, sorts=SORTS, default_sort=DEFAULT_SORT, filters=FILTERS)


def page_context(request: HtmxHttpRequest, run: SyncRun) -> dict[str, Any]:
    """Everything on the page; the same number of queries for any number of rows."""
    if not is_planned(run):
        return watch_context(request, run)
    context = rows_context(request, run)
    figures = context["figures"]
    # What changed since takes reading every line: of many it is asked for once the page is there.
    later = run.state == RunState.DRAFT and figures.total > MOST_AT_ONCE
    context |= watch_context(request, run, later=later, grid=context["grid"])
    context["unmapped"] = queries.unmapped_lines(run) if run.is_draft else 0
    if run.is_draft:
        ends = page_of_ends(run)
        context |= {"ends": ends, "ticks": ends.ticks} | button_context(figures, ends.ticks)
    return context


def button_context(figures: queries.Figures, ticks: Ticks) -> dict[str, Any]:
    """What a yes would do, in the button's words."""
    return {
        "words": confirm_words(figures.post, ticks.count, figures.refused),
        "nothing": not (figures.post or ticks.count or figures.refused),
    }


def is_planned(run: SyncRun) -> bool:
    """Not while it is being planned, nor where that failed."""
    return run.planned_at is not None or run.operations.exists()


def rows_context(request: HtmxHttpRequest, run: SyncRun) -> dict[str, Any]:
    """The rows that match, and the figures they are filtered by."""
    figures = queries.figures(run)
    context = _rows(run, grid_of(request), figures)
    may = may_change(request.user, run)
    return context | {"run": run, "figures": figures, "may_change": may}


def watch_context(
    request: HtmxHttpRequest, run: SyncRun, *, later: bool = False, grid: GridState | None = None
) -> dict[str, Any]:
    """What stands above the figures, and is asked for again while the page is open."""
    context: dict[str, Any] = {
        "run": run,
        "grid": grid or grid_of(request),
        "kind": history.kind_of(run),
        "signature": signature(run),
        "may_change": may_change(request.user, run),
        "zone": zone(),
    }
    if run.is_draft:
        return context | _draft(request.user, run, later=later)
    told = progress(run)
    follower = _follower(run)
    return context | {
        "progress": told,
        "waits": (told.waits or throttled()) if run.is_live else None,
        "left": _time_left(run, told.done, told.total) if run.is_live else "",
        "lasted": history.lasted(run),
        "agreements": 0 if run.is_live else queries.agreements_made(run),
        "follower": follower,
        "not_as_shown": changed_rows(run).count() if run.confirmed_at else 0,
        # Where nothing was done, or may yet prove to be, there is nothing to take back.
        "may_undo": not run.is_undo
        and bool(told.posted or told.ended or told.unknown)
        and request.user.has_perm("invoices.undo_sync"),
        "goes_on": run.state in (RunState.STOPPED, RunState.FAILED)
        and not run.is_undo
        and told.withdrawn > 0
        and may_change(request.user, run),
        "undo_goes_on": run.is_undo
        and not run.is_live
        and may_change(request.user, run)
        and not why_no_rest(run),
    }


def confirm_words(post: int, ends: int, refused: int) -> str:
    """The verb and the number."""
    lines = f"Post {numbered(post, 'line')}" if post else ""
    if lines and ends:
        return f"{lines} and end {ends:,}"
    if ends:
        return f"End {numbered(ends, 'Addition')}"
    if lines:
        return lines
    marked = f"Mark {numbered(refused, 'line')} as Error"
    return marked if refused else "Nothing to post"


def zone() -> ZoneInfo:
    """The business's, in which every time on the page is told."""
    return ZoneInfo(InvoiceSettings.load().time_zone)


def _in_the_way(user: User) -> dict[str, Any]:
    """The run that is on, and what it waits for."""
    other = live_run()
    if other is None:
        return {"other": None}
    waits = waiting_of(other) or throttled()
    return {"other": other, "waits": waits, "may_stop": may_change(user, other)}


def _draft(user: User, run: SyncRun, *, later: bool) -> dict[str, Any]:
    now = timezone.now()
    if run.state == RunState.DRAFTING:
        asked_at = run.plan.get("asked_at")
        since = datetime.fromisoformat(asked_at) if asked_at else run.created_at
        return {"seconds": max(0, int((now - since).total_seconds()))}
    return {
        "later": later,
        "changed": 0 if later else queries.changed_lines(run),
        "more": 0 if later else _postable_since(run),
        "old": run.known_at is None or now - run.known_at > OLD_AFTER,
        **_in_the_way(user),
    }


def _postable_since(run: SyncRun) -> int:
    """Lines that would be planned now, and are not in the plan."""
    if run.is_undo or run.planned_at is None:
        return 0
    known = run.operations.filter(line__isnull=False).values("line")
    lines = gather.lines_to_post(run.period, RunScope.from_json(run.scope).lines)
    return lines.exclude(pk__in=known).count()


def other_live(run: SyncRun) -> SyncRun | None:
    """While it runs, this preview can't be confirmed."""
    return live_run() if run.is_draft else None


def _follower(run: SyncRun) -> SyncRun | None:
    """The preview of what was not as this run had shown it."""
    return None if run.is_draft else run.followed_by.order_by("-pk").first()


def _rows(run: SyncRun, grid: GridState, figures: queries.Figures) -> dict[str, Any]:
    matching = matching_rows(run, grid)
    narrowed = queries.sums_of(matching) if grid.is_narrowed else None
    page = grid.at(narrowed.rows if narrowed else figures.total)
    grid = replace(grid, page=page.number)
    return {
        "sums": narrowed.money if narrowed else (),
        "grid": grid,
        "page": page,
        "rows": plan_rows(run, rows_of_page(matching, grid, page)),
        "chips": _chips(grid),
    }


@dataclass(frozen=True, slots=True)
class _Chip:
    """One active filter, and the query string without it."""

    name: str
    label: str
    without: str


def _chips(grid: GridState) -> list[_Chip]:
    asked = [value for value in grid.filters.get("customer", ()) if is_number(value)]
    names = Organization.objects.in_bulk([int(value) for value in asked])
    customers = {str(pk): one.name for pk, one in names.items()} if asked else {}
    return [
        _Chip(
            name.capitalize(),
            customers.get(value, value) if name == "customer" else label_of(name, value),
            grid.without(name, value),
        )
        for name, values in grid.filters.items()
        for value in values
    ]


def _time_left(run: SyncRun, done: int, total: int) -> str:
    """By the speed so far; "" while that is not known."""
    began = queries.first_sent(run)
    passed = timezone.now() - began if began else timedelta()
    if passed < SPEED_AFTER or not done or done >= total:
        return ""
    return history.words_of(passed / done * (total - done))
