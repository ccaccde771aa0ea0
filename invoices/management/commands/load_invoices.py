"""`load_invoices --period YYYY-MM|current|previous`: loads months here, without a worker."""

import time
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from invoices.loading.load import run_load
from invoices.loading.queries import business_today
from invoices.loading.start import LoadRefused, start_load
from invoices.models import Load
from invoices.months import month_name, parse_period
from invoices.sync.states import Origin
from mapping.commands import CouldNotRun, Report, ReportingCommand

COUNTS = (
    *("read", "new", "updated", "unchanged", "gone", "changed_after_sync", "not_final", "bad"),
    *("complete", "state", "message"),
)
POLL_SECONDS = 1.0


class Command(ReportingCommand):
    help = (
        "Load invoice lines of whole months from the Platform. A month that is being loaded "
        "already is waited for. Loading again changes only what has changed on the Platform."
    )
    could_not_run = (LoadRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--period",
            action="append",
            required=True,
            metavar="YYYY-MM|current|previous",
            help="the month to load; may be given several times",
        )

    def report(self, *, period: list[str], **options: Any) -> Report:
        loads = [self._load(month) for month in self._months(period)]
        if all(load.state == Load.State.FAILED for load in loads):
            raise CouldNotRun(" ".join(load.message for load in loads))
        return Report(
            sentence="\n".join(load.message for load in loads),
            data={"loads": [_as_data(load) for load in loads]},
            with_errors=not all(load.complete for load in loads),
        )

    def _months(self, periods: list[str]) -> list[date]:
        today = business_today(timezone.now())
        try:
            return sorted({parse_period(text, today) for text in periods})
        except ValueError as error:
            raise CouldNotRun(str(error)) from error

    def _load(self, month: date) -> Load:
        """Start it, or join the one that is under way: do it here if nobody does."""
        try:
            load = start_load(month=month, user=None, origin=Origin.COMMAND)
        except LoadRefused as refusal:
            if refusal.load is None:
                raise
            load = refusal.load
        while load.is_under_way:
            if not run_load(
                load_id=load.pk, tell=lambda read, total: self._tell(month, read, total)
            ):
                time.sleep(POLL_SECONDS)
            load.refresh_from_db()
            self._tell(month, load.read, load.total)
        return load

    def _tell(self, month: date, read: int, total: int | None) -> None:
        self.show_progress(f"Loading {month_name(month)}", read, total)


def _as_data(load: Load) -> dict[str, object]:
    return {
        "period": f"{load.month:%Y-%m}",
        "load": load.pk,
        **{name: getattr(load, name) for name in COUNTS},
    }
