"""The loads and syncs of late, in one list by when they began, with how long they took."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.urls import reverse

from invoices.models import Load, Period, SyncRun
from invoices.models.posting import STARTED_AT
from invoices.queries.history import PastRun, past_runs, words_of
from invoices.queries.run_waits import Waiting
from invoices.sync.states import DRAFTS, LIVE_RUN

RECENT = 8
BROUGHT = (
    ("new", "new"),
    ("updated", "updated"),
    ("gone", "gone"),
    ("changed_after_sync", "changed after sync"),
    ("not_final", "not final yet"),
)


@dataclass(frozen=True, slots=True)
class Recent:
    """One of them, as the Dashboard lists it."""

    key: str  # its own on the page
    when: datetime
    what: str
    url: str  # "" where there is nothing to see yet
    by: str
    result: str
    took: str  # "" while it is under way
    waits: Waiting | None = None


def recent_work() -> list[Recent]:
    """Newest first; previews that nobody said yes to are none."""
    loads = Load.objects.select_related("user").order_by("-id")[:RECENT]
    runs = SyncRun.objects.exclude(state__in=[state.value for state in DRAFTS])
    newest = runs.select_related("user").order_by(STARTED_AT.desc(), "-id")
    months = set(Period.objects.values_list("month", flat=True))
    found = [_load(load, is_shown=load.month in months) for load in loads]
    found += [_run(past) for past in past_runs(newest[:RECENT])]
    return sorted(found, key=attrgetter("when"), reverse=True)[:RECENT]


def held_up() -> PastRun | None:
    """The live run, where it waits for an answer: nothing else can be posted meanwhile."""
    live = SyncRun.objects.filter(state__in=[state.value for state in LIVE_RUN])
    return next((past for past in past_runs(live.select_related("user")) if past.waits), None)


def _load(load: Load, *, is_shown: bool) -> Recent:
    return Recent(
        key=f"load-{load.pk}",
        when=load.created_at,
        what=f"Load {load.month:%b %Y}",
        url=f"{reverse('invoices:lines')}?period={load.month:%Y-%m}" if is_shown else "",
        by=load.by,
        result=_came_of(load),
        took=words_of(load.finished_at - load.created_at) if load.finished_at else "",
    )


def _came_of(load: Load) -> str:
    """What it brought, without what it did not; the whole sentence where something is amiss."""
    counts = (f"{getattr(load, name):,} {label}" for name, label in BROUGHT if getattr(load, name))
    if load.complete and (told := ", ".join(counts)):
        return told
    return load.message or str(load.get_state_display())


def _run(past: PastRun) -> Recent:
    run = past.run
    told = f"{past.result}: {past.sentence}" if past.sentence else str(past.result)
    return Recent(
        key=f"run-{run.pk}",
        when=run.started_at,
        what=f"{'Undo' if run.is_undo else 'Sync'} {run.period:%b %Y}",
        url=reverse("invoices:run_page", args=[run.pk]),
        by=run.by,
        result=told if run.is_live else run.message or told,
        waits=past.waits,
        took=past.lasted,
    )
