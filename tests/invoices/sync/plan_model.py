"""ConnectWise and our books in memory: what the pure plan is carried out on, month after month.

It refuses what ConnectWise refuses, so a plan that is carried out is one that would be accepted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from invoices.sync import cancellations, plan
from invoices.sync.images import AdditionImage
from invoices.sync.scope import Cancellations
from invoices.sync.states import OperationKind, OperationState, PostingState
from tests.invoices.sync.plan_world import DIRECTORY, IMAGE, SETTINGS

Kind, State = OperationKind, OperationState


@dataclass
class Addition:
    agreement_id: int
    image: AdditionImage


@dataclass
class Posting:
    """Ours, as the database keeps it."""

    key: str
    line_id: int
    subscription_id: str
    agreement_id: int
    addition_id: int
    image: AdditionImage
    last_line_id: int
    last_period: date
    last_cycle: str
    paid_until: date | None
    state: PostingState = PostingState.OPEN


@dataclass
class Books:
    """Additions by id, of which some aren't ours; agreements by id; our postings by key."""

    agreements: dict[int, plan.Agreement]
    additions: dict[int, Addition] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    own_agreements: dict[plan.AgreementSlot, int] = field(default_factory=dict)
    # Which line wrote which Addition (by key) for which period.
    written: dict[tuple[str, date], int] = field(default_factory=dict)
    ids: Iterable[int] = field(default_factory=lambda: count(1000))

    def foreign(self, agreement_id: int) -> int:
        """Somebody else's Addition, just like ours."""
        number = self._next()
        self.additions[number] = Addition(agreement_id, IMAGE)
        return number

    def _next(self) -> int:
        return next(iter(self.ids))

    # -- what the plan is made from --------------------------------------------------------------

    def open(self) -> list[Posting]:
        return [one for one in self.postings.values() if one.state == PostingState.OPEN]

    def directory(self, period_lines: Sequence[plan.Line], run: set[int]) -> plan.Directory:
        opened = self.open()
        latest: dict[str, date] = {}
        for one in self.postings.values():
            if one.subscription_id and one.state != PostingState.REMOVED:
                before = latest.get(one.subscription_id, one.last_period)
                latest[one.subscription_id] = max(before, one.last_period)
        return replace(
            DIRECTORY,
            agreements=dict(self.agreements),
            own_agreements=dict(self.own_agreements),
            currency_ids={"EUR": 1, "USD": 2},
            owned={one.subscription_id: _owned(one) for one in opened if one.subscription_id},
            own={one.line_id: _owned(one) for one in opened if not one.subscription_id},
            latest_periods=latest,
            contenders=[
                plan.Contender(
                    line_id=one.id,
                    subscription_id=one.subscription_id,
                    charge_type=one.charge_type,
                    start=one.start,
                )
                for one in period_lines
                if one.recurring and one.id not in run
            ],
            found={one.key: self.additions[one.addition_id].image for one in opened},
        )

    def planned(
        self,
        period_lines: Sequence[plan.Line],
        run: set[int],
        settings: plan.PlanSettings = SETTINGS,
    ) -> tuple[plan.Planned, ...]:
        lines = [
            replace(one, removals=self._removals(one.id)) for one in period_lines if one.id in run
        ]
        return plan.make_plan(lines, self.directory(period_lines, run), settings)

    def _removals(self, line_id: int) -> int:
        over = (PostingState.ENDED, PostingState.REMOVED)
        opened = (one for one in self.postings.values() if one.line_id == line_id)
        return sum(one.state in over for one in opened)

    def ended(self, period: date, present: set[str]) -> list[plan.Planned]:
        """What the policy `apply` would end after that month."""
        month = cancellations.Month(
            period=period, newest=period, complete=True, today=date(2030, 1, 1)
        )
        running = [
            cancellations.Running(
                owned=_owned(one),
                customer="Nordwind",
                name=one.subscription_id,
                billing_cycle=one.last_cycle,
                paid_until=one.paid_until,
            )
            for one in self.open()
            if one.subscription_id
        ]
        found = {one.key: self.additions[one.addition_id].image for one in self.open()}
        planned = cancellations.plan_cancellations(running, present, month, self.agreements, found)
        policy = cancellations.Policy(cancellations=Cancellations.APPLY, force=True)
        return cancellations.under_policy(planned, policy)

    # -- carrying it out -------------------------------------------------------------------------

    def carry_out(self, planned: Iterable[plan.Planned]) -> None:
        for one in planned:
            if one.closes:
                self.postings[one.closes.key].state = one.closes.state
        for one in planned:
            if one.state == State.PLANNED:
                getattr(self, f"_{one.kind.value}")(one)

    def _create_agreement(self, one: plan.Planned) -> None:
        assert one.slot and one.agreement
        assert one.slot not in self.own_agreements, "made twice"
        number = self._next()
        self.own_agreements[one.slot] = number
        self.agreements[number] = replace(
            self.agreements[30],
            id=number,
            name=one.agreement.name,
            currency=one.slot.currency,
            start=one.agreement.start,
            bill_start=one.agreement.start,
            next_invoice=one.agreement.start,
            ours=one.slot,
        )

    def _update_agreement(self, one: plan.Planned) -> None:
        assert one.agreement_id and one.dates and one.dates.bill_start
        agreement = self.agreements[one.agreement_id]
        assert agreement.ours, "not ours"
        self.agreements[one.agreement_id] = replace(
            agreement,
            start=one.dates.start,
            bill_start=one.dates.bill_start,
            next_invoice=one.dates.bill_start,
        )

    def _create(self, one: plan.Planned) -> None:
        line = one.line
        assert line and one.image
        agreement_id = one.agreement_id or self.own_agreements[one.slot]  # type: ignore[index]
        self._accept(agreement_id, one.image)
        assert one.key not in self.postings, "a key used before"
        number = self._next()
        self.additions[number] = Addition(agreement_id, one.image)
        self.postings[one.key] = Posting(
            key=one.key,
            line_id=line.id,
            subscription_id=one.subscription_id,
            agreement_id=agreement_id,
            addition_id=number,
            image=one.image,
            last_line_id=line.id,
            last_period=line.period,
            last_cycle=line.billing_cycle,
            paid_until=line.platform_end,
        )

    def _update(self, one: plan.Planned) -> None:
        posting = self._ours(one)
        assert one.line and one.image
        if not one.unchanged:
            self._accept(posting.agreement_id, one.image, before=posting.image)
        self.additions[posting.addition_id].image = posting.image = one.image
        posting.last_line_id = one.line.id
        posting.last_period = max(posting.last_period, one.line.period)
        posting.last_cycle, posting.paid_until = one.line.billing_cycle, one.line.platform_end

    def _end(self, one: plan.Planned) -> None:
        posting = self._ours(one)
        assert one.image and one.image.cancelled_date
        self._accept(posting.agreement_id, one.image, before=posting.image)
        self.additions[posting.addition_id].image = posting.image = one.image
        posting.state = PostingState.ENDED

    def _delete(self, one: plan.Planned) -> None:
        posting = self._ours(one)
        agreement = self.agreements[posting.agreement_id]
        assert not agreement.has_invoiced(posting.image.effective_date), "invoiced"
        del self.additions[posting.addition_id]
        posting.state = PostingState.REMOVED

    def _ours(self, one: plan.Planned) -> Posting:
        posting = self.postings[one.key]
        assert posting.state == PostingState.OPEN, "not open"
        assert (posting.addition_id, posting.agreement_id) == (one.addition_id, one.agreement_id)
        assert one.before == posting.image
        return posting

    def _accept(
        self, agreement_id: int, image: AdditionImage, before: AdditionImage | None = None
    ) -> None:
        """ConnectWise's rules (docs/connectwise.md, "Ends and proration")."""
        agreement = self.agreements[agreement_id]
        start = image.effective_date
        assert agreement.bill_start is None or start >= agreement.bill_start, "before billing"
        if before is None or before.effective_date != start:
            closed = agreement.next_invoice and start < agreement.next_invoice
            assert agreement.prorate or not closed, "period invoiced"
        assert image.cancelled_date is None or image.cancelled_date >= start, (
            "ends before it starts"
        )
        assert len(image.invoice_description) <= 6000


def _owned(one: Posting) -> plan.Owned:
    return plan.Owned(
        key=one.key,
        line_id=one.line_id,
        last_line_id=one.last_line_id,
        last_period=one.last_period,
        subscription_id=one.subscription_id,
        addition_id=one.addition_id,
        agreement_id=one.agreement_id,
        image=one.image,
    )
