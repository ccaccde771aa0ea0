"""The unsynced lines that lack a mapping, and the money in them: where to begin mapping (P9, P10)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from invoices.models import InvoiceLine
from mapping.ports import Waiting, WaitingColumn, WaitingRank

LACKING = {"organization_id": "company__isnull", "offer_id": "product__isnull"}


NOTHING = WaitingRank(Decimal(0), Decimal(0), 0)


def waiting(column: WaitingColumn, ids: Collection[int]) -> Mapping[int, Waiting]:
    """What waits, by the id of the organization or offer; those without any are left out."""
    found = _waiting(column).filter(**{f"{column}__in": ids}).order_by()
    totals: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    numbers: dict[int, int] = defaultdict(int)
    grouped = found.values_list(column, "currency").annotate(Sum("total_price"), Count("pk"))
    for key, currency, amount, number in grouped:
        totals[key].append((currency, amount))
        numbers[key] += number
    return {
        key: Waiting(
            lines=numbers[key], revenue=tuple(sorted(amounts, key=lambda one: (-one[1], one[0])))
        )
        for key, amounts in totals.items()
    }


def waiting_ranks(column: WaitingColumn) -> Mapping[int, WaitingRank]:
    """All of it, so that it can be put in order: the currency in which most lines wait comes first."""
    grouped = _waiting(column).order_by().values_list(column, "currency")
    rows = list(grouped.annotate(Sum("total_price"), Count("pk")))
    numbers = Counter[str]()
    for _, currency, _, number in rows:
        numbers[currency] += number
    [(usual, _)] = numbers.most_common(1) or [("", 0)]
    ranks: dict[int, WaitingRank] = {}
    for key, currency, amount, number in rows:
        rank = ranks.get(key, NOTHING)
        if currency == usual:
            rank = rank._replace(usual=amount)
        else:
            rank = rank._replace(other=max(rank.other, amount))
        ranks[key] = rank._replace(lines=rank.lines + number)
    return ranks


def _waiting(column: WaitingColumn) -> QuerySet[InvoiceLine]:
    """A line that is gone from the Platform is posted no more, so nothing waits in it."""
    unsynced = InvoiceLine.objects.exclude(psa_status=InvoiceLine.Status.SYNCED)
    return unsynced.filter(gone=False, **{LACKING[column]: True})
