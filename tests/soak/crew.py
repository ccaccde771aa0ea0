"""Workers whose every step is chosen by the seed: threads of which only one ever runs.

Each has a database session of its own, so locks and transactions are real; time is not: sleeping
is a date in a calendar, and when nobody is awake the clock jumps to the next one.
"""

import heapq
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from django.db import connection
from django.db.models import F

from invoices.models import Operation, SyncRun

STUCK_SECONDS = 300
# So far the database's clock may be off; nothing here waits for a time so close to a limit.
TOLERANCE = 0.5
WAITING = ("sent_at", "lease_expires_at", "not_before", "recheck_at")
WAITING_RUNS = ("heartbeat", "unanswered_since", "ask_again_at")

_here = threading.local()


class Killed(BaseException):
    """This worker's process is gone, as by SIGKILL."""


class Member:
    """One worker; it runs only while the crew waits for it."""

    def __init__(self, crew: "Crew", name: str) -> None:
        self.crew, self.name = crew, name
        self.wakes = 0.0
        self.waits_for: Callable[[], bool] | None = None
        self.phase = ""
        # Dying: it is killed and on its way out. Doomed: it will be, as soon as it goes on.
        self.dying = self.doomed = False
        self.job: Callable[[], None] | None = None
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    @property
    def can_go_on(self) -> bool:
        return self.waits_for is None or self.waits_for()

    def let(self) -> None:
        """Runs until it pauses or is done."""
        self._go.release()
        if not self._back.acquire(timeout=STUCK_SECONDS):
            raise RuntimeError(f"{self.name} does not come back: {self.phase}")

    def give_way(self) -> None:
        self._back.release()
        self._go.acquire()
        if self.doomed and not self.dying:
            self.dying = True
            raise Killed

    def doom(self) -> None:
        """Its process is killed by what happened to another thread of it."""
        self.doomed, self.wakes, self.waits_for = True, self.crew.now, None

    def abandon(self) -> None:
        """It is killed wherever it stands, with what it holds."""
        self.doom()
        self.let()

    def end(self) -> None:
        self.job = None
        self._go.release()
        self._thread.join(STUCK_SECONDS)

    def _live(self) -> None:
        _here.member = self
        connection.execute_wrappers.append(self._statement)
        while True:
            self._go.acquire()
            if self.job is None:
                connection.close()
                return
            self._work(self.job)
            self.job = None
            self._back.release()

    def _work(self, job: Callable[[], None]) -> None:
        self.dying = self.doomed = False
        try:
            job()
        except Killed:
            connection.close()
        except Exception as error:
            self.crew.broken.append(error)
            connection.close()

    def _statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if not self.dying:
            self.crew.on_statement(self, in_transaction=connection.in_atomic_block)
        return execute(sql, params, many, context)


def current() -> Member | None:
    """The worker that runs now; None outside of all."""
    return getattr(_here, "member", None)


class Crew:
    """The workers, the clock and what is to happen when."""

    def __init__(self, size: int) -> None:
        self.random = Random(0)
        self.broken: list[Exception] = []
        self.on_statement: Callable[..., None] = lambda member, *, in_transaction: None
        self.now = 0.0
        self._owed = 0.0
        self._real = time.monotonic()
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self.members = [Member(self, f"worker {n}") for n in range(size)]

    def begin(self, seed: int) -> None:
        while self.busy:  # of a seed that failed
            self.busy[0].abandon()
        for member in self.members:  # a new session says more than one that is open already
            self.give(member, connection.close)
            member.let()
        self.random = Random(f"crew {seed}")
        self.now = self._owed = 0.0
        self._real = time.monotonic()
        self._events.clear()
        self.broken.clear()

    def end(self) -> None:
        for member in self.members:
            member.end()

    # -- time ------------------------------------------------------------------------------------

    def pause(self, seconds: float = 0.0) -> None:
        """Lets others run, at least for so long; outside of all workers time just passes."""
        member = current()
        if member is None:
            self.pass_time(seconds)
        else:
            member.wakes = self.now + seconds
            member.give_way()

    def wait(self, until: Callable[[], bool]) -> None:
        """Lets others run until it is so."""
        member = current()
        assert member
        member.waits_for = until
        while not until():
            self.pause()
        member.waits_for = None

    def at(self, seconds: float, what: Callable[[], object]) -> None:
        """`what` happens so many seconds from now."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), what))

    def pass_time(self, seconds: float) -> None:
        """As if so much time had gone by, also for what waits in the database."""
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            when, _, what = heapq.heappop(self._events)
            self._advance(when)
            what()
        self._advance(until)

    def _advance(self, until: float) -> None:
        passed = max(0.0, until - self.now)
        self.now += passed
        self._set_clock(passed)

    def _set_clock(self, passed: float = 0.0) -> None:
        """The database's clock is real: what the machine was slow by is taken back."""
        real = time.monotonic()
        self._owed += passed - (real - self._real)
        self._real = real
        if abs(self._owed) >= TOLERANCE:
            by = timedelta(seconds=self._owed)
            Operation.objects.update(**{name: F(name) - by for name in WAITING})
            SyncRun.objects.update(**{name: F(name) - by for name in WAITING_RUNS})
            self._owed = 0.0

    @property
    def next_event(self) -> float:
        return self._events[0][0] if self._events else float("inf")

    # -- work ------------------------------------------------------------------------------------

    @property
    def busy(self) -> list[Member]:
        return [one for one in self.members if one.job]

    @property
    def free(self) -> list[Member]:
        return [one for one in self.members if not one.job]

    def start(self, job: Callable[[], None]) -> None:
        """A free worker takes it."""
        self.give(self.random.choice(self.free), job)

    def give(self, member: Member, job: Callable[[], None]) -> None:
        member.wakes, member.waits_for = self.now, None
        member.phase = ""
        member.job = job

    def step(self) -> bool:
        """One that is awake goes on a little; False when none is."""
        awake = [one for one in self.busy if one.wakes <= self.now and one.can_go_on]
        if not awake:
            return False
        self._set_clock()
        self.random.choice(awake).let()
        return True
