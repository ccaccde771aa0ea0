"""From a decision about one line to the operations it takes, each with its reason (P45). Pure."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from invoices.sync import cautions
from invoices.sync.cautions import Caution
from invoices.sync.checks import removal_refusal, start_refusal, text_refusal
from invoices.sync.compose import image_of, updated_image
from invoices.sync.cycles import bills_more_often, end_of_first_period
from invoices.sync.facts import (
    Agreement,
    AgreementSlot,
    BillingNeed,
    Directory,
    Line,
    Owned,
    Planned,
    PlanSettings,
    Refusal,
)
from invoices.sync.images import AdditionImage, differences
from invoices.sync.keys import posting_key
from invoices.sync.recurring import Decision, Way, changed_in_connectwise
from invoices.sync.states import OperationKind, OperationState

# So often a line may have been taken back and posted again since the backup.
MOST_SPENT = 5
NOTHING_TO_CHANGE = "Nothing to change."


@dataclass(frozen=True, slots=True)
class Draft:
    """One line with all that its operations are drawn from.

    `agreement_id` is the agreement it posts into; where that is still to be made, `slot` names it.
    """

    line: Line
    agreement_id: int | None
    slot: AgreementSlot | None
    decision: Decision
    directory: Directory
    settings: PlanSettings

    @property
    def agreement(self) -> Agreement | None:
        return self.directory.agreements.get(self.agreement_id) if self.agreement_id else None

    @property
    def cycle(self) -> str:
        """How often its agreement bills, be it one that is to be made."""
        there = self.agreement
        return there.billing_cycle if there else self.settings.agreement_type_cycle

    @property
    def bills_again(self) -> bool:
        """Without an end its agreement would bill it more often than the Platform does."""
        return self.decision.persistent and bills_more_often(self.cycle, self.line.billing_cycle)

    def billing_need(self, start: date) -> BillingNeed | None:
        """The agreement has to begin to bill earlier; `start_refusal` has let it pass: it is ours."""
        if self.agreement is None or not self.agreement.bills_later_than(start):
            return None
        return BillingNeed(self.agreement.id, start)

    @property
    def wanted(self) -> AdditionImage:
        """What a new Addition of this line would say."""
        end_by = None
        if self.decision.bounded:
            # With its start month, whatever the agreement's own cycle (P45).
            end_by = end_of_first_period(self.line.start, "Monthly")
        elif self.bills_again and self.settings.end_long_cycles:
            end_by = end_of_first_period(self.line.start, self.cycle)
        product = self.directory.products[self.line.product_id]
        return image_of(self.line, product, self.settings.price_decimals, end_by=end_by)

    def keys(self, closed: Owned | None) -> tuple[str, ...]:
        """A new Addition's is the last; one generation more where `closed` was opened by this line.

        Those before it were spent since the backup that was restored, as the last one shows: it
        stands in ConnectWise, and our books don't know it.
        """
        again = closed is not None and closed.line_id == self.line.id
        unknown = self.directory.unknown_keys
        keys = [self._key(again + n) for n in range(MOST_SPENT + 1 if unknown else 1)]
        standing = next((n for n, key in enumerate(keys) if key in unknown), 0)
        return tuple(keys[: standing + 1])

    def _key(self, generation: int) -> str:
        return posting_key(
            seller_id=self.settings.seller_id,
            installation=self.settings.installation,
            line_id=self.line.platform_id,
            removals=self.line.removals + generation,
        )

    def warnings(self, image: AdditionImage) -> tuple[Caution, ...]:
        """What stands in nobody's way; `image` is what would be sent."""
        told = [self.decision.bounded] if self.decision.bounded else []
        twin = self.directory.twins.get(self.line.id)
        if twin and self.line.id not in self.directory.own:
            told.append(cautions.perhaps_posted(twin))
        if self.agreement is not None and self.agreement.prorate:
            told.append(cautions.prorates(self.agreement.name))
        if self.bills_again and image.cancelled_date is None:
            end = end_of_first_period(self.line.start, self.cycle)
            told.append(cautions.long_cycle(self.line.billing_cycle, self.cycle, end))
        return tuple(told)


def _create(draft: Draft) -> list[Planned] | Refusal:
    image, decision = draft.wanted, draft.decision
    refusal = text_refusal(image.invoice_description)
    if draft.agreement and not refusal:
        refusal = start_refusal(draft.line.start, draft.agreement)
    if refusal:
        return refusal
    closed = decision.owned
    *spent, key = draft.keys(closed)
    return [
        Planned(
            kind=OperationKind.CREATE,
            state=OperationState.PLANNED,
            line=draft.line,
            slot=draft.slot,
            agreement_id=draft.agreement_id,
            key=key,
            spent=tuple(spent),
            subscription_id=draft.line.subscription_id if decision.persistent else "",
            image=image,
            needs=draft.billing_need(image.effective_date),
            closes=decision.closes,
            reason=f"A new Addition: {closed.addition_id} is over."
            if closed
            else "A new Addition.",
            warnings=draft.warnings(image),
        )
    ]


def _update(draft: Draft) -> list[Planned] | Refusal:
    owned, current = draft.decision.owned, draft.decision.current
    assert owned and current
    image = updated_image(draft.line, owned, current, draft.wanted)
    unchanged = not differences(current, image)
    # Where somebody wrote there by hand just what we want, nothing stands in the way.
    if draft.decision.changed and not unchanged:
        return changed_in_connectwise(owned, draft.decision.changed)
    start = image.effective_date
    refusal = text_refusal(image.invoice_description)
    if draft.agreement and not (unchanged or refusal):
        moved = start != current.effective_date
        refusal = start_refusal(start, draft.agreement, moved=moved)
    if refusal:
        return refusal
    return [
        Planned(
            kind=OperationKind.UPDATE,
            state=OperationState.PLANNED,
            line=draft.line,
            agreement_id=owned.agreement_id,
            key=owned.key,
            addition_id=owned.addition_id,
            subscription_id=owned.subscription_id,
            before=current,
            image=image,
            needs=None if unchanged else draft.billing_need(start),
            reason=NOTHING_TO_CHANGE if unchanged else f"Changes Addition {owned.addition_id}.",
            code="unchanged" if unchanged else "",
            warnings=draft.warnings(image),
        )
    ]


def _move(draft: Draft) -> list[Planned] | Refusal:
    """The old one ends the day before the new one starts, or goes where both start alike (P45)."""
    owned, current = draft.decision.owned, draft.decision.current
    assert owned and current
    created = _create(draft)
    if isinstance(created, Refusal):
        return created
    start = draft.line.start
    removed = start <= current.effective_date
    old_agreement = draft.directory.agreements.get(owned.agreement_id)
    if removed:
        refusal = removal_refusal(owned.addition_id, current.effective_date, old_agreement)
        if refusal:
            return refusal
    # One that ends before by itself is not made longer.
    last = min(start - timedelta(days=1), current.cancelled_date or date.max)
    ended = replace(current, cancelled_date=last)
    what = "another agreement" if draft.agreement_id != owned.agreement_id else "another product"
    first = Planned(
        kind=OperationKind.DELETE if removed else OperationKind.END,
        state=OperationState.PLANNED,
        line=draft.line,
        slot=draft.slot,
        needs=draft.billing_need(start),
        agreement_id=owned.agreement_id,
        key=owned.key,
        addition_id=owned.addition_id,
        subscription_id=owned.subscription_id,
        before=current,
        image=None if removed else ended,
        is_step=True,
        reason=f"It moves to {what}: the old Addition {owned.addition_id} "
        + ("is removed." if removed else f"ends on {ended.cancelled_date}."),
    )
    moved = f"It moves to {what}: a new Addition in place of {owned.addition_id}."
    return [first, *(replace(one, follows=True, reason=moved) for one in created)]


PLANNERS = {Way.CREATE: _create, Way.UPDATE: _update, Way.MOVE: _move}
