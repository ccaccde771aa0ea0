"""What the commands that start a run share: working on it, or watching the workers do so."""

import time

from invoices.models import SyncRun
from invoices.sync import lanes, run
from invoices.tasks.sync import ring
from mapping.commands import ReportingCommand

POLL_SECONDS = 0.5


class RunCommand(ReportingCommand):
    """A command that is over when its run is."""

    def work(self, verb: str, a_run: SyncRun, *, inline: bool) -> None:
        """Until the run is over: by ourselves, or by the workers while we watch."""
        if not inline:
            ring(a_run)
        told = ""
        while not run.finish_if_done(a_run.pk):
            a_run.refresh_from_db()
            done = run.progress(a_run)
            told = self._tell_waiting(done, told)
            self.show_progress(verb, done.done, a_run.total)
            if inline and run.plan_if_needed(a_run.pk, a_run.epoch):
                lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
                lanes.sweep()
            if not inline or done.waits_until:
                time.sleep(POLL_SECONDS)

    def _tell_waiting(self, done: run.Progress, told: str) -> str:
        """Once each time nobody answers: what it waits for, and that it goes on by itself."""
        words = done.waits_for if done.waits_until else ""
        if words and words != told:
            self.stderr.write(f"{words}; it is tried again until there is an answer.")
        return words
