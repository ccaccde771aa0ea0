"""A plan in figures, as the dialog shows it before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoices.sync.plan import Planned
from invoices.sync.states import OperationKind, OperationState

ENDS = (OperationKind.END, OperationKind.DELETE)
TOO_MANY = "too_many_ends"
# An end that is sent has no code; the others wait for a person.
ASKED = ("", "waits_for_a_yes", TOO_MANY)


@dataclass(slots=True)
class Money:
    """What would be posted in one currency."""

    currency: str
    lines: int = 0
    revenue: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def margin(self) -> Decimal:
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True)
class Cause:
    """Lines that would fail for one cause; `reason` is the first one's."""

    code: str
    count: int
    customers: int
    reason: str
    reasons: int

    @property
    def name(self) -> str:
        """ "Product inactive": the cause in words."""
        return self.code.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a sync would do."""

    post: int
    creates: int
    updates: int
    moves: int  # created elsewhere, and ended or removed where they were
    unchanged: int
    ends: int  # Additions of subscriptions that are gone
    agreements: int
    billing_starts: int  # agreements of ours that are to bill from an earlier day
    skipped: int
    warned: int
    money: list[Money]
    causes: list[Cause]
    gone: list[Planned]  # the ends themselves: those that are sent and those that wait for a yes

    @property
    def needs_second_yes(self) -> bool:
        """More Additions at once than the usual share would end (P49)."""
        return any(one.code == TOO_MANY for one in self.gone)

    @property
    def does_more_than_post(self) -> bool:
        """It would also make or change an agreement, or end or remove an Addition (P38)."""
        return bool(self.agreements or self.billing_starts or self.moves or self.ends)

    @property
    def refused(self) -> int:
        return sum(cause.count for cause in self.causes)


def summarize(plan: Sequence[Planned]) -> Summary:
    sent = [one for one in plan if one.state == OperationState.PLANNED]
    posted = [one for one in sent if one.line and not one.is_step]
    return Summary(
        post=len(posted),
        creates=sum(one.kind == OperationKind.CREATE and not one.follows for one in posted),
        updates=sum(one.kind == OperationKind.UPDATE and not one.unchanged for one in posted),
        moves=sum(one.follows for one in posted),
        unchanged=sum(one.unchanged for one in posted),
        ends=sum(not one.line and one.kind in ENDS for one in sent),
        agreements=sum(one.kind == OperationKind.CREATE_AGREEMENT for one in sent),
        billing_starts=sum(one.kind == OperationKind.UPDATE_AGREEMENT for one in sent),
        skipped=sum(one.state == OperationState.SKIPPED and one.line is not None for one in plan),
        warned=sum(bool(one.warnings) for one in posted),
        money=_money(posted),
        causes=_causes([one for one in plan if one.state == OperationState.REFUSED]),
        gone=[one for one in plan if not one.line and one.kind in ENDS and one.code in ASKED],
    )


def _money(posted: Sequence[Planned]) -> list[Money]:
    found: dict[str, Money] = {}
    for one in posted:
        if one.line:
            money = found.setdefault(one.line.currency, Money(one.line.currency))
            money.lines += 1
            money.revenue += one.line.total_price
            money.cost += one.line.total_cost
    return [found[currency] for currency in sorted(found)]


def _causes(refused: Sequence[Planned]) -> list[Cause]:
    """By cause, the most frequent first."""
    found: dict[str, list[Planned]] = {}
    for one in refused:
        found.setdefault(one.code, []).append(one)
    causes = [
        Cause(
            code=code,
            count=len(alike),
            customers=len({one.line.customer for one in alike if one.line}),
            reason=alike[0].reason,
            reasons=len({one.reason for one in alike}),
        )
        for code, alike in found.items()
    ]
    return sorted(causes, key=lambda cause: -cause.count)
