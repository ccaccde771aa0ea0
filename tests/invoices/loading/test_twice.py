"""By property: loading one state of the Platform and then another gives what the rules say (P17)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.charge_dates import RULE_FUNCTIONS, PlatformDates, Rule
from invoices.models import ChargeDateRule, InvoiceLine
from tests.invoices.loading.fake_platform import FakePlatform, load, make_platform_line

pytestmark = pytest.mark.django_db

USERS_START = date(2026, 5, 9)
INVOICED = date(2026, 5, 15)


@dataclass(frozen=True)
class OnPlatform:
    """A line as one state of the Platform has it."""

    quantity: int
    start: date
    final: bool


lines = st.builds(
    OnPlatform,
    quantity=st.integers(1, 2),
    start=st.sampled_from([date(2026, 5, 1), date(2026, 5, 20)]),
    final=st.booleans(),
)
months = st.dictionaries(st.integers(1, 4), lines)
# What happens to a line between the two loads.
events = st.sampled_from(["nothing", "synced", "frozen", "user's start"])
rules = st.sampled_from(["", "next_month_first", "start_month_last"])
EVENTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "synced": {"psa_status": "synced"},
    "frozen": {"in_flight": True},
    "user's start": {"charge_start_date": USERS_START, "charge_start_date_source": "user"},
}


@given(months, months, st.lists(events, min_size=4, max_size=4), st.tuples(rules, rules))
@settings(max_examples=40, deadline=None)
def test_two_loads_give_what_the_rules_say(
    first: dict[int, OnPlatform],
    second: dict[int, OnPlatform],
    happened: list[str],
    rule: tuple[str, str],
) -> None:
    with undone():
        load_with_rule(first, rule[0])
        for number, event in enumerate(happened, 1):
            if values := EVENTS[event]:
                InvoiceLine.objects.filter(platform_id=f"LINE-{number}").update(**values)
        result = load_with_rule(second, rule[1])
        expected = {
            number: row
            for number in range(1, 5)
            if (row := expect(first.get(number), second.get(number), happened[number - 1], rule))
        }
        assert {int(row.platform_id[5:]): stored(row) for row in InvoiceLine.objects.all()} == {
            number: row for number, (_, row) in expected.items()
        }
        fates = [fate for fate, _ in expected.values()]
        for fate in ("new", "updated", "unchanged", "gone", "changed_after_sync"):
            assert getattr(result, fate) == fates.count(fate), fate
        assert result.not_final == sum(not line.final for line in second.values())
        again = load_with_rule(second, "")
        assert (again.new, again.updated) == (0, 0)


def expect(
    before: OnPlatform | None, after: OnPlatform | None, event: str, rule: tuple[str, str]
) -> tuple[str, dict[str, Any]] | None:
    """The specification once more, a line at a time: what became of it, and how it stands."""
    known = before if before and before.final else None
    told = after if after and after.final else None
    if known is None:
        return ("new", row_of(told, start(told, rule[1]))) if told else None
    automatic = start(known, rule[0])
    if event in ("synced", "frozen"):
        fate = "gone" if told is None else "changed_after_sync" if told != known else "unchanged"
        return fate, row_of(known, automatic, event=event, fate=fate)
    if told is None:
        return "gone", row_of(known, automatic, event=event, fate="gone")
    if told.start != known.start:
        automatic = start(told, rule[1])
    fate = "updated" if told != known else "unchanged"
    return fate, row_of(told, automatic, event=event, fate=fate)


def start(line: OnPlatform, kind: str) -> tuple[date | None, str]:
    if not kind:
        return line.start, "none"
    dates = PlatformDates(start=line.start, end=None, invoice_date=INVOICED)
    return RULE_FUNCTIONS[kind](dates, Rule(charge_type="", slot="start", kind=kind)), "system"


def row_of(
    line: OnPlatform,
    automatic: tuple[date | None, str],
    *,
    event: str = "nothing",
    fate: str = "new",
) -> dict[str, Any]:
    users = event == "user's start"
    return {
        "quantity": line.quantity,
        "platform_start": line.start,
        "automatic": automatic,
        "charge": (USERS_START, "user") if users else automatic,
        "gone": fate == "gone",
        "changed": fate == "changed_after_sync",
        "version": 1 if fate in ("new", "unchanged") else 2,
    }


def stored(row: InvoiceLine) -> dict[str, Any]:
    return {
        "quantity": row.quantity,
        "platform_start": row.platform_start_date,
        "automatic": (row.automatic_start_date, row.automatic_start_date_source),
        "charge": (row.charge_start_date, row.charge_start_date_source),
        "gone": row.gone,
        "changed": row.changed_on_platform,
        "version": row.version,
    }


def load_with_rule(month: dict[int, OnPlatform], kind: str) -> Any:
    ChargeDateRule.objects.all().delete()
    if kind:
        ChargeDateRule.objects.create(slot="start", kind=kind)
    platform = FakePlatform(page_size=3)
    for number, line in month.items():
        platform.put(
            make_platform_line(
                number,
                quantity=Decimal(line.quantity),
                charge_start_date=line.start,
                invoice_date=INVOICED,
                invoice_status="Issued" if line.final else "New",
            )
        )
    return load(platform)


@contextmanager
def undone() -> Iterator[None]:
    """Each example on a table as empty as the first one's."""
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)
