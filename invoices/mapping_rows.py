"""The CSV file of mappings: its rows, read with every fault by its line, and written again.

Pure: text in, rows out. Platform's and ConnectWise's ids stand in it, never our own.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from mapping.csv_cells import defused, restored

Kind = Literal["organization", "offer", "agreement"]

NEW = "new"
# The largest id that our columns hold.
MAX_ID = 2**31 - 1
LONGEST_ID = len(str(MAX_ID))
REQUIRED = ("kind", "platform_id", "contract_id", "connectwise_id")
COLUMNS = (*REQUIRED, "organization_id", "offer_id")
# Which columns a kind may fill beside kind, platform_id and connectwise_id.
ALSO_USED: dict[Kind, frozenset[str]] = {
    "organization": frozenset(),
    "offer": frozenset({"organization_id"}),
    "agreement": frozenset({"contract_id", "offer_id"}),
}


class Fault(NamedTuple):
    """What is wrong with a line of the file, and what to do."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"


class BadMappingFile(Exception):
    """Nothing was imported; every fault with its line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        super().__init__("\n".join(self.errors))

    @property
    def errors(self) -> list[str]:
        return [str(fault) for fault in self.faults]


@dataclass(frozen=True, kw_only=True)
class MappingRow:
    """One row, as written; `connectwise_id` is a number or "new"."""

    kind: Kind
    platform_id: str
    contract_id: str = ""
    connectwise_id: str
    organization_id: str = ""
    offer_id: str = ""

    @property
    def organization(self) -> str:
        """The Platform's id of the organization that is meant; "" where it is all of them."""
        return self.organization_id if self.kind == "offer" else self.platform_id

    @property
    def offer(self) -> str:
        """The Platform's id of the offer that is meant; "" where it is all or none."""
        if self.kind == "offer":
            return self.platform_id
        return self.offer_id

    @property
    def target(self) -> tuple[str, ...]:
        """What is mapped: two rows of one target repeat or contradict each other."""
        return (self.kind, self.organization, self.contract_id, self.offer)

    def faults(self) -> Iterator[str]:
        """What is wrong with it by itself."""
        if self.kind not in ALSO_USED:
            yield f"kind is “{self.kind}”: write organization, offer or agreement"
            return
        if not self.platform_id:
            yield "platform_id is empty: write the ID that the Platform gave it"
        if self.kind == "agreement" and not self.contract_id:
            yield "contract_id is empty: an agreement is chosen for one contract"
        for name in ("contract_id", "organization_id", "offer_id"):
            if getattr(self, name) and name not in ALSO_USED[self.kind]:
                yield f"{name} has no meaning in a row of kind {self.kind}: leave it empty"
        if self.connectwise_id == NEW and self.kind == "agreement":
            return
        if not _is_id(self.connectwise_id):
            either = " or new" if self.kind == "agreement" else ""
            yield f"connectwise_id is “{self.connectwise_id}”: write the number ConnectWise gave it{either}"


@dataclass(frozen=True, kw_only=True)
class RowsRead:
    """The rows that can be understood, with their lines, and the faults of the others."""

    rows: Sequence[tuple[int, MappingRow]]
    faults: Sequence[Fault]


def read_rows(text: str) -> RowsRead:
    """What the file says; raises `BadMappingFile` where it is no such table at all.

    What spreadsheets do is no fault: a byte order mark, semicolons or tabs, a first line `sep=;`,
    empty lines, empty cells at the end of a row left out or added.
    """
    text, first = _without_preface(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = first
    cells: list[tuple[int, list[str]]] = []
    try:
        names = [restored(name).lower() for name in _trimmed(next(reader, []))]
        _check_head(names, line)
        line = first + reader.line_num
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append((line, row))
            # A cell may go over several lines: the next row begins after the last of them.
            line = first + reader.line_num
    except csv.Error as error:
        words = f"not readable as CSV ({error}). Look for a quotation mark that isn't closed"
        raise BadMappingFile([Fault(line, words)]) from error
    return _checked(cells, names)


def _without_preface(text: str) -> tuple[str, int]:
    """Without the byte order mark and Excel's line `sep=;`; and which line the head is then."""
    text = text.removeprefix("\ufeff")
    head, _, rest = text.partition("\n")
    return (rest, 2) if head.strip().lower().startswith("sep=") else (text, 1)


def _delimiter(text: str) -> str:
    """What stands most often in the head."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _trimmed(row: list[str]) -> list[str]:
    """Without the empty cells at its end."""
    length = max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)
    return row[:length]


def _check_head(names: list[str], line: int) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name or "(empty)" for name in names if name not in COLUMNS]
    told = [f"the column {name} is missing" for name in missing]
    told += [f"there is no column {name}" for name in unknown]
    if len(set(names)) < len(names):
        told.append("a column stands there twice")
    if told:
        told[-1] += (
            f". The columns are {','.join(REQUIRED)} and, if you like, organization_id,offer_id"
        )
        raise BadMappingFile([Fault(line, words) for words in told])


def _checked(cells: list[tuple[int, list[str]]], names: list[str]) -> RowsRead:
    rows: list[tuple[int, MappingRow]] = []
    faults: list[Fault] = []
    said: dict[tuple[str, ...], tuple[int, str]] = {}
    for line, values in cells:
        values = _trimmed(values)
        if len(values) > len(names):
            words = (
                f"{len(values)} cells instead of {len(names)}: put a cell with a comma in quotes"
            )
            faults.append(Fault(line, words))
            continue
        values += [""] * (len(names) - len(values))
        row = _row(dict(zip(names, map(restored, values), strict=True)))
        wrong = list(row.faults())
        first, before = said.setdefault(row.target, (line, row.connectwise_id))
        if not wrong and before != row.connectwise_id:
            wrong = [
                f"says {row.connectwise_id} where line {first} says {before}: keep one of them"
            ]
        faults += [Fault(line, words) for words in wrong]
        if not wrong:
            rows.append((line, row))
    return RowsRead(rows=rows, faults=faults)


def _row(values: dict[str, str]) -> MappingRow:
    return MappingRow(
        kind=cast(Kind, values["kind"].lower()),
        platform_id=values["platform_id"],
        contract_id=values["contract_id"],
        connectwise_id=_id(values["connectwise_id"]),
        organization_id=values.get("organization_id", ""),
        offer_id=values.get("offer_id", ""),
    )


def _is_id(text: str) -> bool:
    # Its length first: Python refuses to make a number of thousands of digits.
    return text.isdecimal() and len(text) <= LONGEST_ID and 0 < int(text) <= MAX_ID


def _id(text: str) -> str:
    # As people type and spreadsheets show them: 007 is 7, and NEW is new.
    return text.lstrip("0") if text.isdecimal() and text.isascii() else text.lower()


def write_rows(rows: Iterable[MappingRow]) -> str:
    """The rows as a file that `read_rows` gives back."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(defused(getattr(row, name)) for name in COLUMNS)
    return text.getvalue()
