"""Posted lines that are gone from the Platform, and what may be the same charge under a new number.

A line is known by the Platform's id alone (P17). Whether it was only renumbered nobody can tell by the
data, so it is neither taken for the old one nor posted beside it without a person's yes.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Q

from invoices.models import InvoiceLine
from invoices.sync.cautions import Twin
from invoices.sync.facts import Line

COLUMNS = (
    *("organization_id", "contract_id", "subscription_id", "subscription_name", "offer_name"),
    *("charge_type", "quantity", "total_price", "total_cost", "currency"),
    *("platform_start_date", "platform_end_date", "platform_id", "addition_id"),
)


def twins(lines: Sequence[Line]) -> dict[int, Twin]:
    """By line: one that is posted, or just being posted, and alike in all but its number."""
    found = {_alike_row(row): row for row in _gone({line.period for line in lines})}
    told = ((line.id, found.get(_alike(line))) for line in lines if found and not line.gone)
    return {pk: Twin(row.platform_id, row.addition_id) for pk, row in told if row}


def _gone(periods: Iterable[date]) -> Iterable[Any]:
    stands = Q(posting__isnull=False) | Q(in_flight=True)
    rows = InvoiceLine.objects.filter(stands, gone=True, period__in=periods)
    return rows.order_by("pk").values_list(*COLUMNS, named=True)


def _alike(line: Line) -> tuple[object, ...]:
    return (
        *(line.organization_id, line.contract_id, line.subscription_id, line.subject),
        *(line.charge_type, line.quantity, line.total_price, line.total_cost, line.currency),
        *(line.platform_start, line.platform_end),
    )


def _alike_row(row: Any) -> tuple[object, ...]:
    subject = row.subscription_name or row.offer_name
    return (
        *(row.organization_id, row.contract_id, row.subscription_id, subject),
        *(row.charge_type, row.quantity, row.total_price, row.total_cost, row.currency),
        *(row.platform_start_date, row.platform_end_date),
    )
