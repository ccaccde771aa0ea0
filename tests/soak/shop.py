"""The workers' shop floor: tasks from the broker, the beat, and people who come in between."""

from collections.abc import Callable

from invoices.models import Operation
from invoices.sync import run
from invoices.sync.states import OperationState
from invoices.tasks import sync as tasks
from tests.soak.boundaries import Boundary
from tests.soak.crew import current
from tests.soak.stage import Bell, Stage

B = Boundary
BEATS = (45.0, 45.0, 75.0, 395.0)
TWICE, LOST = 0.06, 0.04
VISITS = 0.02
# A sync under faults that isn't through after so much of its own time never will be.
LONGEST = 12 * 3600.0
UNDER_WAY = [OperationState.PLANNED, OperationState.CLAIMED, OperationState.UNKNOWN]


class NeverQuiet(AssertionError):
    """Work that doesn't end by itself: somebody would have to press something."""


class Shop:
    """Lets the crew work until nothing is left."""

    def __init__(self, stage: Stage, visitors: Callable[[], None]) -> None:
        self.stage, self.crew, self.visitors = stage, stage.crew, visitors
        self._next_beat = 0.0

    def work_until_quiet(self) -> None:
        began = self.crew.now
        while not self._is_quiet():
            if self.crew.now - began > LONGEST:
                raise NeverQuiet(f"still under way after {LONGEST:.0f} s: {self._left()}")
            if self.crew.broken:
                raise self.crew.broken[0]
            self._turn()

    def let_a_day_pass(self) -> None:
        """What was written late has landed, and every key that may stand twice was looked for."""
        for seconds in (400.0, 3700.0, 90_000.0, 90_000.0):
            self.crew.pass_time(seconds)
            self.crew.start(self._sweep)
            self.work_until_quiet()
        waiting = Operation.objects.filter(recheck_at__isnull=False)
        if waiting.exists():
            raise NeverQuiet(f"never looked for again: {list(waiting)}")

    def _turn(self) -> None:
        random = self.crew.random
        if self.stage.bells and self.crew.free and random.random() < 0.5:
            self._answer_a_bell()
        elif not self.crew.step() and not (self.stage.bells and self.crew.free):
            self._to_the_next_event()  # a bell that nobody has a hand free for waits like the rest
        if random.random() < VISITS:
            self.visitors()

    def _answer_a_bell(self) -> None:
        random = self.crew.random
        task, args = self.stage.bells.pop(random.randrange(len(self.stage.bells)))
        stormy = self.stage.weather.climate.kill > 0
        roll = random.random()
        if stormy and roll < LOST:
            self.stage.weather.hit(B.NOT_RUNG)
            return
        if stormy and roll < LOST + TWICE:
            self.stage.weather.hit(B.RUNG_TWICE)
            self.stage.bells.append((task, args))
        self.crew.start(lambda: self._do((task, args)))

    def _do(self, bell: Bell) -> None:
        task, args = bell
        self._enter("plan" if task is tasks.plan_and_post else "claim")
        task(*args)

    def _sweep(self) -> None:
        self._enter("sweep")
        tasks.settle_postings()

    def _enter(self, phase: str) -> None:
        member = current()
        assert member
        member.phase = phase

    def _to_the_next_event(self) -> None:
        """Nobody is awake: the clock goes on to whoever wakes first, or to the beat."""
        if self._next_beat <= self.crew.now:
            self._next_beat = self.crew.now + self.crew.random.choice(BEATS)
        wakes = [one.wakes for one in self.crew.busy if one.can_go_on]
        then = min([self._next_beat, self.crew.next_event, *wakes])
        self.crew.pass_time(then - self.crew.now)
        if then == self._next_beat and self.crew.free:
            self.crew.start(self._sweep)

    def _is_quiet(self) -> bool:
        if self.crew.busy or self.stage.bells:
            return False
        return not self._left()

    def _left(self) -> list[str]:
        left = Operation.objects.filter(state__in=UNDER_WAY)
        told = [f"{one.kind} {one.key} {one.state}: {one.last_error}" for one in left[:5]]
        live = run.live_run()
        return told + ([f"{live} is {live.state}"] if live else [])
