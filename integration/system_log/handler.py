"""The logging handler that keeps records in the database, also those of a rolled back transaction.

A record is put in a queue in memory at once and written as soon as this thread is outside the
caller's transaction: directly, on commit, or (after a rollback) with the next record or at the end
of the request, task or process. Infos that come in a burst are written together: at most one write
a second, what comes in between with the next record or at such an end. One connection is enough,
nothing waits, and a rollback takes no record with it. Where the database can't be reached, records wait in the queue, one line on
stderr says so, and it is tried again later; the console has had them all in the meantime.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from wire.redact import RedactingFilter

# While the database is away the oldest go first: memory must not fill with complaints about it.
QUEUE_LENGTH = 10_000
BATCH = 500
# Each try may cost the connection's whole time-out, and whoever logs waits for it.
PAUSE_AFTER_FAILURE_SECONDS = 15.0
# A write a record costs a posted line more than its recording; warnings and errors never wait.
INFOS_WAIT_SECONDS = 1.0
SUMMARY_LENGTH = 500
DETAILS_LENGTH = 20_000

_redacting = RedactingFilter()
_waiting: deque[dict[str, Any]] = deque(maxlen=QUEUE_LENGTH)
_here = threading.local()
_not_before = 0.0
_written_at = -INFOS_WAIT_SECONDS


class DatabaseHandler(logging.Handler):
    """Stores records as `LogEntry`; never raises, never logs."""

    def createLock(self) -> None:
        """None: a deque is safe between threads, and no thread waits for another's INSERT."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Stored when the caller's transaction commits; a logger never fails whoever logs."""
        try:
            _waiting.append(_columns(record))
            if record.levelno < logging.WARNING and _wrote_just_now():
                return
            if _in_callers_transaction():
                transaction.on_commit(flush, robust=True)
            else:
                flush()
        except Exception as error:
            _complain(f"a record of {record.name} was not stored: {type(error).__name__}")

    def flush(self) -> None:
        """At the end of the process."""
        flush()


def flush(**_signal: object) -> None:
    """Writes what waits, unless in a transaction that could take it back; never raises."""
    # What writing logs by itself would otherwise be written within it, and so on.
    if getattr(_here, "writing", False) or time.monotonic() < _not_before:
        return
    _here.writing = True
    try:
        while _waiting and not _in_callers_transaction():
            _write(_taken())
    except Exception as error:
        _pause(error)
    finally:
        _here.writing = False


def discard() -> None:
    """Forgets what waits: a forked child must not write its parent's records again."""
    global _not_before, _written_at
    _waiting.clear()
    _not_before, _written_at = 0.0, -INFOS_WAIT_SECONDS


def _taken() -> list[dict[str, Any]]:
    """The oldest that wait; another thread may have been faster."""
    taken: list[dict[str, Any]] = []
    while _waiting and len(taken) < BATCH:
        try:
            taken.append(_waiting.popleft())
        except IndexError:
            break
    return taken


def _wrote_just_now() -> bool:
    return time.monotonic() - _written_at < INFOS_WAIT_SECONDS


def _write(rows: list[dict[str, Any]]) -> None:
    global _written_at
    try:
        _insert(rows)
        _written_at = time.monotonic()
    except (OperationalError, InterfaceError):
        _waiting.extendleft(reversed(rows))
        raise
    except Exception as error:
        if len(rows) == 1:
            _complain(f"a record of {rows[0]['logger']} was not stored: {type(error).__name__}")
            return
        for row in rows:  # one that can't be stored doesn't take the others with it
            _write([row])


def _insert(rows: list[dict[str, Any]]) -> None:
    # Late: logging is set up before the models are loaded.
    from integration.system_log.services import store

    store(rows)


def _columns(record: logging.LogRecord) -> dict[str, Any]:
    """The record as a row, without secrets and for ever: its arguments may change later."""
    _redacting.filter(record)
    title, _, rest = str(record.msg).strip().partition("\n")
    details = "\n".join(part for part in (rest, record.exc_text) if part)
    return {
        "level": max(logging.INFO, min(logging.ERROR, record.levelno // 10 * 10)),
        "created_at": datetime.fromtimestamp(record.created, UTC),
        "logger": _text(record.name, 100),
        "summary": _text(title, SUMMARY_LENGTH),
        "details": _text(details, DETAILS_LENGTH),
        "line": _text(getattr(record, "line", None), 64),
        "run": _number(getattr(record, "run", None)),
        "load": _number(getattr(record, "load", None)),
        "mapping": _text(getattr(record, "mapping", None), 80),
    }


def _text(value: object, length: int) -> str:
    """What PostgreSQL can store: no NUL, no half of a surrogate pair, not too long."""
    text = "" if value is None else str(value)
    clean = text.replace("\x00", "\ufffd").encode(errors="replace").decode()
    return clean if len(clean) <= length else f"{clean[: length - 1]}…"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _in_callers_transaction() -> bool:
    """True inside `atomic`; the one a TestCase wraps a test in doesn't count."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _pause(error: Exception) -> None:
    global _not_before
    _not_before = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
    _complain(f"{len(_waiting)} records wait for the database ({type(error).__name__})")


def _complain(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"system log: {text}\n")


os.register_at_fork(after_in_child=discard)
