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
        while not run.finish_if_done(a_run.pk):
            done = run.progress(a_run).done
            self.show_progress(verb, done, SyncRun.objects.get(pk=a_run.pk).total)
            if not inline:
                time.sleep(POLL_SECONDS)
            elif run.plan_if_needed(a_run.pk, a_run.epoch):
                lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
                lanes.sweep()
