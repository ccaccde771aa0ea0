"""`sync_invoices --period 2026-05`: posts the Mapped lines of a period to ConnectWise."""

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.models import SyncRun
from invoices.months import parse_period
from invoices.sync import lanes, planning, run
from invoices.sync.states import OperationState, RunState
from invoices.tasks.sync import ring
from mapping.commands import CouldNotRun, Report, ReportingCommand
from wire.errors import RemoteError

POLL_SECONDS = 0.5


class Command(ReportingCommand):
    help = (
        "Post all Mapped lines of a period that are Not Synced or Error to ConnectWise, each once. "
        "Joins the sync that is running, if there is one."
    )
    could_not_run = (run.CantStart, RemoteError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--period", required=True, help="a month as YYYY-MM, or current or previous"
        )
        parser.add_argument("--dry-run", action="store_true", help="plan, and send nothing")
        parser.add_argument(
            "--inline", action="store_true", help="post from this process, without workers"
        )

    def report(self, **options: Any) -> Report:
        period = _period(options["period"])
        if options["dry_run"]:
            return _dry_run(period)
        a_run = run.live_run()
        if a_run and a_run.period != period:
            raise CouldNotRun(
                f"A sync of {a_run.period:%B %Y} is running. Wait until it has finished."
            )
        a_run = a_run or run.start_run(period=period, line_ids=None, user=None)
        self._work(a_run, inline=options["inline"])
        return _result(a_run)

    def _work(self, a_run: SyncRun, *, inline: bool) -> None:
        """Until the run is over: by ourselves, or by the workers while we watch."""
        if not inline:
            ring(a_run)
        while not run.finish_if_done(a_run.pk):
            done = run.progress(a_run).done
            self.show_progress("Posting", done, SyncRun.objects.get(pk=a_run.pk).total)
            if not inline:
                time.sleep(POLL_SECONDS)
            elif run.plan_if_needed(a_run.pk, a_run.epoch):
                lanes.work_lane(a_run.pk, a_run.epoch, lane=0)
                lanes.sweep()


def _period(text: str) -> date:
    try:
        return parse_period(text, business_today(timezone.now()))
    except ValueError as error:
        raise CouldNotRun(str(error)) from error


def _dry_run(period: date) -> Report:
    plan = planning.preview(period)
    totals = planning.totals(plan)
    refused = sum(one.state == OperationState.REFUSED for one in plan)
    posted = sum(one.state == OperationState.PLANNED and one.line is not None for one in plan)
    return Report(
        sentence=f"Would post {posted:,} lines; {refused:,} would fail. Nothing was sent.",
        data={"would_post": posted, "would_fail": refused, "totals": totals},
        with_errors=refused > 0,
    )


def _result(a_run: SyncRun) -> Report:
    a_run.refresh_from_db()
    if a_run.state == RunState.FAILED:
        raise CouldNotRun(f"The sync was stopped: {a_run.message}")
    done = run.progress(a_run)
    return Report(
        sentence=f"Sync of {a_run.period:%B %Y}: {done.sentence()}.",
        data={
            "run": a_run.pk,
            "state": a_run.state,
            "posted": done.posted,
            "errors": done.errors,
            "not_confirmed": done.unknown,
            "skipped": done.skipped,
            "withdrawn": done.withdrawn,
        },
        with_errors=bool(done.errors or done.unknown or done.withdrawn),
    )
