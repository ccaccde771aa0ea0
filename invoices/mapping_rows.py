"""The CSV file of mappings: its rows, read with every fault by its line, and written again.

Pure: text in, rows out. Platform's and ConnectWise's ids stand in it, never our own.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from mapping.csv_cells import defused, restored

Kind = Literal["organization", "offer", "agreement"]

NEW = "new"
# The largest id that our columns hold.
MAX_ID = 2**31 - 1
REQUIRED = ("kind", "platform_id", "contract_id", "connectwise_id")
COLUMNS = (*REQUIRED, "organization_id", "offer_id")
# Which columns a kind may fill beside kind, platform_id and connectwise_id.
ALSO_USED: dict[Kind, frozenset[str]] = {
    "organization": frozenset(),
    "offer": frozenset({"organization_id"}),
    "agreement": frozenset({"contract_id", "offer_id"}),
}


class BadMappingFile(Exception):
    """Nothing was imported; `errors` has one sentence per fault, with its line."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("\n".join(errors))


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
            yield "platform_id is empty"
        if self.kind == "agreement" and not self.contract_id:
            yield "contract_id is empty: an agreement is chosen for one contract"
        for name in ("contract_id", "organization_id", "offer_id"):
            if getattr(self, name) and name not in ALSO_USED[self.kind]:
                yield f"{name} has no meaning in a row of kind {self.kind}: leave it empty"
        if self.connectwise_id == NEW and self.kind == "agreement":
            return
        if not self.connectwise_id.isdecimal() or not 0 < int(self.connectwise_id) <= MAX_ID:
            either = " or new" if self.kind == "agreement" else ""
            yield f"connectwise_id is “{self.connectwise_id}”: write the number ConnectWise gave it{either}"


def read_rows(text: str) -> list[tuple[int, MappingRow]]:
    """The rows with their lines; a byte order mark, semicolons and empty lines are no fault."""
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [restored(name).lower() for name in next(reader, [])]
        _check_head(names)
        cells = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise BadMappingFile([f"line {reader.line_num}: not readable as CSV ({error})"]) from error
    return _checked(
        [(line, row) for line, row in cells if any(cell.strip() for cell in row)], names
    )


def _check_head(names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name or "(empty)" for name in names if name not in COLUMNS]
    told = [f"line 1: the column {name} is missing" for name in missing]
    told += [f"line 1: there is no column {name}" for name in unknown]
    if len(set(names)) < len(names):
        told.append("line 1: a column stands there twice")
    if told:
        told[-1] += (
            f". The columns are {','.join(REQUIRED)} and, if you like, organization_id,offer_id"
        )
        raise BadMappingFile(told)


def _checked(cells: list[tuple[int, list[str]]], names: list[str]) -> list[tuple[int, MappingRow]]:
    rows: list[tuple[int, MappingRow]] = []
    errors: list[str] = []
    said: dict[tuple[str, ...], tuple[int, str]] = {}
    for line, values in cells:
        if len(values) != len(names):
            errors.append(f"line {line}: {len(values)} cells instead of {len(names)}")
            continue
        row = _row(dict(zip(names, map(restored, values), strict=True)))
        faults = list(row.faults())
        first, before = said.setdefault(row.target, (line, row.connectwise_id))
        if not faults and before != row.connectwise_id:
            faults = [f"says {row.connectwise_id} where line {first} says {before}"]
        errors += [f"line {line}: {fault}" for fault in faults]
        rows.append((line, row))
    if errors:
        raise BadMappingFile(errors)
    return rows


def _row(values: dict[str, str]) -> MappingRow:
    return MappingRow(
        kind=cast(Kind, values["kind"].lower()),
        platform_id=values["platform_id"],
        contract_id=values["contract_id"],
        connectwise_id=_id(values["connectwise_id"]),
        organization_id=values.get("organization_id", ""),
        offer_id=values.get("offer_id", ""),
    )


def _id(text: str) -> str:
    return text.lstrip("0") if text.isdecimal() and text.isascii() else text.lower()


def write_rows(rows: Iterable[MappingRow]) -> str:
    """The rows as a file that `read_rows` gives back."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(defused(getattr(row, name)) for name in COLUMNS)
    return text.getvalue()
