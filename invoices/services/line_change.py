"""What shall change on lines, and how that is said."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from invoices.models import InvoiceLine
from psa_connectwise.models import Agreement, Company, Product

NEW_AGREEMENT = "Create new agreement"
CREATE = "new"  # what stands for it where others have a number
# A field by the head of its column, and what it becomes.
Words = tuple[str, str]


class Choice(Enum):
    """What a change may say besides a value."""

    KEEP = "keep"
    AUTOMATIC = "automatic"  # of an end date: what it is without a user
    CREATE = "create"  # of an agreement: "Create new agreement"


@dataclass(frozen=True, kw_only=True)
class LineChange:
    """What shall change; None unmaps."""

    start: date | Choice = Choice.KEEP
    end: date | Choice = Choice.KEEP
    company: Company | Choice | None = Choice.KEEP
    agreement: Agreement | Choice | None = Choice.KEEP
    product: Product | Choice | None = Choice.KEEP

    def words(self) -> list[Words]:
        """Every field that is not kept, as a confirmation lists it."""
        said = (
            ("Charge Start Date", self.start),
            ("Charge End Date", self.end),
            ("PSA Organization Name", self.company),
            ("PSA Agreement Name", self.agreement),
            ("PSA Product Name", self.product),
        )
        return [(label, _word(value)) for label, value in said if value is not Choice.KEEP]

    def words_for(self, line: InvoiceLine) -> list[Words]:
        """What of it really changes this line."""
        before = {
            "Charge Start Date": line.charge_start_date.isoformat(),
            "Charge End Date": line.charge_end_date.isoformat() if line.charge_end_date else "",
            "PSA Organization Name": line.company_name or _word(None),
            "PSA Agreement Name": _agreement_of(line),
            "PSA Product Name": line.product_name or _word(None),
        }
        return [said for said in self.words() if said[1] != before[said[0]]]


def stored(change: LineChange, *, only: Collection[str] | None = None) -> dict[str, Any]:
    """The change as JSON, unmapping apart; of the fields `only` by the heads of their columns."""
    values: dict[str, tuple[str, object]] = {
        "Charge Start Date": ("start", change.start),
        "Charge End Date": ("end", change.end),
        "PSA Organization Name": ("company", change.company),
        "PSA Agreement Name": ("agreement", change.agreement),
        "PSA Product Name": ("product", change.product),
    }
    kept = {
        name: _plain(value)
        for label, (name, value) in values.items()
        if only is None or label in only
    }
    return {name: value for name, value in kept.items() if value is not None}


def restored(plain: Mapping[str, Any]) -> LineChange:
    """The change that was stored, with its records as they are now."""
    found: dict[str, Any] = {
        name: date.fromisoformat(plain[name]) for name in ("start", "end") if name in plain
    }
    records = {"company": Company, "agreement": Agreement, "product": Product}
    for name, model in records.items():
        if plain.get(name) == CREATE:
            found[name] = Choice.CREATE
        elif name in plain:
            found[name] = model._default_manager.get(pk=plain[name])
    return LineChange(**found)


def _plain(value: object) -> str | int | None:
    if value is Choice.CREATE:
        return CREATE
    if isinstance(value, date):
        return value.isoformat()
    return value.pk if isinstance(value, Company | Agreement | Product) else None


def sentence(words: Sequence[Sequence[str]]) -> str:
    """ "PSA Agreement Name: Annual, Charge Start Date: 2026-05-04"."""
    return ", ".join(f"{label}: {value}" for label, value in words)


def _word(value: date | Company | Agreement | Product | Choice | None) -> str:
    if value is None:
        return "none"
    if value is Choice.CREATE:
        return NEW_AGREEMENT
    if value is Choice.AUTOMATIC:
        return "automatic"
    return value.isoformat() if isinstance(value, date) else str(value)


def _agreement_of(line: InvoiceLine) -> str:
    return NEW_AGREEMENT if line.create_agreement else line.agreement_name or _word(None)
