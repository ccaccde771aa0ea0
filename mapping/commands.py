"""The frame of every command: `--json`, progress on a terminal, and exit codes that mean something.

0 done, 1 done with errors on some lines, 2 could not run: then stderr has one sentence, never a
traceback. A command implements `report()`, and nothing else of this.
"""

import json
import sys
import traceback
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, ProgrammingError

from mapping.unmigrated import UNMIGRATED, is_unmigrated

DONE_WITH_ERRORS = 1
COULD_NOT_RUN = 2
EXIT_CODES = "Exit code: 0 done, 1 done with errors on some lines, 2 could not run (the reason is on stderr)."


class CouldNotRun(Exception):
    """Raised by a command with the one sentence that says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a command did: a sentence for people, `data` for machines, and whether lines failed."""

    sentence: str
    data: Mapping[str, object] = field(default_factory=dict)
    with_errors: bool = False


class ReportingCommand(BaseCommand):
    """`report(**options)` does the work and says what it did; `could_not_run` are its refusals."""

    # Exceptions whose text is a sentence for the operator; each ends the command with exit 2.
    could_not_run: tuple[type[Exception], ...] = ()

    @abstractmethod
    def report(self, *args: Any, **options: Any) -> Report:
        """The work of the command; raises CouldNotRun, or one of `could_not_run`, where it can't."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's, with `--json`, and what the exit codes mean at the end of its help."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--json", action="store_true", help="print the result as JSON on the last line"
        )
        parser.epilog = EXIT_CODES
        # argparse would print its usage and exit; a CommandError is told in one line below.
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Django's, with our exit codes also for what it would let through."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # from the parser, which Django leaves outside of its net
            self.stderr.write(str(error))
            sys.exit(COULD_NOT_RUN)
        except Exception:  # a bug: its traceback helps, but 1 would mean that the work is done
            traceback.print_exc()
            sys.exit(COULD_NOT_RUN)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what `report` did; ends with 1 where some lines have errors."""
        report = self._report_or_refuse(options)
        self._end_progress()
        if report.sentence:  # none where stdout is the result itself
            self.stdout.write(report.sentence)
        if options["json"]:
            self.stdout.write(json.dumps(report.data, cls=DjangoJSONEncoder))
        if report.with_errors:
            sys.exit(DONE_WITH_ERRORS)

    def show_progress(self, what: str, done: int, total: int | None) -> None:
        """Redraws one line on stderr, only where that is a terminal."""
        if self.stderr.isatty():
            of = f" of {total:,}" if total is not None else ""
            self.stderr.write(f"\r\x1b[K{what}: {done:,}{of}", ending="")
            self.stderr.flush()

    def _end_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")

    def _report_or_refuse(self, options: dict[str, Any]) -> Report:
        refusals: tuple[type[Exception], ...] = (CouldNotRun, *self.could_not_run)
        try:
            return self.report(**options)
        except refusals as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except (OperationalError, InterfaceError) as error:
            first_line = (str(error).splitlines() or ["no reason given"])[0]
            raise CommandError(
                f"The database did not answer ({first_line}): check DATABASE_URL.",
                returncode=COULD_NOT_RUN,
            ) from error
        except ProgrammingError as error:
            if not is_unmigrated(error):
                raise
            raise CommandError(UNMIGRATED, returncode=COULD_NOT_RUN) from error
        except KeyboardInterrupt as error:
            raise CommandError(
                "Stopped. What was done is kept; run it again to go on.", returncode=COULD_NOT_RUN
            ) from error
