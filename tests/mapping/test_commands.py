"""The frame of every command: exit codes, one clear sentence, JSON on the last line, progress."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, CommandParser, call_command
from django.db import OperationalError

from mapping.commands import CouldNotRun, Report, ReportingCommand


class Refusal(Exception):
    """What a service of this command raises."""


class Example(ReportingCommand):
    """Does what the test says."""

    could_not_run = (Refusal,)
    outcome: Any = Report(sentence="Done.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=0)

    def report(self, **options: Any) -> Report:
        self.show_progress("Counting", 1200, options["count"] or None)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        report: Report = self.outcome
        return report


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(outcome: Any, *arguments: str) -> str:
    out, command = StringIO(), Example()
    command.outcome = outcome
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def from_terminal(outcome: Any, *arguments: str) -> tuple[int, str]:
    """The exit code and stderr of the command as a shell sees them."""
    err = StringIO()
    command = Example(stderr=err)
    command.outcome = outcome
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", "example", "--skip-checks", *arguments])
    return int(ended.value.code or 0), err.getvalue()


def test_the_help_says_what_the_exit_codes_mean() -> None:
    told = " ".join(Example().create_parser("manage.py", "example").format_help().split())
    assert "0 done, 1 done with errors on some lines, 2 could not run" in told


def test_done_says_its_sentence() -> None:
    assert run(Report(sentence="All done.")) == "All done.\n"


def test_json_is_the_last_line_and_exact() -> None:
    data = {"total": Decimal("10.10"), "day": date(2026, 5, 31)}
    out = run(Report(sentence="All done.", data=data), "--json")
    assert json.loads(out.splitlines()[-1]) == {"total": "10.10", "day": "2026-05-31"}


def test_errors_on_some_lines_end_with_1() -> None:
    with pytest.raises(SystemExit) as ended:
        run(Report(sentence="One failed.", with_errors=True))
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (CouldNotRun("No key. Set it."), "No key. Set it."),
        (Refusal("It runs already."), "It runs already."),
        (OperationalError("refused\nand more"), "The database did not answer (refused)"),
        (KeyboardInterrupt(), "Stopped. What was done is kept"),
    ],
)
def test_what_could_not_run_ends_with_2_and_one_sentence(
    outcome: BaseException, sentence: str
) -> None:
    with pytest.raises(CommandError) as refusal:
        run(outcome)
    assert refusal.value.returncode == 2
    assert str(refusal.value).startswith(sentence)
    code, err = from_terminal(outcome)
    assert (code, len(err.splitlines())) == (2, 1)
    assert sentence in err


@pytest.mark.parametrize("arguments", [["--count", "many"], ["--unknown"], ["stray"]])
def test_wrong_arguments_end_with_2_and_one_line(arguments: list[str]) -> None:
    code, err = from_terminal(Report(sentence="Done."), *arguments)
    assert (code, len(err.splitlines())) == (2, 1)


def test_a_bug_ends_with_2_and_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = from_terminal(ZeroDivisionError("oh"))
    assert code == 2
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [(["--count", "4300"], "Counting: 1,200 of 4,300"), ([], "Counting: 1,200")],
)
def test_progress_is_for_terminals_only(arguments: list[str], shown: str) -> None:
    terminal, file = Terminal(), StringIO()
    call_command(Example(), *arguments, stdout=StringIO(), stderr=terminal)
    call_command(Example(), *arguments, stdout=StringIO(), stderr=file)
    assert shown in terminal.getvalue()
    assert file.getvalue() == ""
