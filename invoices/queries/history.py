"""Runs that were: who began them, what they covered, how long they took and what came of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from invoices.models import STARTED_AT, Operation, SyncRun
from invoices.queries.run_waits import Waiting, waiting_of
from invoices.queries.runs import IS_END, OUTCOMES, outcome_of
from invoices.sync.states import LIVE_RUN, OVER, Intent, RunState
from mapping.grid import GridState, Page
from mapping.numbers import numbered

RESULTS = {
    RunState.DRAFTING: "Being planned",
    RunState.DRAFT: "Waits for a yes",
    RunState.PLANNING: "In progress",
    RunState.RUNNING: "In progress",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
}
NOT_DONE = [key for key in OUTCOMES if key != "done"]
ENDED = "ended"
WORDS = {
    (key, undoes): "taken back" if key == "done" and undoes else words
    for key, words in {
        "waiting": "to be sent",
        "done": "posted",
        ENDED: "ended",
        "error": "in error",
        "unknown": "not confirmed",
        "skipped": "skipped",
        "left": "not sent",
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
    undone_in: int | None = None  # the run that took all of it back
    waits: Waiting | None = None

    @property
    def may_be_undone(self) -> bool:
        """Something was written, as far as the counts tell; its undo looks closer."""
        wrote = any(key in ("done", ENDED) for key, _, _ in self.counts)
        return wrote and self.run.state in OVER and not self.run.is_undo and not self.undone_in

    @property
    def sentence(self) -> str:
        """ "12 posted, 3 in error"; "" where there was nothing to do."""
        return ", ".join(f"{count:,} {words}" for _, words, count in self.counts)

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
    return past_runs(shown), page


def kind_of(run: SyncRun) -> str:
    """What it covers, in a word or two."""
    if run.is_undo:
        undo = run.scope["undo"]
        if of := undo.get("run"):
            return f"Undo of run {of}"
        return "Undo of 1 line" if undo.get("line") else "Undo of the month"
    lines = run.scope.get("lines")
    if lines is None:
        return "Sync"
    return numbered(len(lines), "line")


def lasted(run: SyncRun) -> str:
    """ "3 min 20 s"; "" while it isn't over."""
    return words_of(run.finished_at - run.started_at) if run.finished_at else ""


def words_of(duration: timedelta) -> str:
    """The two largest units: "1 h 5 min", "3 min 20 s", "8 s"."""
    seconds = max(0, int(duration.total_seconds()))
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count_outcomes(run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """By run and outcome, as its operations stand now; only what there is."""
    groups = (
        Operation.objects.filter(run__in=run_ids)
        .exclude(intent__in=(Intent.STEP, Intent.AGREEMENT))
        .annotate(is_end=ExpressionWrapper(IS_END, output_field=BooleanField()))
        .values_list("run", "state", "is_end")
        .annotate(rows=Count("pk"))
    )
    found: dict[int, Counter[str]] = {run_id: Counter() for run_id in run_ids}
    for run_id, state, is_end, rows in groups:
        outcome = outcome_of(state)
        found[run_id][ENDED if is_end and outcome == "done" else outcome] += rows
    return {run_id: dict(counts) for run_id, counts in found.items()}


def past_runs(runs: Iterable[SyncRun]) -> list[PastRun]:
    """Only what is at work, or just over, is counted for the page."""
    runs = list(runs)
    uncounted = [run.pk for run in runs if run.outcomes is None and not run.is_draft]
    counts = count_outcomes(uncounted) if uncounted else {}
    undone = _undone(runs)
    return [
        _past(run, counts.get(run.pk) or run.outcomes or {}, undone.get(run.pk)) for run in runs
    ]


def _undone(runs: Iterable[SyncRun]) -> dict[int, int]:
    """By run: the one that took it back, or later its whole month, and left nothing of it."""
    runs = list(runs)
    of_run = Q(scope__undo__run__in=[run.pk for run in runs])
    undos = SyncRun.objects.filter(
        of_run | Q(scope__undo__period=True, period__in={run.period for run in runs}),
        state=RunState.FINISHED,
    )
    # All of it: after an undo that left something, the run may be undone once more.
    done = undos.filter(outcomes__has_key="done").exclude(outcomes__has_any_keys=NOT_DONE)
    return {run.pk: undo.pk for undo in done.order_by("pk") for run in runs if _took(undo, run)}


def _took(undo: SyncRun, run: SyncRun) -> bool:
    """Whether it took back this run; a month's undo, what ended before it did: one is live at a time."""
    if of := undo.scope["undo"]["run"]:
        return bool(of == run.pk)
    before = run.finished_at and undo.finished_at and run.finished_at < undo.finished_at
    return bool(before and run.period == undo.period)


def _past(run: SyncRun, counts: Mapping[str, int], undone_in: int | None) -> PastRun:
    told = [
        (key, words, counts[key])
        for (key, undoes), words in WORDS.items()
        if undoes == run.is_undo and counts.get(key)
    ]
    return PastRun(
        run=run,
        kind=kind_of(run),
        result=RESULTS[RunState(run.state)],
        counts=told,
        lasted=lasted(run),
        undone_in=undone_in,
        waits=waiting_of(run),
    )
