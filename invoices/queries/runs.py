"""What a run's page shows above its rows: figures per kind, outcome, currency and customer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.money import Money
from invoices.sync.cautions import CautionCode
from invoices.sync.states import ENDS, Intent, OperationKind, OperationState
from mapping.models import Organization

S = OperationState
# In the order of the plan; key, and what a person reads.
KINDS: Mapping[str, str] = {
    Intent.AGREEMENT: "Agreements",
    Intent.CREATE: "Create",
    Intent.UPDATE: "Update",
    Intent.MOVE: "Move",
    Intent.UNCHANGED: "Unchanged",
    Intent.END: "End",
    Intent.REMOVE: "Remove",
    Intent.SKIP: "Skip",
    Intent.REFUSE: "Would fail",
}
# Shown also when there is none: what people look for first.
ALWAYS = (Intent.CREATE, Intent.UPDATE, Intent.REFUSE)
# Where a row stands, by groups of states.
OUTCOMES: Mapping[str, tuple[str, tuple[S, ...]]] = {
    "waiting": ("To be sent", (S.PLANNED, S.CLAIMED)),
    "done": ("Done", (S.DONE,)),
    "error": ("Error", (S.FAILED, S.REFUSED)),
    "unknown": ("Not confirmed", (S.UNKNOWN,)),
    "skipped": ("Skipped", (S.SKIPPED,)),
    "left": ("Not sent", (S.WITHDRAWN,)),
}
# An Addition of a subscription that is gone: no line of the month is its own, so none is posted by it.
IS_END = Q(line=None, undoes=None, kind__in=ENDS)
# What can still come to something else.
OPEN = ("waiting", "unknown")
MOST_CUSTOMERS = 200
LONG_CYCLE = [{"code": CautionCode.LONG_CYCLE.value}]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of one kind, or in one outcome; a filter of the page."""

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A run in figures; `money` is what would be posted, or what was once it has begun."""

    kinds: Sequence[Tally]
    outcomes: Sequence[Tally]
    money: Sequence[Money]
    total: int
    planned: int  # rows that would be sent, agreements aside
    lines: int  # that it is about, whatever comes of them
    post: int  # lines that would become Synced
    refused: int
    warned: int
    long_cycles: int  # lines for which an end after one agreement period is offered

    def count(self, kind: str) -> int:
        """How many rows are of that kind."""
        return next((one.count for one in self.kinds if one.key == kind), 0)


def rows_of_run(run: SyncRun) -> QuerySet[Operation]:
    """The rows a person reads: steps are told with the row they lead to."""
    return run.operations.exclude(intent=Intent.STEP)


def figures(run: SyncRun) -> Figures:
    """By one query, however many rows there are."""
    groups = list(
        rows_of_run(run)
        .values("intent", "state", "currency")
        .annotate(
            rows=Count("pk"),
            lines=Count("line"),
            revenue=Sum("revenue"),
            cost=Sum("cost"),
            warned=Count("pk", filter=~Q(warnings=[])),
            long=Count("pk", filter=Q(warnings__contains=LONG_CYCLE, state=S.PLANNED)),
        )
    )
    counted = S.PLANNED if run.is_draft else S.DONE
    return Figures(
        kinds=_kinds(groups, run),
        outcomes=_outcomes(groups),
        money=_money(group for group in groups if group["state"] == counted),
        total=_sum(groups, "rows"),
        planned=_sum(
            (g for g in groups if g["state"] == S.PLANNED and g["intent"] != Intent.AGREEMENT),
            "rows",
        ),
        lines=_sum(groups, "lines"),
        post=_sum((group for group in groups if group["state"] == S.PLANNED), "lines"),
        refused=_sum((group for group in groups if group["state"] == S.REFUSED), "lines"),
        warned=_sum(groups, "warned"),
        long_cycles=_sum(groups, "long"),
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """How many rows there are, and what they come to in each currency."""

    rows: int
    money: Sequence[Money]


def sums_of(rows: QuerySet[Operation]) -> Sums:
    """Of the rows that match a filter, whatever becomes of them; by one query."""
    groups = list(
        rows.order_by()
        .values("currency")
        .annotate(rows=Count("pk"), revenue=Sum("revenue"), cost=Sum("cost"))
    )
    return Sums(_sum(groups, "rows"), _money(groups))


def posted(run: SyncRun) -> Sequence[Money]:
    """What its lines came to that stand in ConnectWise, largest first; by one query."""
    return sums_of(rows_of_run(run).filter(state=S.DONE).exclude(line=None)).money


Groups = Iterable[Mapping[str, Any]]


def _sum(groups: Groups, name: str) -> int:
    return sum(group[name] for group in groups)


def _kinds(groups: Groups, run: SyncRun) -> list[Tally]:
    """An undo rarely makes anything: there, only what it does is shown."""
    counts = dict.fromkeys(KINDS, 0)
    for group in groups:
        counts[group["intent"]] += group["rows"]
    found = [(key, n) for key, n in counts.items() if n or (key in ALWAYS and not run.is_undo)]
    return [Tally(key, kind_words(key, is_draft=run.is_draft), n) for key, n in found]


def outcome_of(state: str) -> str:
    """The group of an operation's state."""
    return next(key for key, (_, states) in OUTCOMES.items() if state in states)


def kind_words(kind: str, *, is_draft: bool) -> str:
    """What would fail in a preview was refused once it is posted."""
    refused = kind == Intent.REFUSE and not is_draft
    return "Refused" if refused else KINDS.get(kind, kind)


def _outcomes(groups: Groups) -> list[Tally]:
    found = []
    for key, (label, states) in OUTCOMES.items():
        count = _sum((group for group in groups if group["state"] in states), "rows")
        if count:
            found.append(Tally(key, label, count))
    return found


def _money(groups: Groups) -> list[Money]:
    found: dict[str, Money] = {}
    for group in groups:
        if currency := group["currency"]:
            money = found.setdefault(currency, Money(currency))
            money.add(group["rows"], group["revenue"], group["cost"])
    return sorted(found.values(), key=lambda money: -money.revenue)


@dataclass(slots=True)
class Customer:
    """One customer's part of a run: rows per kind, money per currency."""

    pk: int
    name: str
    kinds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    money: dict[str, Money] = field(default_factory=dict)

    def counts(self, shown: Iterable[str]) -> list[tuple[str, int]]:
        """How many rows of each of these kinds, in their order."""
        return [(kind, self.kinds[kind]) for kind in shown]

    @property
    def rows(self) -> int:
        """Of all kinds together."""
        return sum(self.kinds.values())

    def largest(self, what: str) -> Decimal:
        """ "revenue", "cost" or "margin" in the currency where it is most: two can't be added up."""
        amounts: list[Decimal] = [getattr(money, what) for money in self.money.values()]
        return max(amounts, default=Decimal(0))


CUSTOMER_SORTS = ("name", "rows", "revenue", "cost", "margin")


def customers(run: SyncRun, *, sort: str, descending: bool) -> list[Customer]:
    """Every customer of the run; by money that is the largest of its currencies."""
    groups = list(
        rows_of_run(run)
        .filter(organization__isnull=False)
        .values("organization", "intent", "currency")
        .annotate(
            rows=Count("pk"),
            # Refused and skipped rows are counted, but no money of theirs is posted.
            revenue=Sum("revenue", filter=~Q(intent__in=(Intent.REFUSE, Intent.SKIP))),
            cost=Sum("cost", filter=~Q(intent__in=(Intent.REFUSE, Intent.SKIP))),
        )
    )
    ids = {group["organization"] for group in groups}
    names = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name"))
    found = {pk: Customer(pk, name) for pk, name in names.items()}
    for group in groups:
        currency, one = group["currency"], found[group["organization"]]
        one.kinds[group["intent"]] += group["rows"]
        if currency and group["revenue"] is not None:
            money = one.money.setdefault(currency, Money(currency))
            money.add(group["rows"], group["revenue"], group["cost"])
    by_name = sorted(found.values(), key=lambda one: (one.name.casefold(), one.pk))
    if sort == "name":
        return by_name[::-1] if descending else by_name
    key = (lambda one: one.rows) if sort == "rows" else (lambda one: one.largest(sort))
    return sorted(by_name, key=key, reverse=descending)


def changed_lines(run: SyncRun) -> int:
    """Lines that are not any more what this preview was planned from."""
    planned = rows_of_run(run).filter(line__isnull=False, undoes=None)
    return planned.exclude(line__version=F("line_version")).count()


def long_cycle_rows(run: SyncRun) -> QuerySet[Operation]:
    """Rows that are offered an end after one agreement period (P45)."""
    rows = rows_of_run(run).filter(state=S.PLANNED, line__isnull=False)
    return rows.filter(warnings__contains=LONG_CYCLE)


def unmapped_lines(run: SyncRun) -> int:
    """What it leaves out of the period, or of the ticked lines (P41)."""
    if run.is_undo:
        return 0
    lines = InvoiceLine.objects.filter(period=run.period, is_mapped=False)
    if "lines" in run.scope:
        lines = lines.filter(pk__in=run.scope["lines"])
    return lines.exclude(psa_status=InvoiceLine.Status.SYNCED).count()


def agreements_made(run: SyncRun) -> int:
    """So far."""
    made = run.operations.filter(kind=OperationKind.CREATE_AGREEMENT, state=S.DONE)
    return made.count()


def first_sent(run: SyncRun) -> datetime | None:
    """When the first request of the run went out; None before."""
    first: datetime | None = run.operations.aggregate(first=Min("sent_at"))["first"]
    return first
