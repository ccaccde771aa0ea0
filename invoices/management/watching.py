"""What the commands that start a run share: working on it, or watching the workers do so."""

import time

from invoices.models import SyncRun
from invoices.sync import lanes, run
from invoices.tasks.sync import ring
from mapping.commands import ReportingCommand

POLL_SECONDS = 0.5
# A worker that is there takes a run up at once, and moves its heartbeat while it plans or posts.
TAKEN_UP_WITHIN = 30.0
NOT_TAKEN_UP = (
    "No worker takes this up. Start one (`celery -A integration worker`) and it goes on by itself; "
    "or end this command and start it again with --inline."
)


class RunCommand(ReportingCommand):
    """A command that is over when its run is."""

    def work(self, verb: str, a_run: SyncRun, *, inline: bool) -> None:
        """Until the run is over: by ourselves, or by the workers while we watch."""
        if not inline:
            ring(a_run)
        told = ""
        stillness = Stillness()
        while not run.finish_if_done(a_run.pk):
            a_run.refresh_from_db()
            done = run.progress(a_run)
            told = self._tell_waiting(done, told)
            self.show_progress(verb, done.done, a_run.total)
            if not inline and not done.waits and stillness.is_news(a_run, done.done):
                self.stderr.write(NOT_TAKEN_UP)
            if inline and run.plan_if_needed(a_run.pk, a_run.epoch):
                # Without workers nobody else takes the next operation, or settles one.
                lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
                lanes.sweep()
            if not inline or done.waits:
                time.sleep(POLL_SECONDS)

    def _tell_waiting(self, done: run.Progress, told: str) -> str:
        """Once each time nobody answers: what it waits for, and that it goes on by itself."""
        words = done.waits.words if done.waits else ""
        if words and words != told:
            self.stderr.write(f"{words}; it is tried again until there is an answer.")
        return words


class Stillness:
    """Since when a run that is left to the workers has not moved."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._since = time.monotonic()
        self._told = False

    def is_news(self, a_run: SyncRun, done: int) -> bool:
        """Whether nothing moves; once for each time that it stops to."""
        now = (a_run.state, a_run.heartbeat, done)
        if now != self._seen:
            self._seen, self._since, self._told = now, time.monotonic(), False
        still = time.monotonic() - self._since >= TAKEN_UP_WITHIN
        news, self._told = still and not self._told, still
        return news
