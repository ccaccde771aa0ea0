"""What the Dashboard shows: sets of figures, each by one query, however many lines there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum

from integration import charts
from invoices.models import InvoiceLine, Period
from invoices.money import Money
from invoices.queries.fixes import Fix, cause_name, fix_of_cause, has_one_place
from mapping.models import Offer, Organization


@dataclass(frozen=True)
class Standing:
    """The lines in one status."""

    status: str
    label: str
    lines: int
    money: tuple[Money, ...]


@dataclass(frozen=True)
class Progress:
    """How many of a kind are mapped."""

    label: str
    mapped: int
    total: int

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all."""
        return self.mapped * 100 // self.total if self.total else 0


@dataclass(frozen=True)
class Concern:
    """A cause that keeps lines from being posted, with how many they are and where to mend it."""

    cause: str
    words: str
    lines: int
    customers: int
    filters: str
    fix: Fix | None = None  # the one place for all of them, where there is one


def newest_period() -> Period | None:
    """By the calendar, not by when it was loaded; None before the first load."""
    return Period.objects.order_by("-month").first()


def standings(month: date) -> list[Standing]:
    """Every status in the order of the work, also one without a line."""
    found = list(
        InvoiceLine.objects.filter(period=month)
        .values("psa_status", "currency")
        .annotate(lines=Count("id"), revenue=Sum("total_price"), cost=Sum("total_cost"))
        .order_by("psa_status", "-revenue")
    )
    return [
        _standing(status, [row for row in found if row["psa_status"] == status.value])
        for status in InvoiceLine.Status
    ]


def totals(standing: Iterable[Standing]) -> tuple[Money, ...]:
    """All statuses together, per currency."""
    sums: dict[str, Money] = {}
    for money in (money for one in standing for money in one.money):
        known = sums.setdefault(money.currency, Money(money.currency))
        known.add(0, money.revenue, money.cost)
    return tuple(sorted(sums.values(), key=lambda money: -money.revenue))


def mapping_progress() -> list[Progress]:
    """Of the two tabs on which everything is mapped once."""
    organizations = Organization.objects.aggregate(
        total=Count("id"), mapped=Count("id", filter=Q(company__isnull=False))
    )
    offers = Offer.objects.aggregate(
        total=Count("id"), mapped=Count("id", filter=Q(product__isnull=False))
    )
    return [
        Progress("Organizations", organizations["mapped"], organizations["total"]),
        Progress("Products", offers["mapped"], offers["total"]),
    ]


def month_counts(months: Sequence[date]) -> dict[date, charts.Counts]:
    """The lines of these months by how far they are, read from an index alone."""
    rows = (
        InvoiceLine.objects.filter(period__in=months)
        .order_by()
        .values_list("period", "psa_status", "is_mapped")
        .annotate(lines=Count("id"))
    )
    return charts.of_months(list(rows))


def concerns(month: date) -> list[Concern]:
    """What keeps this period's lines back, the largest group first."""
    errors = (
        InvoiceLine.objects.filter(period=month, psa_status=InvoiceLine.Status.ERROR)
        .values("error_code")
        .annotate(
            lines=Count("id"),
            customers=Count("organization", distinct=True),
            example=Min("error"),
            another=Max("error"),
        )
        .order_by("-lines")
    )
    flags = InvoiceLine.objects.filter(period=month).aggregate(
        **_counted("unmapped", Q(is_mapped=False, psa_status=InvoiceLine.Status.NOT_SYNCED)),
        **_counted("gone", Q(gone=True)),
        **_counted("changed", Q(changed_on_platform=True)),
    )
    found = [_error(row, month) for row in errors]
    found += [_flagged(name, flags) for name in FLAGS if flags[f"{name}_lines"]]
    return sorted(found, key=lambda concern: -concern.lines)


FLAGS = {
    "unmapped": (
        "Not mapped yet",
        "Choose a PSA organization, product and agreement; only mapped lines are posted.",
        "mapping=unmapped",
    ),
    "gone": (
        "Gone from the Platform",
        "The last complete load no longer had these lines; they are kept and not posted.",
        "",
    ),
    "changed": (
        "Changed on the Platform after sync",
        "Compare them with their Additions in ConnectWise.",
        "",
    ),
}


def _counted(name: str, condition: Q) -> dict[str, Count]:
    return {
        f"{name}_lines": Count("id", filter=condition),
        f"{name}_customers": Count("organization", filter=condition, distinct=True),
    }


def _flagged(name: str, flags: dict[str, Any]) -> Concern:
    cause, words, filters = FLAGS[name]
    return Concern(cause, words, flags[f"{name}_lines"], flags[f"{name}_customers"], filters)


def _error(row: Mapping[str, Any], month: date) -> Concern:
    code, words = str(row["error_code"]), str(row["example"])
    return Concern(
        cause=cause_name(code),
        words=words if words == row["another"] else f"For example: {words}",
        lines=row["lines"],
        customers=row["customers"],
        filters=f"status=error&cause={code}" if code else "status=error",
        fix=fix_of_cause(code, month) if has_one_place(code) else None,
    )


def _standing(status: InvoiceLine.Status, rows: Sequence[Mapping[str, Any]]) -> Standing:
    return Standing(
        status=status.value,
        label=str(status.label),
        lines=sum(row["lines"] for row in rows),
        money=tuple(Money(row["currency"], row["revenue"], row["cost"]) for row in rows),
    )
