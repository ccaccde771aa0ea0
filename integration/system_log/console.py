"""How a record looks on the console: one plain line or one JSON object, and no secret."""

import json
import logging
import time

from wire.redact import redact

LINKS = ("line", "run", "load", "mapping")


class PlainFormatter(logging.Formatter):
    """`2026-05-18T09:30:00Z WARNING invoices.sync: text line=L-1 run=7`, tracebacks below."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        links = [f"{name}={getattr(record, name)}" for name in LINKS if hasattr(record, name)]
        return " ".join([super().formatMessage(record), *links])

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonFormatter(PlainFormatter):
    """One JSON object a line, for machines that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": f"{self.formatTime(record)}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        told |= {name: getattr(record, name) for name in LINKS if hasattr(record, name)}
        if record.exc_info:
            told["traceback"] = redact(self.formatException(record.exc_info))
        # Redacted before it is written as JSON, whose quotes would hide a credential's end.
        return json.dumps(told, default=str)
