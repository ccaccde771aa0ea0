"""Organizations and offers from the Platform; companies, products and agreements from ConnectWise."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from mapping import services
from mapping.commands import CouldNotRun, Report, ReportingCommand
from mapping.models import DirectoryRefresh

DEFAULT_MONTHS = 16


class Command(ReportingCommand):
    help = (
        "Refresh the local directory: organizations, offers on invoices of the last months, "
        "companies, products, agreement types and agreements."
    )
    could_not_run = (services.RefreshUnderWay,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--months",
            type=int,
            default=DEFAULT_MONTHS,
            help=f"offers on invoices of the last so many months (default {DEFAULT_MONTHS})",
        )

    def report(self, **options: Any) -> Report:
        months = options["months"]
        if not 1 <= months <= 120:
            raise CouldNotRun(f"--months {months}: give a number from 1 to 120.")
        started = services.start_refresh(months=months, user=None)
        refresh = services.run_refresh(
            refresh_id=started.pk, today=timezone.now().date(), on_progress=self.show_progress
        )
        if refresh is None:
            raise CouldNotRun("Another worker took this refresh over. It goes on there.")
        if refresh.state == DirectoryRefresh.State.FAILED:
            raise CouldNotRun(refresh.message)
        bad = any(counts.get("bad") for counts in refresh.counts.values())
        return Report(sentence=refresh.message, data=refresh.counts, with_errors=bad)
