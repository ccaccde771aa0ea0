"""Makes text of the bytes of an uploaded mapping file, however the spreadsheet wrote it. Pure."""

import codecs
from typing import NamedTuple

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
SAVE_AS = "In Excel choose Save As → CSV UTF-8."
# What Western Windows writes under plain "CSV".
WINDOWS = "cp1252"


class UnreadableFile(Exception):
    """It is no text; the sentence says what it is and how to save it."""


class FileText(NamedTuple):
    """The text, and whether its letters were guessed."""

    text: str
    is_guessed: bool


def text_of(data: bytes) -> FileText:
    """UTF-8 and UTF-16 are certain; else it is taken for Windows-1252. Raises `UnreadableFile`."""
    if data.startswith(WORKBOOKS):
        raise UnreadableFile(f"This is a workbook, not a CSV file. {SAVE_AS}")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", WINDOWS):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # PostgreSQL stores no NUL, and no text has one: it was UTF-16 without its mark, or no text.
        if "\0" not in text:
            return FileText(text, is_guessed=encoding == WINDOWS)
    raise UnreadableFile(f"This is no text that can be read. {SAVE_AS}")
