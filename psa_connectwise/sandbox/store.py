"""The records, and the ledger: an append-only account of every write that was accepted.

The ledger is the judge of tests. It is also the state file: read again, it gives the records back.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from psa_connectwise.sandbox import data
from psa_connectwise.sandbox.rules import computed
from sandbox_kit.dial import Fault
from sandbox_kit.http import Request
from sandbox_kit.journal import Journal

Record = dict[str, Any]


class Store:
    """Thread-safe. A stored record is never changed in place, only replaced by a new one."""

    def __init__(self, today: Callable[[], date], state_file: Path | None) -> None:
        self.today = today
        self.lock = threading.RLock()
        self._journal = Journal(state_file, {"anchor": today().isoformat()})
        self.anchor = date.fromisoformat(self._journal.header["anchor"])
        self.reset_tables()
        for entry in self._journal.entries:
            self._replay(entry)

    def reset_tables(self) -> None:
        """The records of the first day, an index of additions by agreement, and an empty ledger."""
        self.tables = data.build(self.anchor).tables
        self.by_agreement: dict[int, dict[int, Record]] = {}
        for addition in self.tables["additions"].values():
            self.by_agreement.setdefault(addition["agreementId"], {})[addition["id"]] = addition
        self.contacts = self._contacts()
        self.currencies = {c["id"]: c for c in data.currencies().values()}
        self.ledger: list[Record] = []
        self._made: dict[tuple[str, int], float] = {}
        self._next = {
            kind: max(self.tables[kind], default=0) + 1 for kind in ("agreements", "additions")
        }

    def _contacts(self) -> dict[int, Record]:
        holders = [c for c in self.tables["companies"].values() if "defaultContact" in c]
        return {
            c["defaultContact"]["id"]: {**c["defaultContact"], "company": c["id"]} for c in holders
        }

    def reset(self) -> None:
        """As on the first day; the ledger is emptied too."""
        with self.lock:
            self.reset_tables()
            self._journal.restart()

    def close(self) -> None:
        """Close the state file."""
        self._journal.close()

    # -- reading -----------------------------------------------------------------------------

    def find(self, kind: str, number: Any) -> Record | None:
        """A record by id; only a whole number finds one, so that true isn't taken for 1."""
        table = {"contacts": self.contacts, "currencies": self.currencies}.get(kind)
        table = self.tables[kind] if table is None else table
        known = isinstance(number, int) and not isinstance(number, bool)
        return table.get(number) if known else None

    def all(self, kind: str, agreement: int | None = None) -> list[Record]:
        """A list of its own, so that a reader may go on while others write."""
        with self.lock:
            if agreement is not None:
                return list(self.by_agreement.get(agreement, {}).values())
            return list(self.tables[kind].values())

    def is_younger_than(self, kind: str, number: int, seconds: float) -> bool:
        """Whether a search may not see the record yet."""
        made = self._made.get((kind, number))
        return made is not None and time.monotonic() - made < seconds

    # -- writing -----------------------------------------------------------------------------

    def next_id(self, kind: str) -> int:
        """Never an id twice, also after a deletion and a restart."""
        number = self._next[kind]
        self._next[kind] += 1
        return number

    def accept(
        self, request: Request, fault: Fault, kind: str, record: Record | None, **facts: Any
    ) -> None:
        """Write one record (None deletes `before`) together with its ledger entry. Hold the lock."""
        before = facts.pop("before", None)
        known = record or before
        assert known
        entry = {
            "n": len(self.ledger) + 1,
            "time": _now(),
            "method": request.method,
            "path": request.path,
            "body": facts.pop("body", None),
            "requestId": request.id,
            "kind": kind,
            "id": known["id"],
            "agreementId": known["id"] if kind == "agreements" else known["agreementId"],
            "before": before,
            "record": record,
            "fault": fault.name,
            "replyLost": fault.loses_reply,
        }
        if record is not None and before is None:
            self._made[kind, known["id"]] = time.monotonic()
        self._put(kind, known, delete=record is None)
        self.ledger.append(entry)
        self._journal.append({"ledger": entry})

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """What a person does by hand in ConnectWise; it leaves no entry in the ledger."""
        with self.lock:
            record = {**self.tables[kind][number], **changes}
            record = {name: value for name, value in record.items() if value is not None}
            if kind == "additions":
                record = computed(record)
            self._put(kind, record)
            self._journal.append({"edit": [kind, record]})
            return record

    def remove(self, kind: str, number: int) -> None:
        """A deletion by hand."""
        with self.lock:
            record = self.tables[kind][number]
            self._put(kind, record, delete=True)
            self._journal.append({"remove": [kind, record]})

    def invoice(self, agreement: int, until: date) -> int:
        """Agreement Invoicing was run up to a date: what began before it can't be deleted any more."""
        with self.lock:
            self.edit("agreements", agreement, nextInvoiceDate=data.moment(until))
            due = [
                a
                for a in self.all("additions", agreement)
                if a["effectiveDate"] < data.moment(until)
            ]
            for addition in due:
                quantity = addition["quantity"]
                self.edit("additions", addition["id"], billedQuantity=quantity, __invoiced=True)
            return len(due)

    def stamp(self, record: Record, before: Record | None) -> Record:
        """`_info`, which ConnectWise writes itself."""
        now = _now()[:19] + "Z"
        known = (before or {}).get("_info") or {"dateEntered": now, "enteredBy": "api"}
        return {**record, "_info": {**known, "lastUpdated": now, "updatedBy": "api"}}

    def _put(self, kind: str, record: Record, *, delete: bool = False) -> None:
        number = record["id"]
        tables = [self.tables[kind]]
        if kind == "additions":
            tables.append(self.by_agreement.setdefault(record["agreementId"], {}))
        for table in tables:
            if delete:
                table.pop(number, None)
            else:
                table[number] = record
        if kind in self._next:
            self._next[kind] = max(self._next[kind], number + 1)

    def _replay(self, entry: Record) -> None:
        if "ledger" in entry:
            written = entry["ledger"]
            self.ledger.append(written)
            deleted = written["record"] is None
            self._put(written["kind"], written["before"] if deleted else written["record"],
                      delete=deleted)  # fmt: skip
            return
        for name in ("edit", "remove"):
            if name in entry:
                kind, record = entry[name]
                self._put(kind, record, delete=name == "remove")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
