"""Runs that were: who began them, what they covered, how long they took and what came of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count

from invoices.models import STARTED_AT, Operation, SyncRun
from invoices.queries.runs import OUTCOMES
from invoices.sync.states import DRAFTS, LIVE_RUN, Intent, RunState
from mapping.grid import GridState, Page

RESULTS = {
    RunState.DRAFTING: "Being planned",
    RunState.DRAFT: "Waits for a yes",
    RunState.PLANNING: "In progress",
    RunState.RUNNING: "In progress",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
}
WORDS = {
    (key, undoes): "taken back" if key == "done" and undoes else words
    for key, words in {
        "waiting": "to be sent",
        "done": "posted",
        "error": "in error",
        "unknown": "not confirmed",
        "skipped": "skipped",
        "left": "left",
    }.items()
    for undoes in (False, True)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One row of the history."""

    run: SyncRun
    kind: str
    result: str
    counts: Sequence[tuple[str, str, int]]  # an outcome's key and words, how many rows
    lasted: str

    @property
    def css(self) -> str:
        """What its badge looks like."""
        if self.run.state == RunState.FAILED:
            return "is-error"
        if self.run.state in LIVE_RUN or self.run.is_draft:
            return "is-checking"
        return "is-synced" if self.run.state == RunState.FINISHED else ""


def page_of_runs(grid: GridState) -> tuple[list[PastRun], Page]:
    """The newest first; previews too, for they wait for somebody."""
    runs = SyncRun.objects.select_related("user").order_by(STARTED_AT.desc(), "-pk")
    page = grid.at(runs.count())
    shown = list(runs[page.offset : page.offset + page.size])
    counts = _counts([run.pk for run in shown])
    return [_past(run, counts[run.pk]) for run in shown], page


def kind_of(run: SyncRun) -> str:
    """What it covers, in a word or two."""
    if run.is_undo:
        of = run.scope["undo"].get("run")
        return f"Undo of run {of}" if of else "Undo"
    lines = run.scope.get("lines")
    if lines is None:
        return "Sync"
    return "1 line" if len(lines) == 1 else f"{len(lines):,} lines"


def lasted(run: SyncRun) -> str:
    """ "3 min 20 s"; "" while it isn't over."""
    return words_of(run.finished_at - run.started_at) if run.finished_at else ""


def words_of(duration: timedelta) -> str:
    seconds = max(0, int(duration.total_seconds()))
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _past(run: SyncRun, counts: dict[str, int]) -> PastRun:
    known = [] if run.state in DRAFTS else [key for key in OUTCOMES if counts[key]]
    told = [(key, WORDS[key, run.is_undo], counts[key]) for key in known]
    return PastRun(
        run=run,
        kind=kind_of(run),
        result=RESULTS[RunState(run.state)],
        counts=told,
        lasted=lasted(run),
    )


def _counts(run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """By run and outcome, by one query for the page."""
    groups = (
        Operation.objects.filter(run__in=run_ids)
        .exclude(intent__in=(Intent.STEP, Intent.AGREEMENT))
        .values_list("run", "state")
        .annotate(rows=Count("pk"))
    )
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(OUTCOMES, 0))
    for run_id, state, rows in groups:
        key = next(key for key, (_, states) in OUTCOMES.items() if state in states)
        found[run_id][key] += rows
    return found
