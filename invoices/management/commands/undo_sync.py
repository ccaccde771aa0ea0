"""`undo_sync --run 12`: takes back in ConnectWise what a sync did there (P50)."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.management.watching import RunCommand
from invoices.models import InvoiceLine, SyncRun
from invoices.months import parse_period
from invoices.sync import run, undo
from invoices.sync.facts import Planned
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import OperationState, Origin, RunState
from mapping.commands import CouldNotRun, Report
from wire.errors import RemoteError


class Command(RunCommand):
    help = (
        "Take back what a sync did in ConnectWise: what it made is deleted (ended, once invoiced), "
        "what it changed gets its values before back, what it ended runs on. Later changes of the "
        "same Additions are taken back first. The lines are Not Synced then."
    )
    could_not_run = (run.CantStart, RemoteError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--run", type=int, metavar="ID", help="a run of Sync")
        what.add_argument(
            "--period", metavar="YYYY-MM|current|previous", help="all that was done in a month"
        )
        what.add_argument("--line", metavar="PLATFORM_ID", help="one invoice line")
        what.add_argument(
            "--rest", type=int, metavar="ID", help="what an undo has left, stopped or not done"
        )
        parser.add_argument("--dry-run", action="store_true", help="show it, and send nothing")
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="also what was changed in ConnectWise since",
        )
        parser.add_argument(
            "--inline", action="store_true", help="do it from this process, without workers"
        )

    def report(self, **options: Any) -> Report:
        scope, period = _scope(options)
        if options["dry_run"]:
            return _dry_run(undo.preview_undo(scope, period, overwrite=options["overwrite"]))
        not_yet = undo.why_not_yet(scope, period)
        if not_yet:
            raise CouldNotRun(not_yet)
        whole = RunScope(undo=scope, overwrite=options["overwrite"])
        a_run = run.start_run(period=period, scope=whole, user=None, origin=Origin.COMMAND)
        self.work("Undoing", a_run, inline=options["inline"])
        return _result(a_run)


def _scope(options: dict[str, Any]) -> tuple[UndoScope, date]:
    if options["period"]:
        try:
            period = parse_period(options["period"], business_today(timezone.now()))
        except ValueError as error:
            raise CouldNotRun(str(error)) from error
        return UndoScope(period=True), period
    if options["rest"]:
        return _rest(options["rest"])
    line = None
    if options["line"]:
        line = InvoiceLine.objects.filter(platform_id=options["line"]).first()
        if line is None:
            raise CouldNotRun(f"There is no invoice line {options['line']}.")
    scope = UndoScope(run=options["run"], line=line.pk if line else None)
    of = undo.period_of(scope, None)
    if of is None:
        raise CouldNotRun(f"There is no run {options['run']}.")
    return scope, of


def _rest(number: int) -> tuple[UndoScope, date]:
    begun = SyncRun.objects.filter(pk=number).first()
    if begun is None:
        raise CouldNotRun(f"There is no run {number}.")
    refusal = undo.why_no_rest(begun)
    if refusal:
        raise CouldNotRun(refusal)
    return undo.rest_of(begun), begun.period


def _dry_run(plan: tuple[Planned, ...]) -> Report:
    refused = sum(one.state == OperationState.REFUSED for one in plan)
    return Report(
        sentence=f"Would take back {len(plan) - refused:,} operations; {refused:,} would fail. "
        "Nothing was sent.",
        data={
            "would_undo": len(plan) - refused,
            "would_fail": refused,
            "operations": [_told(one) for one in plan],
        },
        with_errors=refused > 0,
    )


def _told(one: Planned) -> dict[str, object]:
    return {
        "line": one.line.platform_id if one.line else None,
        "subscription": one.subscription_id,
        "customer": one.customer,
        "addition_id": one.addition_id,
        "kind": one.kind.value,
        "state": one.state.value,
        "before": one.before.to_json() if one.before else None,
        "after": one.image.to_json() if one.image else None,
        "reason": one.reason,
    }


def _result(a_run: SyncRun) -> Report:
    a_run.refresh_from_db()
    if a_run.state == RunState.FAILED:
        raise CouldNotRun(f"The undo was stopped: {a_run.message}")
    done = run.progress(a_run)
    return Report(
        sentence=f"Undo: {done.sentence()}.".replace("posted", "taken back"),
        data={
            "run": a_run.pk,
            "state": a_run.state,
            "undone": done.posted,
            "errors": done.errors,
            "not_confirmed": done.unknown,
            "skipped": done.skipped,
            "withdrawn": done.withdrawn,
        },
        with_errors=bool(done.errors or done.unknown or done.skipped or done.withdrawn),
    )
