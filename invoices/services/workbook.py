"""A workbook that is sent while it is written: its first bytes leave at once, memory stays flat.

xlsxwriter makes the frame, a sheet with heads, widths and formats; its rows are put in as the zip goes out.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SHEET = "xl/worksheets/sheet1.xml"
COLUMN_WIDTH = 20
PIECE = 1000  # rows
# As spreadsheets count days: by their belief that 1900 was a leap year.
DAY_ZERO = date(1899, 12, 30)
# What XML forbids, and what spreadsheets would take for the escape of such a character.
AWKWARD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def workbook(
    *, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]], count: int
) -> Iterator[bytes]:
    """One sheet of these heads and rows, piece by piece; `count` is how many rows its filter spans.

    Text is written as text, which no spreadsheet calculates; numbers are numbers, days are days.
    """
    frame = _frame(name, heads, count)
    before, day_style, after = _parted(frame.read(SHEET).decode())
    letters = [xl_col_to_name(place) for place in range(len(heads))]
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as book:
        for part in frame.namelist():
            if part != SHEET:
                book.writestr(part, frame.read(part))
        yield outbox.emptied()
        numbered = enumerate(rows, start=2)
        with book.open(SHEET, "w") as sheet:
            sheet.write(before.encode())
            while piece := [_row(*one, letters, day_style) for one in islice(numbered, PIECE)]:
                sheet.write("".join(piece).encode())
                yield outbox.emptied()
            sheet.write(after.encode())
    yield outbox.emptied()


def _frame(name: str, heads: Sequence[str], count: int) -> zipfile.ZipFile:
    """The workbook with its heads and, below them, one day, which shows the style of days."""
    file = io.BytesIO()
    # Its heads stand in the sheet, as the rows will: no list of texts goes with it.
    with Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heads) - 1, COLUMN_WIDTH)
        sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
        sheet.write_datetime(1, 0, DAY_ZERO)
        sheet.autofilter(0, 0, max(1, count), len(heads) - 1)
    return zipfile.ZipFile(file)


def _parted(sheet: str) -> tuple[str, str, str]:
    """What stands before the rows, the style of a day, what stands behind the rows."""
    before, sample = sheet.split('<row r="2"')
    style = re.search(r' s="(\d+)"', sample)
    assert style  # of the day that the frame has
    # Some readers believe the dimension, which is that of the frame, more than the rows; it isn't needed.
    before = re.sub(r"<dimension [^>]*/>", "", before)
    return before, style[1], sample[sample.index("</sheetData>") :]


def _row(number: int, values: Sequence[object], letters: Sequence[str], day_style: str) -> str:
    cells = []
    for letter, value in zip(letters, values, strict=True):
        if isinstance(value, str):
            if value:
                cells.append(f'<c r="{letter}{number}" t="inlineStr">{_text(value)}</c>')
        elif isinstance(value, date):
            days = (value - DAY_ZERO).days
            cells.append(f'<c r="{letter}{number}" s="{day_style}"><v>{days}</v></c>')
        elif isinstance(value, int | Decimal):
            cells.append(f'<c r="{letter}{number}"><v>{value}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


# Most of a month's texts are those of a few hundred customers and offers.
@lru_cache(maxsize=5000)
def _text(text: str) -> str:
    plain = AWKWARD.sub(lambda found: f"_x{ord(found[0]):04X}_", escape(text))
    return f'<is><t xml:space="preserve">{plain}</t></is>'


class _Outbox(io.RawIOBase):
    """What has been written and not yet been sent; as it can't be sought in, the zip is streamed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: "ReadableBuffer") -> int:
        self.written.append(bytes(data))
        return len(self.written[-1])

    def emptied(self) -> bytes:
        written, self.written = self.written, []
        return b"".join(written)
