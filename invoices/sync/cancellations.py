"""Which persistent Additions end because their subscription is gone (P49). Pure.

Every condition stands here by itself: an Addition that is ended wrongly is money not billed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from invoices.months import last_day, month_name, months_before
from invoices.sync.checks import removal_refusal
from invoices.sync.cycles import bills_more_often, months_of
from invoices.sync.facts import ASKED_FOR, TOO_MANY, Agreement, Closing, Owned, Planned, Refusal
from invoices.sync.images import AdditionImage, differences
from invoices.sync.recurring import changed_in_connectwise
from invoices.sync.scope import Cancellations
from invoices.sync.states import OperationKind, OperationState, PostingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The period that is synced, as far as it can tell that a subscription is gone."""

    period: date
    newest: date  # the newest loaded period
    complete: bool  # its newest load read everything
    today: date  # where the business is


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An open persistent Addition, and what its last line said."""

    owned: Owned
    customer: str
    name: str  # the subscription's, or the offer's
    billing_cycle: str
    paid_until: date | None  # the Platform's end of the last line


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is done about them; `live` is how many persistent Additions are open."""

    cancellations: Cancellations
    ticked: Collection[str] = ()
    share: int = 20  # percent
    live: int = 0
    force: bool = False


def why_none_can_end(month: Month) -> str:
    """Why nothing can be said about this period; "" when it can."""
    name = month_name(month.period)
    if month.period != month.newest:
        return f"{name} is not the newest loaded period ({month_name(month.newest)})."
    if not month.complete:
        return f"{name} was not loaded completely. Load it again."
    # Its invoices may still come: the subscription isn't gone, only not billed yet.
    if month.today <= last_day(month.period):
        return f"{name} has not ended yet."
    return ""


def plan_cancellations(
    running: Iterable[Running],
    present: Collection[str],
    month: Month,
    agreements: Mapping[int, Agreement],
    found: Mapping[str, AdditionImage | None],
) -> list[Planned]:
    """`present` are the subscriptions with a recurring line in the period, final or not."""
    if why_none_can_end(month):
        return []
    ends = (
        _end(one, month, agreements, found)
        for one in running
        if one.owned.subscription_id not in present and _is_due(one, month, agreements)
    )
    return [one for one in ends if one]


def _is_due(one: Running, month: Month, agreements: Mapping[int, Agreement]) -> bool:
    """It should have been billed by now, or its agreement would bill it again too soon."""
    owned = one.owned
    # Written by this period or a later one, it is alive.
    if not owned.subscription_id or owned.busy or owned.last_period >= month.period:
        return False
    agreement = agreements.get(owned.agreement_id)
    # An annual licence was invoiced once; a monthly agreement would bill it again next month.
    if agreement and bills_more_often(agreement.billing_cycle, one.billing_cycle):
        return True
    cycle = months_of(one.billing_cycle)
    if cycle is not None:
        # Its next charge was due by this period, and didn't come.
        return months_before(month.period, cycle) >= owned.last_period
    # Of a cycle that nobody knows: once what was paid for is over.
    return one.paid_until is not None and one.paid_until < month.period


def _end(
    one: Running,
    month: Month,
    agreements: Mapping[int, Agreement],
    found: Mapping[str, AdditionImage | None],
) -> Planned | None:
    owned, current = one.owned, one.owned.image
    # Billed through that day, included: the period in which it is missing is not billed any more.
    last = month.period - timedelta(days=1)
    if current is None or _is_over(current, last):
        return None
    # Not listed, as in a preview from our books, it is taken to be as we wrote it last.
    stands = found.get(owned.key, current)
    if stands is None or _is_over(stands, last):
        return _already_over(one, stands)
    changed = "; ".join(str(difference) for difference in differences(current, stands))
    if changed:
        return _planned(one, refusal=changed_in_connectwise(owned, changed))
    return _taken_away(one, current, last, month, agreements)


def _taken_away(
    one: Running,
    current: AdditionImage,
    last: date,
    month: Month,
    agreements: Mapping[int, Agreement],
) -> Planned:
    """It ends on the `last` day; what would only begin after it is removed."""
    name = month_name(month.period)
    if last >= current.effective_date:
        return _planned(
            one,
            kind=OperationKind.END,
            image=replace(current, cancelled_date=last),
            reason=f"{one.name} has no recurring line in {name}: it ends on {last}.",
        )
    refusal = removal_refusal(
        one.owned.addition_id, current.effective_date, agreements.get(one.owned.agreement_id)
    )
    return _planned(
        one,
        kind=OperationKind.DELETE,
        reason=f"{one.name} has no recurring line in {name} and would only begin on "
        f"{current.effective_date}: it is removed.",
        refusal=refusal,
    )


def _is_over(image: AdditionImage, last: date) -> bool:
    return image.cancelled_date is not None and image.cancelled_date <= last


def _already_over(one: Running, stands: AdditionImage | None) -> Planned:
    state = PostingState.ENDED if stands else PostingState.REMOVED
    return replace(
        _planned(one, reason="It ends in ConnectWise already: nothing to do."),
        state=OperationState.SKIPPED,
        code="over_already",
        closes=Closing(one.owned.key, state, stands),
    )


def _planned(
    one: Running,
    *,
    kind: OperationKind = OperationKind.END,
    image: AdditionImage | None = None,
    reason: str = "",
    refusal: Refusal | None = None,
) -> Planned:
    owned = one.owned
    return Planned(
        kind=kind,
        state=OperationState.REFUSED if refusal else OperationState.PLANNED,
        agreement_id=owned.agreement_id,
        key=owned.key,
        addition_id=owned.addition_id,
        subscription_id=owned.subscription_id,
        customer=one.customer,
        before=owned.image,
        image=image,
        reason=refusal.reason if refusal else reason,
        code=refusal.code if refusal else "",
    )


def under_policy(ends: Iterable[Planned], policy: Policy) -> list[Planned]:
    """What is sent of them, and what waits for a person's word."""
    if policy.cancellations == Cancellations.SKIP:
        return []
    told = [_asked(one, policy) for one in ends]
    sent = sum(one.state == OperationState.PLANNED for one in told)
    # Many at once look like a load that went wrong, not like customers who left.
    # Multiplied out, so that no binary fraction decides at the very edge of the share.
    if policy.force or sent * 100 <= policy.live * policy.share:
        return told
    why = (
        f"{sent} of {policy.live} open Additions would end at once, more than {policy.share} %: "
        "none was sent. Confirm it a second time."
    )
    return [
        _waits(one, TOO_MANY, why) if one.state == OperationState.PLANNED else one for one in told
    ]


def _asked(one: Planned, policy: Policy) -> Planned:
    asked = policy.cancellations == Cancellations.ASK and one.key not in policy.ticked
    if one.state != OperationState.PLANNED or not asked:
        return one
    return _waits(one, ASKED_FOR, "It waits for a person's yes.")


def _waits(one: Planned, code: str, why: str) -> Planned:
    return replace(
        one, state=OperationState.SKIPPED, code=code, reason=f"{one.reason} {why}".strip()
    )
