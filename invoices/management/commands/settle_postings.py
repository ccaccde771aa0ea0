"""`settle_postings`: the sweeper's work, now."""

from dataclasses import asdict
from typing import Any

from invoices.sync import lanes
from mapping.commands import Report, ReportingCommand
from wire.errors import RemoteError


class Command(ReportingCommand):
    help = (
        "Look in ConnectWise for postings whose outcome is not known, and send again what is surely "
        "not there. The schedule does this by itself; nothing is due before its settle time has passed."
    )
    could_not_run = (RemoteError,)

    def report(self, **options: Any) -> Report:
        done = lanes.sweep()
        return Report(
            sentence=f"Found {done.found:,}, sent {done.sent_again:,} again, gave {done.given_back:,} back; "
            f"{done.still_unknown:,} not confirmed yet.",
            data=asdict(done),
            with_errors=done.still_unknown > 0,
        )
