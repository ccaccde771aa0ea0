"""Keeps secrets out of messages and logs.

Whoever holds a secret registers it once (`remember`); from then on `redact` masks it, in its plain
and its URL-encoded spelling, along with anything that looks like a credential header.
"""

import logging
import re
import traceback
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "[hidden]"
# Masking a shorter one would tear holes into ordinary words.
SHORTEST = 8

SCHEME = re.compile(r"\b(Basic|Bearer)\s+[\w+/=.~-]{6,}", re.IGNORECASE)
HEADER = re.compile(
    r"""\b(authorization|x-api-key|client-?id|(?:api|private|public)[_-]?key|password)
        (['"]?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&)}\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)

_known: set[str] = set()


def remember(*secrets: str) -> None:
    """From now on these are masked wherever text passes through here."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            _known.update((secret, quote(secret, safe=""), quote_plus(secret)))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given and the remembered secrets; the longest goes first."""
    # One may be part of another, whose rest would stand there in clear if it went first.
    for secret in sorted({*_known, *secrets}, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    return HEADER.sub(rf"\1\2{MASK}", SCHEME.sub(rf"\1 {MASK}", text))


class RedactingFilter(logging.Filter):
    """For handlers: masks secrets in a record's message and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            # Formatters reuse exc_text, so the traceback they write is the masked one.
            record.exc_text = redact(record.exc_text)
        return True
