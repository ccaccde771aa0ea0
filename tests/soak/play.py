"""Plays one seed: months that are synced under faults, judged, undone and synced again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random
from typing import Any

from invoices.models import InvoiceLine, SyncRun
from invoices.sync.scope import RunScope, UndoScope
from tests.soak.boundaries import Boundary, Tally
from tests.soak.judge import Judge, Wrong, was_left
from tests.soak.people import People
from tests.soak.scenario import FIFTY, MONTHS, Scenario
from tests.soak.shop import Shop
from tests.soak.stage import Stage
from tests.soak.weather import Climate

B = Boundary
# After so many presses of Sync the faults cease; after so many more it has to be right.
UNDER_FAULTS, MOST_TRIES = 3, 12
# How long people take between two presses.
MINUTES = (13.0, 75.0, 640.0)
LOSSES = {B.CUT_UNREAD: 0.03, B.ERROR_BEFORE: 0.03, B.NO_REPLY: 0.06, B.ERROR_AFTER: 0.05}
LATE = {B.LATE: 0.15}
STORM = {B.STORM: 0.25, B.IN_USE: 0.05, B.NEVER_SENT: 0.02}
ALL = {B.LATE: 0.08, B.STORM: 0.05, B.IN_USE: 0.03, B.CUT_SHORT: 0.03, **LOSSES}
CLIMATES = (
    Climate(LOSSES, agreements_lost=0.3),
    Climate(LATE, agreements_lost=0.3),
    Climate(STORM, nap=0.01),
    Climate({}, kill=0.03, kill_statement=0.002, nap=0.02),
    Climate(ALL, agreements_lost=0.3),
    Climate(ALL, kill=0.015, kill_statement=0.001, nap=0.01, agreements_lost=0.5),
)


def play(stage: Stage, seed: int) -> Tally:
    """What it met on the way; raises where ConnectWise is not what it has to be."""
    tally = stage.reset(seed)
    Play(stage, seed).all()
    return tally


class Play:
    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.random = stage, Random(f"play {seed}")
        self.scenario = Scenario(seed, stage.places)
        self.people = People(stage)
        self.shop = Shop(stage, self.people.come_by)
        self.last: SyncRun | None = None

    def all(self) -> None:
        months = MONTHS[: self.random.choice([1, 2, 3, 3])]
        for month in months:
            before = self.books()
            self.one_month(month)
            if month == months[-1] or self.random.random() < 0.6:
                self.judge()
        self.nothing_more_is_sent()
        self.undo_and_again(before)

    def begin(self, month: date) -> None:
        """Loaded and mapped; some lines vanish again before anybody presses Sync."""
        people = self.people
        people.month, people.scope = month, people.whole_period()
        people.hands_on.clear()
        people.charges |= {one.id: one for one in self.scenario.month(month)}
        people.load(month, before_some_vanish=True)
        people.load(month)
        people.map(month)

    def one_month(self, month: date) -> None:
        self.begin(month)
        if self.random.random() < 0.3:
            self.people.hand_before_sync()
        with self.faults(visitors=True):
            self.press_until_posted(limit=UNDER_FAULTS)
        self.press_until_posted(limit=MOST_TRIES)

    @contextmanager
    def faults(self, *, visitors: bool) -> Iterator[None]:
        weather = self.stage.weather
        weather.climate = self.random.choice(CLIMATES)
        if self.random.random() < 0.2:
            self.stage.app.dial.set(search_lag_seconds=3600)
        self.people.busy = visitors
        yield
        self.people.busy = False
        weather.calm()

    def press_until_posted(self, *, limit: int) -> None:
        """As people do: Sync, look what is left, load or Retry, and Sync again."""
        for _ in range(limit):
            started = self.people.press_sync()
            assert started
            if self.scenario.waiting == FIFTY and self.people.month == MONTHS[0]:
                self._count_lost_agreements(lambda: self.shop.work_until_quiet())
            else:
                self.shop.work_until_quiet()
            self.last = started
            self._look_at_its_end(started)
            mended = self.people.mend_refused_ends(started)
            if not self.people.open_lines() and not mended and self._ended_well(started):
                return
            self._clear_up()

    def _count_lost_agreements(self, work: Any) -> None:
        tally = self.stage.weather.tally
        before = tally[B.AGREEMENT_LOST]
        work()
        tally[B.FIFTY_WAIT] += tally[B.AGREEMENT_LOST] - before

    def _look_at_its_end(self, started: SyncRun) -> None:
        started.refresh_from_db()
        if started.state == "failed" and was_left(started):
            self.stage.weather.hit(B.LEFT)

    def _ended_well(self, started: SyncRun) -> bool:
        return started.state == "finished"

    def _clear_up(self) -> None:
        people = self.people
        self._wait()
        people.load(people.month)
        people.map(people.month)
        changed = people.changed_lines()
        if changed and people.retry(changed):
            self.shop.work_until_quiet()

    def _wait(self) -> None:
        self.stage.crew.pass_time(self.random.choice(MINUTES))

    def judge(self) -> None:
        self.shop.let_a_day_pass()
        Judge(self.stage.store, self.people).check()

    def nothing_more_is_sent(self) -> None:
        writes = len(self.stage.store.ledger)
        self.people.press_sync()
        self.shop.work_until_quiet()
        if len(self.stage.store.ledger) != writes:
            raise Wrong(f"a further sync wrote: {self.stage.store.ledger[writes:]}")

    def undo_and_again(self, before: list[Any]) -> None:
        """The whole last month is taken back under faults, field by field, and can be posted again."""
        people, weather = self.people, self.stage.weather
        if people.hands_on or self.random.random() < 0.4:
            return  # an undo restores what stood there: what hands did, too
        weather.undoing = True
        with self.faults(visitors=False):
            self._undo(UNDER_FAULTS)
        self._undo(MOST_TRIES)
        weather.undoing = False
        self.shop.let_a_day_pass()
        _same_books(self.books(), before)
        self.press_until_posted(limit=MOST_TRIES)
        self.judge()

    def _undo(self, limit: int) -> None:
        for _ in range(limit):
            self._wait()
            started = self.people.press_sync(RunScope(undo=UndoScope(period=True), overwrite=True))
            assert started
            self.shop.work_until_quiet()
            started.refresh_from_db()
            synced = InvoiceLine.objects.filter(period=self.people.month, psa_status="synced")
            if started.state == "finished" and not synced.exists():
                return

    def books(self) -> list[Any]:
        """What stands there of ours, but for the id and key that one made again can't have.

        One for each key: a second one, written late, is taken away when it is looked for again.
        """
        own = {"_info", "id", "serialNumber", "sequenceNumber"}
        additions = sorted(self.stage.store.all("additions"), key=lambda one: -int(one["id"]))
        oldest = {one["serialNumber"]: one for one in additions if _ours(one)}
        return sorted(
            sorted((name, str(value)) for name, value in one.items() if name not in own)
            for one in oldest.values()
        )


def _ours(record: dict[str, Any]) -> bool:
    return str(record.get("serialNumber", "")).startswith("LB-") and record["product"]["id"] != 600


def _same_books(found: list[Any], wanted: list[Any]) -> None:
    if found != wanted:
        more = [dict(one) for one in found if one not in wanted]
        less = [dict(one) for one in wanted if one not in found]
        raise Wrong(f"after the undo there is more: {more}; there is less: {less}")
