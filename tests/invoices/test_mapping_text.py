"""The bytes of an uploaded mapping file as text: what spreadsheets write is read, the rest is told."""

import pytest

from invoices.mapping_text import FileText, UnreadableFile, text_of

TEXT = "agreement;ORG-1;Verträge 2026 – Süd;12\r\n"


@pytest.mark.parametrize(
    ("encoding", "is_guessed"),
    [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("cp1252", True)],
)
def test_what_excel_writes_is_read(encoding: str, is_guessed: bool) -> None:
    assert text_of(TEXT.encode(encoding)) == FileText(TEXT, is_guessed)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04 and so on", "This is a workbook, not a CSV file."),
        (b"\xd0\xcf\x11\xe0 and so on", "This is a workbook, not a CSV file."),
        (b"kind,\x00", "This is no text that can be read."),
        (b"\xff\xfe\x00", "This is no text that can be read."),
        (b"\x89PNG \x81\x8d", "This is no text that can be read."),
    ],
)
def test_what_is_no_text_is_told_with_what_to_do(data: bytes, told: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        text_of(data)
    assert str(refused.value) == f"{told} In Excel choose Save As → CSV UTF-8."
