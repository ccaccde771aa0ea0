"""Subscriptions that are gone (P49): each condition by a month that would wrongly end something."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.sync import cancellations as rule
from invoices.sync import plan
from invoices.sync.scope import Cancellations
from invoices.sync.states import OperationKind, OperationState, PostingState
from tests.invoices.sync.plan_world import AGREEMENT, APRIL, IMAGE, JUNE, MAY, OWNED

Kind, State = OperationKind, OperationState
MONTH = rule.Month(period=MAY, newest=MAY, complete=True, today=JUNE)
RUNNING = rule.Running(
    owned=OWNED,
    customer="Nordwind Logistik",
    name="Backup Pro",
    billing_cycle="Monthly",
    paid_until=date(2026, 4, 30),
)
AGREEMENTS = {30: replace(AGREEMENT, billing_cycle="Monthly")}


def ends(
    running: rule.Running = RUNNING,
    month: rule.Month = MONTH,
    present: tuple[str, ...] = (),
    agreements: dict[int, plan.Agreement] = AGREEMENTS,
    found: dict[str, Any] | None = None,
) -> list[plan.Planned]:
    return rule.plan_cancellations([running], present, month, agreements, found or {})


def owned(**changes: Any) -> rule.Running:
    image = {name[6:]: value for name, value in changes.items() if name.startswith("image_")}
    rest = {name: value for name, value in changes.items() if not name.startswith("image_")}
    return replace(RUNNING, owned=replace(OWNED, **rest, image=replace(IMAGE, **image)))


def test_a_subscription_that_is_gone_ends_with_the_last_day_of_the_month_before() -> None:
    (one,) = ends()

    assert (one.kind, one.state, one.key) == (Kind.END, State.PLANNED, "LB-OLD")
    assert one.image == replace(IMAGE, cancelled_date=date(2026, 4, 30))
    assert (one.before, one.line, one.customer) == (IMAGE, None, "Nordwind Logistik")


@pytest.mark.parametrize(
    ("month", "why"),
    [
        (replace(MONTH, newest=JUNE), "not the newest loaded period"),
        (replace(MONTH, complete=False), "not loaded completely"),
        (replace(MONTH, today=date(2026, 5, 31)), "has not ended yet"),
        (replace(MONTH, today=date(2026, 5, 2)), "has not ended yet"),
    ],
)
def test_a_month_that_can_not_tell_ends_nothing(month: rule.Month, why: str) -> None:
    assert ends(month=month) == []
    assert why in rule.why_none_can_end(month)


def test_a_recurring_line_in_any_state_keeps_it() -> None:
    assert ends(present=("SUB-1",)) == []


@pytest.mark.parametrize(
    ("cycle", "agreements_cycle", "last_period", "ended"),
    [
        ("Monthly", "Monthly", APRIL, True),
        ("Quarterly", "Quarterly", APRIL, False),  # next due in July
        ("Quarterly", "Quarterly", date(2026, 2, 1), True),
        ("Annual", "Annual", APRIL, False),
        ("Annual", "Annual", date(2025, 5, 1), True),
        ("Annual", "Monthly", APRIL, True),  # it would be billed every month
        ("Quarterly", "Monthly", APRIL, True),
        ("Monthly", "Annual", APRIL, True),
        ("Annual", "", APRIL, False),
        ("Annual", "None", date(2025, 6, 1), False),
    ],
)
def test_only_what_was_due_or_would_be_billed_too_often_ends(
    cycle: str, agreements_cycle: str, last_period: date, ended: bool
) -> None:
    running = replace(owned(last_period=last_period), billing_cycle=cycle)
    agreements = {30: replace(AGREEMENT, billing_cycle=agreements_cycle)}

    assert bool(ends(running, agreements=agreements)) is ended


@pytest.mark.parametrize(
    ("paid_until", "ended"),
    [
        (date(2026, 4, 30), True),
        (MAY, False),  # its first day is paid
        (date(2026, 12, 31), False),
        (None, False),
    ],
)
def test_of_an_unknown_cycle_the_paid_time_decides(paid_until: date | None, ended: bool) -> None:
    running = replace(RUNNING, billing_cycle="", paid_until=paid_until)

    assert bool(ends(running)) is ended


@pytest.mark.parametrize("last_period", [MAY, JUNE])
@pytest.mark.parametrize("cycle", ["Monthly", "Annual", ""])
def test_what_this_period_or_a_later_one_wrote_stays(last_period: date, cycle: str) -> None:
    """Also an annual licence, which its monthly agreement would bill again."""
    running = replace(owned(last_period=last_period), billing_cycle=cycle)

    assert ends(running) == []


def test_what_is_one_lines_alone_stays() -> None:
    assert ends(owned(subscription_id="")) == []


def test_what_is_being_checked_stays() -> None:
    assert ends(owned(busy=True)) == []


@pytest.mark.parametrize("end", [date(2026, 4, 30), date(2026, 3, 31)])
def test_what_ends_already_is_not_ended_again(end: date) -> None:
    assert ends(owned(image_cancelled_date=end)) == []


def test_a_later_end_is_brought_forward() -> None:
    (one,) = ends(owned(image_cancelled_date=date(2026, 12, 31)))

    assert one.image
    assert one.image.cancelled_date == date(2026, 4, 30)


def test_one_that_would_end_before_it_begins_is_removed() -> None:
    (one,) = ends(owned(image_effective_date=MAY))

    assert (one.kind, one.state, one.image) == (Kind.DELETE, State.PLANNED, None)


def test_or_refused_once_it_was_invoiced() -> None:
    (one,) = ends(
        owned(image_effective_date=MAY), agreements={30: replace(AGREEMENT, next_invoice=JUNE)}
    )

    assert (one.state, one.code) == (State.REFUSED, "addition_invoiced")


def test_one_that_begins_on_the_last_day_ends_that_day() -> None:
    (one,) = ends(owned(image_effective_date=date(2026, 4, 30)))

    assert one.kind == Kind.END


def test_what_was_changed_by_hand_is_left_to_a_person() -> None:
    found = {"LB-OLD": replace(IMAGE, quantity=Decimal(9))}

    (one,) = ends(found=found)

    assert (one.state, one.code) == (State.REFUSED, "changed_in_connectwise")


@pytest.mark.parametrize(
    ("stands", "state"),
    [
        (None, PostingState.REMOVED),
        (replace(IMAGE, cancelled_date=date(2026, 3, 31)), PostingState.ENDED),
    ],
)
def test_what_ended_by_hand_is_only_noted(stands: Any, state: PostingState) -> None:
    (one,) = ends(found={"LB-OLD": stands})

    assert one.state == State.SKIPPED
    assert one.closes == plan.Closing("LB-OLD", state, stands)


# --- Policies ---------------------------------------------------------------------------------------


def policy(cancellations: Cancellations, **overrides: Any) -> rule.Policy:
    return rule.Policy(cancellations=cancellations, **{"live": 10, **overrides})


def states(running: list[plan.Planned], chosen: rule.Policy) -> list[tuple[str, str]]:
    return [(one.state.value, one.code) for one in rule.under_policy(running, chosen)]


def test_apply_sends_them() -> None:
    assert states(ends(), policy(Cancellations.APPLY)) == [("planned", "")]


def test_skip_does_not_even_list_them() -> None:
    assert states(ends(), policy(Cancellations.SKIP)) == []


def test_ask_lists_them_and_sends_only_what_was_ticked() -> None:
    waiting = [("skipped", "waits_for_a_yes")]
    assert states(ends(), policy(Cancellations.ASK)) == waiting
    ticked = policy(Cancellations.ASK, ticked=["LB-OLD"])
    assert states(ends(), ticked) == [("planned", "")]


@pytest.mark.parametrize("cancellations", [Cancellations.APPLY, Cancellations.ASK])
def test_more_than_the_share_at_once_needs_a_second_yes(cancellations: Cancellations) -> None:
    three = [replace(one, key=f"K{n}") for n, one in enumerate(ends() * 3)]
    chosen = policy(cancellations, ticked=["K0", "K1", "K2"])

    assert states(three, chosen) == [("skipped", "too_many_ends")] * 3
    assert states(three[:2], chosen) == [("planned", "")] * 2
    assert states(three, replace(chosen, force=True)) == [("planned", "")] * 3
    assert states(three, replace(chosen, share=30)) == [("planned", "")] * 3
    # What isn't ticked doesn't end, so it isn't counted.
    one_ticked = replace(policy(Cancellations.ASK, ticked=["K0"]), share=10)
    waits = ("skipped", "waits_for_a_yes")
    assert states(three, one_ticked) == [("planned", ""), waits, waits]
    assert "3 of 10" in rule.under_policy(three, chosen)[0].reason
