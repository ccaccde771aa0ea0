"""The console's lines: plain or JSON, with links, without secrets."""

import json
import logging
import sys

import pytest

from integration.system_log.console import JsonFormatter, PlainFormatter
from wire.redact import remember

PLANTED = "planted-secret-0123456789"


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("invoices.sync", logging.WARNING, "f.py", 1, message, args, None)
    made.__dict__.update({"created": 0.0, **extra})
    return made


@pytest.fixture(autouse=True)
def known() -> None:
    remember(PLANTED)


def test_a_plain_line() -> None:
    line = PlainFormatter().format(record("line %s failed", "L-1", line="L-1", run=7))
    assert line == "1970-01-01T00:00:00Z WARNING invoices.sync: line L-1 failed line=L-1 run=7"


def test_a_json_line() -> None:
    line = JsonFormatter().format(record("line %s\nfailed “so”", "L-1", line="L-1", run=7))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00Z",
        "level": "WARNING",
        "logger": "invoices.sync",
        "message": "line L-1\nfailed “so”",
        "line": "L-1",
        "run": 7,
    }


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_no_secret_in_message_or_traceback(formatter: logging.Formatter) -> None:
    made = record("refused: Authorization: Basic %s, key %s", "c2VjcmV0OnNlY3JldA==", PLANTED)
    try:
        raise ValueError(f"x-api-key: {PLANTED}")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = formatter.format(made)
    assert PLANTED not in line
    assert "c2VjcmV0OnNlY3JldA" not in line
    assert "ValueError" in line


def test_json_takes_what_utf8_can_not_say() -> None:
    line = JsonFormatter().format(record("half a pair: %s", "\ud83d"))
    line.encode()
