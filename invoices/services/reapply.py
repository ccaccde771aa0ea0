"""What the charge-date rules would make of loaded lines, and making it so (P7).

Rules see four values of a line. Lines that share them share their dates, so the work is by kinds of
lines, of which there are few, and not by lines.
"""

import logging
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from invoices.charge_dates import (
    FROM_RULE,
    FROM_USER,
    AutomaticDates,
    PlatformDates,
    RuleTable,
    automatic_dates,
)
from invoices.models import InvoiceLine

logger = logging.getLogger(__name__)

EXAMPLES = 8
SEEN: tuple[LiteralString, ...] = (
    "charge_type",
    "platform_start_date",
    "platform_end_date",
    "period",
)
Seen = tuple[str, date, date | None, date]


@dataclass(frozen=True, slots=True)
class Example:
    """A loaded line whose dates would change; `start` and `end` as they would be then.

    The same date may change hands: only an end by a rule is sent for a recurring line.
    """

    line: InvoiceLine
    start: date
    end: date | None
    start_source: str
    end_source: str

    @property
    def start_changes(self) -> bool:
        return self.start != self.line.charge_start_date

    @property
    def end_changes(self) -> bool:
        return self.end != self.line.charge_end_date

    @property
    def start_hands(self) -> str:
        return _hands(self.line.charge_start_date_source, self.start_source)

    @property
    def end_hands(self) -> str:
        return _hands(self.line.charge_end_date_source, self.end_source)


@dataclass(frozen=True, slots=True)
class Effect:
    """How many open lines the rules would change, of how many, with some of them."""

    lines: int
    of: int
    examples: list[Example]


def open_lines() -> QuerySet[InvoiceLine]:
    """Neither synced nor on their way: the ones that rules may still reach."""
    return InvoiceLine.objects.filter(in_flight=False).exclude(psa_status=InvoiceLine.Status.SYNCED)


def effect_of(rules: RuleTable) -> Effect:
    """What re-applying these rules would do, if they were the ones in force."""
    made = _dates_by_kind(rules)
    with transaction.atomic(), connection.cursor() as cursor:
        _stage(cursor, made)
        cursor.execute(f"SELECT count(*) {SHOWN_CHANGES}")
        changed = cursor.fetchone()[0]
        cursor.execute(
            f"SELECT line.id {SHOWN_CHANGES} ORDER BY line.period DESC, line.id LIMIT %s",
            [EXAMPLES],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    lines = InvoiceLine.objects.filter(pk__in=ids).order_by("-period", "pk")
    examples = [_example(line, made[_seen(line)]) for line in lines]
    return Effect(changed, open_lines().count(), examples)


@transaction.atomic
def reapply(rules: RuleTable, *, user: User) -> int:
    """Gives every open line the dates of these rules, but those a user set; how many changed."""
    with connection.cursor() as cursor:
        _stage(cursor, _dates_by_kind(rules))
        cursor.execute(LOCK)
        cursor.execute(f"SELECT count(*) {SHOWN_CHANGES}")
        changed: int = cursor.fetchone()[0]
        cursor.execute(UPDATE)
    logger.info("%s re-applied the charge-date rules: %s lines changed", user, f"{changed:,}")
    return changed


def _stage(cursor: CursorWrapper, made: dict[Seen, AutomaticDates]) -> None:
    """The dates by kind of line, where SQL can reach them; gone with the transaction."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.rule_date")
    cursor.execute(
        """CREATE TEMP TABLE rule_date (charge_type text, platform_start date, platform_end date,
               period date, start_date date, start_source text, end_date date, end_source text)
           ON COMMIT DROP"""
    )
    cursor.executemany(
        "INSERT INTO rule_date VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (*kind, dates.start.value, dates.start.source, dates.end.value, dates.end.source)
            for kind, dates in made.items()
        ],
    )
    cursor.execute("ANALYZE rule_date")


# Each open line with the dates made for its kind.
OPEN: LiteralString = """
        made.charge_type = line.charge_type AND made.platform_start = line.platform_start_date
        AND made.platform_end IS NOT DISTINCT FROM line.platform_end_date
        AND made.period = line.period
        AND NOT line.in_flight AND line.psa_status <> 'synced'"""
# In the order in which Bulk Update takes them, or the two could wait for each other.
LOCK: LiteralString = f"""
    SELECT line.id FROM invoices_invoiceline line, rule_date made WHERE {OPEN}
    ORDER BY line.id FOR NO KEY UPDATE OF line"""
SHOWN_CHANGES: LiteralString = f"""
    FROM invoices_invoiceline line, rule_date made WHERE {OPEN}
        AND ((line.charge_start_date_source <> 'user'
                AND (line.charge_start_date, line.charge_start_date_source)
                    IS DISTINCT FROM (made.start_date, made.start_source))
            OR (line.charge_end_date_source <> 'user'
                AND (line.charge_end_date, line.charge_end_date_source)
                    IS DISTINCT FROM (made.end_date, made.end_source)))"""
UPDATE: LiteralString = f"""
    UPDATE invoices_invoiceline line SET
        automatic_start_date = made.start_date,
        automatic_start_date_source = made.start_source,
        automatic_end_date = made.end_date,
        automatic_end_date_source = made.end_source,
        charge_start_date = CASE line.charge_start_date_source
            WHEN 'user' THEN line.charge_start_date ELSE made.start_date END,
        charge_start_date_source = CASE line.charge_start_date_source
            WHEN 'user' THEN 'user' ELSE made.start_source END,
        charge_end_date = CASE line.charge_end_date_source
            WHEN 'user' THEN line.charge_end_date ELSE made.end_date END,
        charge_end_date_source = CASE line.charge_end_date_source
            WHEN 'user' THEN 'user' ELSE made.end_source END,
        version = line.version + 1
    FROM rule_date made WHERE {OPEN}
        AND (line.automatic_start_date, line.automatic_start_date_source,
             line.automatic_end_date, line.automatic_end_date_source)
            IS DISTINCT FROM
            (made.start_date, made.start_source, made.end_date, made.end_source)"""


def _dates_by_kind(rules: RuleTable) -> dict[Seen, AutomaticDates]:
    kinds = open_lines().order_by().values_list(*SEEN).distinct()
    return {kind: _dates(rules, kind) for kind in kinds}


def _dates(rules: RuleTable, kind: Seen) -> AutomaticDates:
    charge_type, start, end, period = kind
    # Rules look at no more of the invoice date than its month, so lines of a month are one kind.
    dates = PlatformDates(start=start, end=end, invoice_date=period)
    return automatic_dates(rules=rules, charge_type=charge_type, dates=dates)


def _seen(line: InvoiceLine) -> Seen:
    return (line.charge_type, line.platform_start_date, line.platform_end_date, line.period)


def _example(line: InvoiceLine, made: AutomaticDates) -> Example:
    start, end = line.charge_start_date, line.charge_end_date
    start_source, end_source = line.charge_start_date_source, line.charge_end_date_source
    if start_source != FROM_USER:
        start, start_source = made.start.value or start, made.start.source
    if end_source != FROM_USER:
        end, end_source = made.end.value, made.end.source
    return Example(line, start, end, start_source, end_source)


def _hands(before: str, after: str) -> str:
    """Whose the date is from then on; "" where that stays."""
    if before == after:
        return ""
    return "System Updated" if after == FROM_RULE else "the Platform's own again"
