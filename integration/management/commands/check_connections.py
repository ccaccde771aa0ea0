"""`check_connections`: what Test connection does, for operators and scripts."""

from dataclasses import asdict
from typing import Any

from integration.doctor import check_connections
from mapping.commands import Report, ReportingCommand

MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


class Command(ReportingCommand):
    help = "Ask the Platform and ConnectWise with the credentials in force; one line a check."

    def report(self, **_options: Any) -> Report:
        checks = check_connections()
        for check in checks:
            self.stdout.write(f"{MARKS[check.state]} {check.side}: {check.name}: {check.words}")
        failed = sum(check.state == "failed" for check in checks)
        return Report(
            sentence=f"{failed} of {len(checks)} checks failed." if failed else "All is well.",
            data={"checks": [asdict(check) for check in checks], "failed": failed},
            with_errors=bool(failed),
        )
