"""`sync_invoices --period 2026-05`: posts the Mapped lines of a period to ConnectWise."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.management.watching import RunCommand
from invoices.models import Operation, SyncRun
from invoices.months import parse_period
from invoices.sync import ending, plan_figures, planning, run
from invoices.sync.facts import WAITS_FOR_A_YES, Planned
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import ENDS, OperationState, Origin, RunState
from invoices.sync.summary import summarize
from mapping.commands import CouldNotRun, Report
from wire.errors import RemoteError


class Command(RunCommand):
    help = (
        "Post all Mapped lines of a period that are Not Synced or Error to ConnectWise, each once. "
        "Joins the sync that is running, if there is one."
    )
    could_not_run = (run.CantStart, RemoteError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--period",
            required=True,
            metavar="YYYY-MM|current|previous",
            help="the month whose lines are posted",
        )
        parser.add_argument(
            "--cancellations",
            choices=[policy.value for policy in Cancellations],
            help="what to do about subscriptions that are gone: ask lists them and ends none "
            "(exit 1 if there are any); default: as in Settings → Configuration",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="end Additions also where that is more than the usual share of them at once",
        )
        parser.add_argument("--dry-run", action="store_true", help="plan, and send nothing")
        parser.add_argument(
            "--inline", action="store_true", help="post from this process, without workers"
        )

    def report(self, **options: Any) -> Report:
        period = _period(options["period"])
        policy = options["cancellations"]
        scope = RunScope(
            cancellations=Cancellations(policy) if policy else None, force=options["force"]
        )
        if options["dry_run"]:
            return _dry_run(period, scope)
        a_run = run.live_run()
        if a_run and a_run.period != period:
            raise CouldNotRun(
                f"A sync of {a_run.period:%B %Y} is running. Wait until it has finished."
            )
        if a_run and "undo" in a_run.scope:
            raise CouldNotRun("An undo is running. Wait until it has finished.")
        a_run = a_run or run.start_run(period=period, scope=scope, user=None, origin=Origin.COMMAND)
        self.work("Posting", a_run, inline=options["inline"])
        return _result(a_run)


def _period(text: str) -> date:
    try:
        return parse_period(text, business_today(timezone.now()))
    except ValueError as error:
        raise CouldNotRun(str(error)) from error


def _dry_run(period: date, scope: RunScope) -> Report:
    plan = planning.preview(period, scope=scope, attended=False)
    summary = summarize(plan)
    ends = [_planned_end(one) for one in plan if one.line is None and one.kind in ENDS]
    refused = sum(one.state == OperationState.REFUSED for one in plan)
    held = sum(end["state"] == OperationState.SKIPPED.value for end in ends)
    told = f", end {len(ends) - held:,} Additions" if ends else ""
    waiting = f" {held:,} cancellations wait for a yes." if held else ""
    return Report(
        sentence=f"Would post {summary.post:,} lines{told}; {refused:,} would fail.{waiting} "
        "Nothing was sent.",
        data={
            "would_post": summary.post,
            "would_create": summary.creates + summary.moves,
            "would_update": summary.updates,
            "unchanged": summary.unchanged,
            "would_fail": refused,
            "cancellations": ends,
            "totals": plan_figures.totals(plan),
        },
        with_errors=refused > 0 or held > 0,
    )


def _planned_end(one: Planned) -> dict[str, object]:
    return {
        "subscription": one.subscription_id,
        "customer": one.customer,
        "addition_id": one.addition_id,
        "kind": one.kind.value,
        "end": one.image.cancelled_date if one.image else None,
        "state": one.state.value,
        "reason": one.reason,
    }


def _kept_end(one: Operation) -> dict[str, object]:
    assert one.posting
    return {
        "subscription": one.subscription_id,
        "customer": one.posting.line.organization_name,
        "addition_id": one.addition_id,
        "kind": one.kind,
        "end": (one.after or {}).get("cancelled_date"),
        "state": one.state,
        "reason": one.last_error or one.reason,
    }


def _result(a_run: SyncRun) -> Report:
    a_run.refresh_from_db()
    if a_run.state == RunState.FAILED:
        raise CouldNotRun(f"The sync was stopped: {a_run.message}")
    done = run.progress(a_run)
    ends = ending.ends_of(a_run)
    waiting = ends.filter(state=OperationState.SKIPPED, reason_code__in=WAITS_FOR_A_YES).count()
    what = "cancellation waits" if waiting == 1 else "cancellations wait"
    told = f" {waiting:,} {what} for a yes." if waiting else ""
    return Report(
        sentence=f"Sync of {a_run.period:%B %Y}: {done.sentence()}.{told}",
        data={
            "run": a_run.pk,
            "state": a_run.state,
            "posted": done.posted,
            "ended": done.ended,
            "errors": done.errors,
            "not_confirmed": done.unknown,
            "skipped": done.skipped,
            "withdrawn": done.withdrawn,
            "cancellations": [_kept_end(one) for one in ends.order_by("pk")],
        },
        with_errors=bool(done.errors or done.unknown or done.withdrawn or waiting),
    )
