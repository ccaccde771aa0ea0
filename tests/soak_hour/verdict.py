"""Whether anything was lost, doubled or left hanging: the stand-in's records beside our own rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

LINES = """
SELECT platform_id, psa_status, is_mapped, gone, in_flight, addition_id, error_code, quantity, total_price
FROM invoices_invoiceline WHERE period = date_trunc('month', now())::date"""
UNFINISHED = (
    "SELECT count(*) FROM invoices_operation WHERE state IN ('planned', 'claimed', 'unknown')"
)
LIVE = "SELECT count(*) FROM invoices_syncrun WHERE state IN ('planning', 'running')"
ENDS = "SELECT id, charge_end_date::text FROM invoices_invoiceline"
OWNED = "SELECT key, addition_id FROM invoices_posting WHERE state IN ('open', 'ended')"


@dataclass(frozen=True, kw_only=True)
class Line:
    platform_id: str
    psa_status: str
    is_mapped: bool
    gone: bool
    in_flight: bool
    addition_id: int | None
    error_code: str
    quantity: Any
    total_price: Any


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What our database says once all is quiet; `owned` is the Addition of each key."""

    lines: Sequence[Line]
    owned: Mapping[str, int | None]
    unfinished: int
    live_runs: int


def ours(database: str) -> Ours:
    with psycopg.connect(database) as connection:
        rows = connection.execute(LINES)
        names = [column.name for column in rows.description or ()]
        return Ours(
            lines=[Line(**dict(zip(names, row, strict=True))) for row in rows],
            owned=dict(connection.execute(OWNED).fetchall()),
            unfinished=_number(connection, UNFINISHED),
            live_runs=_number(connection, LIVE),
        )


def _number(connection: "psycopg.Connection[Any]", query: Any) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def wrong(us: Ours, additions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each thing that must not be, in words; nothing where all is well."""
    if us.unfinished or us.live_runs:
        yield f"{us.unfinished} operations and {us.live_runs} runs are not finished"
    keys = Counter(str(one.get("serialNumber") or "") for one in additions)
    twice = sorted(key for key, count in keys.items() if key.startswith("LB-") and count > 1)
    if twice:
        yield f"stand twice in ConnectWise: {_some(twice)}"
    strangers = sorted(key for key in keys if key.startswith("LB-") and key not in us.owned)
    if strangers:
        yield f"stand in ConnectWise under keys of ours that no posting knows: {_some(strangers)}"
    standing: dict[int | None, Mapping[str, Any]] = {one["id"]: one for one in additions}
    yield from _lines(us.lines, standing)
    lost = sorted(key for key, number in us.owned.items() if number not in standing)
    if lost:
        yield f"postings whose Addition is not in ConnectWise: {_some(lost)}"


def _lines(
    lines: Sequence[Line], standing: Mapping[int | None, Mapping[str, Any]]
) -> Iterator[str]:
    frozen = [one.platform_id for one in lines if one.in_flight]
    if frozen:
        yield f"lines that are still in flight: {_some(frozen)}"
    synced = [one for one in lines if one.psa_status == "synced"]
    lost = [one.platform_id for one in synced if one.addition_id not in standing]
    if lost:
        yield f"Synced lines whose Addition is not in ConnectWise: {_some(lost)}"
    other = [
        one.platform_id
        for one in synced
        if one.addition_id in standing and not _stands(one, standing[one.addition_id])
    ]
    if other:
        yield f"Synced lines that stand with another quantity and total: {_some(other)}"
    numbers = Counter(one.addition_id for one in synced)
    shared = [str(number) for number, count in numbers.items() if count > 1]
    if shared:
        yield f"Additions with two lines of the month: {_some(shared)}"
    left = [
        one.platform_id
        for one in lines
        if one.is_mapped and one.psa_status == "not_synced" and not one.gone
    ]
    if left:
        yield f"Mapped lines that the last sync left: {_some(left)}"


def _stands(line: Line, addition: Mapping[str, Any]) -> bool:
    """A charge whose unit price is not exact is posted as one of its total; an agreement may prorate."""
    return bool(line.quantity == addition["quantity"] or line.total_price == addition["extPrice"])


def lost_edits(database: str, saved: Mapping[int, tuple[int, str]]) -> Iterator[str]:
    """What a person was told was saved, and what no later edit replaced, stands there."""
    with psycopg.connect(database) as connection:
        found: dict[int, str] = dict(connection.execute(ENDS).fetchall())
    lost = [str(line) for line, (_, end) in sorted(saved.items()) if found.get(line) != end]
    if lost:
        yield f"lines that lost the end date a person gave them: {_some(lost)}"


def errors(us: Ours) -> Counter[str]:
    """Lines that wait for a person, by cause: the stand-in has an inactive product and the like."""
    return Counter(one.error_code or "?" for one in us.lines if one.psa_status == "error")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
