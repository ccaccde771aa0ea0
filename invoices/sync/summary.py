"""A plan in figures: what a dry run tells, and what one line's dialog asks about."""

from collections.abc import Sequence
from dataclasses import dataclass

from invoices.money import Money
from invoices.sync.cautions import CautionCode
from invoices.sync.plan import Planned
from invoices.sync.states import ENDS, OperationKind, OperationState


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
    refused: int
    warned: int
    doubts: int  # perhaps posted already, under another number
    money: list[Money]

    @property
    def does_more_than_post(self) -> bool:
        """It would also make or change an agreement, end an Addition, or perhaps bill twice (P38)."""
        more = self.agreements or self.billing_starts or self.moves or self.ends
        return bool(more or self.doubts)


def summarize(plan: Sequence[Planned]) -> Summary:
    """Counts what would be sent, and its money; steps of a move are counted with the move."""
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
        refused=sum(one.state == OperationState.REFUSED for one in plan),
        warned=sum(bool(one.warnings) for one in posted),
        doubts=sum(told.code == CautionCode.TWIN for one in posted for told in one.warnings),
        money=_money(posted),
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
