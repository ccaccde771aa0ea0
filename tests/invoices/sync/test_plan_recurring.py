"""One persistent Addition per subscription over the months (P45), as a table of the pure plan."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.sync import plan
from invoices.sync.cautions import Caution
from invoices.sync.recurring import EARLIER, NAMELESS, SECOND
from invoices.sync.states import OperationKind, OperationState, PostingState
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    DIRECTORY,
    IMAGE,
    JUNE,
    MAY,
    OWNED,
    PRODUCT,
    SETTINGS,
    line,
    owning,
)

Kind, State = OperationKind, OperationState


def planned(
    *lines: plan.Line,
    directory: plan.Directory | None = None,
    settings: plan.PlanSettings = SETTINGS,
) -> list[plan.Planned]:
    return list(plan.make_plan(lines, directory or owning(), settings))


def test_a_later_month_updates_what_differs_and_keeps_the_effective_date() -> None:
    of = line(quantity=Decimal(3), total_price=Decimal(30), total_cost=Decimal(24))

    (one,) = planned(of)

    assert (one.kind, one.state, one.key) == (Kind.UPDATE, State.PLANNED, "LB-OLD")
    assert one.before == IMAGE
    assert one.image == replace(IMAGE, quantity=Decimal(3))
    assert one.subscription_id == "SUB-1"


def test_where_nothing_differs_nothing_is_sent_and_the_line_is_synced_all_the_same() -> None:
    (one,) = planned(line())

    assert (one.kind, one.state, one.code) == (Kind.UPDATE, State.PLANNED, "unchanged")
    assert one.unchanged
    assert one.reason == "Nothing to change."


@pytest.mark.parametrize(
    ("overrides", "changed"),
    [
        ({"total_price": Decimal("19.99")}, {"quantity", "unit_price", "unit_cost"}),
        ({"unit_cost": Decimal(7), "total_cost": Decimal(14)}, {"unit_cost"}),
        ({"subject": "Backup Max"}, {"invoice_description"}),
        ({"charge_type": "Purchase Fee", "charge_type_shown": "Buy"}, {"invoice_description"}),
        ({"end": date(2026, 8, 31), "end_source": "user"}, {"cancelled_date"}),
        ({"end": date(2026, 8, 31), "end_source": "system"}, {"cancelled_date"}),
        ({"end": date(2026, 8, 31), "end_source": "none"}, set()),
    ],
)
def test_only_what_the_line_says_otherwise_changes(
    overrides: dict[str, Any], changed: set[str]
) -> None:
    (one,) = planned(line(**overrides))

    assert one.image
    differing = {
        name for name in IMAGE.__slots__ if getattr(one.image, name) != getattr(IMAGE, name)
    }
    assert differing - {"invoice_description"} == changed - {"invoice_description"}
    assert changed <= differing


def test_a_product_that_is_taxed_otherwise_by_now_changes_the_addition() -> None:
    directory = replace(owning(), products={20: replace(PRODUCT, taxable=False)})

    (one,) = planned(line(), directory=directory)

    assert one.image == replace(IMAGE, taxable=False)


def test_an_end_that_a_user_set_in_an_earlier_month_stays() -> None:
    (one,) = planned(line(), directory=owning(image_cancelled_date=date(2026, 8, 31)))

    assert one.unchanged


def test_an_end_before_the_addition_begins_is_never_sent() -> None:
    of = line(end=date(2026, 5, 20), end_source="user")

    (one,) = planned(of, directory=owning(image_effective_date=JUNE))

    assert one.image
    assert (one.image.effective_date, one.image.cancelled_date) == (JUNE, JUNE)


def test_a_rule_for_no_date_takes_the_end_away() -> None:
    directory = owning(image_cancelled_date=date(2026, 8, 31))

    (one,) = planned(line(end=None, end_source="system"), directory=directory)

    assert one.image
    assert one.image.cancelled_date is None


@pytest.mark.parametrize("field", ["agreement_id", "product_id"])
def test_another_agreement_or_product_ends_the_old_one_the_day_before_the_new_one_starts(
    field: str,
) -> None:
    old, new = planned(line(**{field: {"agreement_id": 31, "product_id": 21}[field]}))

    assert (old.kind, old.key, old.is_step) == (Kind.END, "LB-OLD", True)
    assert old.image == replace(IMAGE, cancelled_date=date(2026, 4, 30))
    assert (new.kind, new.follows, new.is_step) == (Kind.CREATE, True, False)
    assert new.key != "LB-OLD"
    assert new.image
    assert new.image.effective_date == MAY
    assert (old.subscription_id, new.subscription_id) == ("SUB-1", "SUB-1")


def test_a_move_makes_an_earlier_end_no_later() -> None:
    end = date(2026, 4, 20)
    directory = owning(line_id=1, last_line_id=1, last_period=MAY, image_cancelled_date=end)

    old, new = planned(line(product_id=21), directory=directory)

    assert (old.kind, old.unchanged) == (Kind.END, True)
    assert (new.kind, new.follows) == (Kind.CREATE, True)


def test_a_move_of_the_same_start_removes_the_old_one() -> None:
    directory = owning(image_effective_date=MAY)

    old, new = planned(line(product_id=21), directory=directory)

    assert (old.kind, old.image) == (Kind.DELETE, None)
    assert new.kind == Kind.CREATE


def test_a_move_of_the_same_start_is_refused_once_it_was_invoiced() -> None:
    old_agreement = replace(AGREEMENT, next_invoice=JUNE)
    directory = owning(image_effective_date=MAY)
    directory = replace(directory, agreements={**directory.agreements, 30: old_agreement})

    (one,) = planned(line(agreement_id=31), directory=directory)

    assert (one.state, one.code) == (State.REFUSED, "addition_invoiced")


def test_a_move_that_can_not_start_ends_nothing() -> None:
    directory = owning()
    late = replace(AGREEMENT, id=31, bill_start=JUNE)
    directory = replace(directory, agreements={30: AGREEMENT, 31: late})

    (one,) = planned(line(agreement_id=31), directory=directory)

    assert (one.state, one.code) == (State.REFUSED, "before_billing_start")


def test_a_line_that_opened_the_addition_itself_gets_the_next_key_when_it_moves() -> None:
    mine = line()
    first = planned(mine, directory=DIRECTORY)[0].key
    directory = owning(line_id=1, last_line_id=1, last_period=MAY, key=first)

    _, new = planned(replace(mine, product_id=21), directory=directory)
    (again,) = planned(replace(mine, product_id=21, removals=1), directory=DIRECTORY)

    assert new.key not in ("", first)
    assert again.key == new.key  # planned again after the old one was ended


def test_one_that_ended_before_the_line_starts_is_not_revived() -> None:
    end = date(2026, 4, 30)

    (one,) = planned(line(), directory=owning(image_cancelled_date=end))

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "SUB-1")
    stands = replace(IMAGE, cancelled_date=end)
    assert one.closes == plan.Closing("LB-OLD", PostingState.ENDED, stands)


def test_a_line_that_comes_back_after_its_addition_was_ended_opens_a_new_one() -> None:
    directory = replace(DIRECTORY, latest_periods={"SUB-1": date(2026, 2, 1)})

    (one,) = planned(line(), directory=directory)

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "SUB-1")
    assert one.image
    assert one.image.cancelled_date is None


@pytest.mark.parametrize(
    "directory",
    [
        owning(last_period=JUNE),
        replace(DIRECTORY, latest_periods={"SUB-1": JUNE}),  # ended since
    ],
)
def test_a_line_of_an_earlier_period_is_bounded_and_touches_nothing(
    directory: plan.Directory,
) -> None:
    (one,) = planned(line(), directory=directory)

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "")
    assert one.image
    assert one.image.cancelled_date == date(2026, 5, 31)
    assert one.warnings == (EARLIER,)


def test_a_second_recurring_line_of_the_period_is_bounded() -> None:
    (one,) = planned(line(), directory=owning(last_period=MAY))

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "")
    assert one.image
    assert one.image.cancelled_date == date(2026, 5, 31)
    assert one.warnings == (SECOND,)


@pytest.mark.parametrize(("latest", "why"), [(JUNE, EARLIER), (MAY, SECOND)])
def test_a_bounded_line_that_is_posted_again_says_why_it_is(latest: date, why: Caution) -> None:
    alone = replace(
        owning(line_id=1, last_line_id=1, key="LB-OWN").owned["SUB-1"], subscription_id=""
    )
    directory = replace(owning(last_period=latest), own={1: alone})

    (one,) = planned(line(), directory=directory)

    assert (one.kind, one.key) == (Kind.UPDATE, "LB-OWN")
    assert one.warnings == (why,)
    assert one.image
    assert one.image.cancelled_date == date(2026, 5, 31)


def test_of_two_the_cycle_fee_updates_and_the_other_is_bounded() -> None:
    lines = [line(id=1, charge_type="Purchase Fee", start=date(2026, 5, 20)), line(id=2)]

    other, owner = planned(*lines)

    assert (owner.kind, owner.key) == (Kind.UPDATE, "LB-OLD")
    assert (other.kind, other.subscription_id) == (Kind.CREATE, "")


def test_a_line_outside_of_the_run_owns_it_too() -> None:
    cycle_fee = plan.Contender(
        line_id=7, subscription_id="SUB-1", charge_type="Cycle Fee", start=MAY
    )
    directory = replace(owning(), contenders=[cycle_fee])

    (one,) = planned(line(charge_type="Purchase Fee"), directory=directory)

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "")


@pytest.mark.parametrize("overrides", [{"charge_type": "Usage Fee"}, {"custom": True}])
def test_what_does_not_recur_never_touches_the_persistent_addition(
    overrides: dict[str, Any],
) -> None:
    (one,) = planned(line(**overrides))

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "")


def test_while_its_addition_is_being_checked_the_line_is_refused() -> None:
    (one,) = planned(line(), directory=owning(busy=True))

    assert (one.state, one.code) == (State.REFUSED, "addition_busy")


FOUND = replace(IMAGE, unit_price=Decimal(11))


@pytest.mark.parametrize("found", [None, FOUND])
@pytest.mark.parametrize("overrides", [{"quantity": Decimal(4)}, {"product_id": 21}])
def test_what_was_changed_in_connectwise_is_neither_overwritten_nor_made_again(
    found: Any, overrides: dict[str, Any]
) -> None:
    directory = replace(owning(), found={"LB-OLD": found})

    (one,) = planned(line(**overrides), directory=directory)

    assert (one.state, one.code) == (State.REFUSED, "changed_in_connectwise")
    assert one.reason.startswith("Changed in ConnectWise: Addition 5: ")


def test_a_persons_retry_writes_over_it() -> None:
    directory = replace(owning(), found={"LB-OLD": FOUND})

    (one,) = planned(line(), directory=directory, settings=replace(SETTINGS, overwrite=True))

    assert (one.kind, one.before, one.image) == (Kind.UPDATE, FOUND, IMAGE)


def test_a_persons_retry_makes_it_again() -> None:
    directory = replace(owning(), found={"LB-OLD": None})

    (one,) = planned(line(), directory=directory, settings=replace(SETTINGS, overwrite=True))

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "SUB-1")
    assert one.closes == plan.Closing("LB-OLD", PostingState.REMOVED)


def test_what_says_already_what_the_line_wants_is_taken_as_it_is() -> None:
    directory = replace(owning(), found={"LB-OLD": replace(IMAGE, quantity=Decimal(3))})

    (one,) = planned(
        line(quantity=Decimal(3), total_price=Decimal(30), total_cost=Decimal(24)),
        directory=directory,
    )

    assert one.unchanged


def test_one_without_a_subscription_is_not_billed_again_in_every_later_month() -> None:
    """Nothing would ever change or end it, and next month's line would be billed beside it."""
    (one,) = planned(line(subscription_id=""), directory=DIRECTORY)

    assert (one.kind, one.subscription_id) == (Kind.CREATE, "")
    assert one.image and one.image.cancelled_date == date(2026, 5, 31)
    assert one.warnings == (NAMELESS,)


def test_also_where_it_is_written_once_more() -> None:
    posted = replace(OWNED, line_id=1, last_line_id=1, subscription_id="", last_period=MAY)
    directory = replace(DIRECTORY, own={1: posted})

    (one,) = planned(line(subscription_id=""), directory=directory)

    assert (one.kind, one.key) == (Kind.UPDATE, "LB-OLD")
    assert one.image and one.image.cancelled_date == date(2026, 5, 31)
