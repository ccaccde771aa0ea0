"""How each kind of operation is taken back, as plain values (P50)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.sync import cautions, plan
from invoices.sync.images import AdditionImage
from invoices.sync.keys import posting_key
from invoices.sync.states import Intent, OperationKind, OperationState, PostingState
from invoices.sync.undo_plan import Done, Ours, plan_undo
from tests.invoices.sync.plan_world import AGREEMENT, APRIL, IMAGE, JUNE, SETTINGS, line

Kind, State = OperationKind, OperationState
FOUR = replace(IMAGE, quantity=Decimal(4))
ENDED = replace(FOUR, cancelled_date=date(2026, 5, 31))
OURS = Ours(
    key="LB-OLD",
    state=PostingState.OPEN,
    addition_id=5,
    agreement_id=30,
    subscription_id="SUB-1",
    customer="Nordwind",
    image=IMAGE,
    opened_by="L-1",
    removals=0,
)


def done(
    number: int,
    kind: OperationKind,
    before: AdditionImage | None,
    after: AdditionImage | None,
    **ours: Any,
) -> Done:
    return Done(
        id=number,
        kind=kind,
        ours=replace(OURS, **ours),
        before=before,
        after=after,
        line=line(id=number),
        is_step=False,
    )


def undo(*operations: Done, **how: Any) -> tuple[plan.Planned, ...]:
    agreements = how.pop("agreements", {30: replace(AGREEMENT, next_invoice=APRIL)})
    settings = replace(SETTINGS, overwrite=how.pop("overwrite", False))
    return plan_undo(operations, agreements, how.pop("found", {}), settings)


def test_an_update_gets_its_values_before_back() -> None:
    (one,) = undo(done(1, Kind.UPDATE, IMAGE, FOUR, image=FOUR))

    assert (one.kind, one.before, one.image, one.undoes) == (Kind.UPDATE, FOUR, IMAGE, 1)


def test_what_was_ended_runs_on() -> None:
    (one,) = undo(done(1, Kind.END, FOUR, ENDED, image=ENDED))

    assert (one.kind, one.image) == (Kind.UPDATE, FOUR)


def test_what_was_made_is_removed() -> None:
    (one,) = undo(done(1, Kind.CREATE, None, IMAGE))

    assert (one.kind, one.before, one.image) == (Kind.DELETE, IMAGE, None)


@pytest.mark.parametrize(
    ("cancelled", "end"),
    [
        (None, date(2026, 5, 31)),
        (date(2026, 12, 31), date(2026, 5, 31)),
        (date(2026, 4, 30), date(2026, 4, 30)),
    ],
)
def test_or_ended_with_what_was_invoiced(cancelled: date | None, end: date) -> None:
    invoiced = {30: replace(AGREEMENT, next_invoice=JUNE)}
    image = replace(IMAGE, cancelled_date=cancelled)

    (one,) = undo(done(1, Kind.CREATE, None, image, image=image), agreements=invoiced)

    assert one.kind == Kind.END
    assert one.image
    assert one.image.cancelled_date == end
    assert one.unchanged is (cancelled == end)


def test_the_newest_comes_first_and_each_waits_for_the_one_before() -> None:
    created = done(1, Kind.CREATE, None, IMAGE, image=FOUR)
    changed = done(2, Kind.UPDATE, IMAGE, FOUR, image=FOUR)

    first, second = undo(created, changed)

    assert (first.undoes, first.follows, second.undoes, second.follows) == (2, False, 1, True)
    assert (second.kind, second.before) == (Kind.DELETE, IMAGE)


def test_an_addition_that_goes_altogether_never_runs_again_in_between() -> None:
    created = done(1, Kind.CREATE, None, FOUR, image=ENDED, state=PostingState.ENDED)
    ended = done(2, Kind.END, FOUR, ENDED, image=ENDED, state=PostingState.ENDED)

    first, second = undo(created, ended)

    assert (first.kind, first.unchanged) == (Kind.END, True)
    assert second.kind == Kind.DELETE


def test_what_was_removed_is_made_again_under_the_next_key() -> None:
    removed = done(3, Kind.DELETE, FOUR, None, image=FOUR, state=PostingState.REMOVED, removals=1)
    changed = done(2, Kind.UPDATE, IMAGE, FOUR, image=FOUR, state=PostingState.REMOVED)

    first, second = undo(removed, changed)

    assert (first.kind, first.image, first.addition_id) == (Kind.CREATE, IMAGE, None)
    assert first.key == posting_key(seller_id="S", installation="kontor", line_id="L-1", removals=1)
    assert (second.kind, second.before) == (Kind.DELETE, None)  # sends nothing


def test_the_next_key_counts_what_goes_in_the_same_undo() -> None:
    old = done(1, Kind.DELETE, IMAGE, None, state=PostingState.REMOVED, removals=1)
    new = done(2, Kind.CREATE, None, FOUR, key="LB-NEW", image=FOUR, removals=1)

    _, made = undo(old, new)

    assert made.key == posting_key(seller_id="S", installation="kontor", line_id="L-1", removals=2)


def test_others_do_not_wait() -> None:
    one = done(1, Kind.CREATE, None, IMAGE)
    other = done(2, Kind.CREATE, None, IMAGE, key="LB-2", subscription_id="SUB-2")

    assert [planned.follows for planned in undo(one, other)] == [False, False]


@pytest.mark.parametrize(
    "found", [None, replace(FOUR, effective_date=APRIL, unit_price=Decimal(1))]
)
def test_what_was_changed_by_hand_is_left_alone_with_all_before_it(found: Any) -> None:
    first = done(1, Kind.UPDATE, IMAGE, replace(IMAGE, quantity=Decimal(3)), image=FOUR)
    second = done(2, Kind.UPDATE, replace(IMAGE, quantity=Decimal(3)), FOUR, image=FOUR)

    planned = undo(first, second, found={"LB-OLD": found})

    assert {(one.state, one.code) for one in planned} == {(State.REFUSED, "changed_in_connectwise")}


def test_unless_a_person_says_so_then_only_our_own_change_goes_back() -> None:
    found = replace(FOUR, unit_price=Decimal(1))

    (one,) = undo(
        done(1, Kind.UPDATE, IMAGE, FOUR, image=FOUR), found={"LB-OLD": found}, overwrite=True
    )

    assert one.image == replace(IMAGE, unit_price=Decimal(1))


def test_what_was_made_and_deleted_by_hand_is_only_noted() -> None:
    (one,) = undo(done(1, Kind.CREATE, None, IMAGE), found={"LB-OLD": None})

    assert (one.kind, one.state, one.before) == (Kind.DELETE, State.PLANNED, None)


def test_while_it_is_being_checked_it_is_refused() -> None:
    (one,) = undo(done(1, Kind.UPDATE, IMAGE, FOUR, image=FOUR, busy=True))

    assert (one.state, one.code) == (State.REFUSED, "addition_busy")


# --- What a person reads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (done(1, Kind.CREATE, None, IMAGE), "Deletes Addition 5."),
        (
            done(1, Kind.UPDATE, IMAGE, FOUR, image=FOUR),
            "Sets quantity back to 2 on Addition 5.",
        ),
        (
            done(1, Kind.END, FOUR, ENDED, image=ENDED),
            "Reopens Addition 5, which was ended on 2026-05-31: it runs on without an end.",
        ),
        (
            done(1, Kind.UPDATE, IMAGE, IMAGE),
            "Addition 5 stays as it is: nothing was changed there for this line.",
        ),
        (
            done(1, Kind.DELETE, IMAGE, None, state=PostingState.REMOVED, removals=1),
            "Makes Addition 5, which was removed, again under a new number.",
        ),
    ],
)
def test_each_says_what_it_does(operation: Done, reason: str) -> None:
    assert undo(operation)[0].reason == reason


def test_what_was_invoiced_says_why_it_is_ended_instead() -> None:
    invoiced = {30: replace(AGREEMENT, next_invoice=JUNE)}

    (one,) = undo(done(1, Kind.CREATE, None, IMAGE), agreements=invoiced)

    assert one.reason == (
        "Addition 5 was invoiced, so ConnectWise doesn't delete it: it ends on 2026-05-31 instead."
    )


def test_a_move_is_one_row_that_tells_both_halves() -> None:
    ended = replace(done(1, Kind.END, FOUR, ENDED, image=ENDED), is_step=True, line=line(id=7))
    made = replace(
        done(2, Kind.CREATE, None, FOUR, key="LB-2", addition_id=6, image=FOUR), line=line(id=7)
    )

    row, step = undo(ended, made)

    assert (row.intent, step.intent) == (Intent.REMOVE, Intent.STEP)
    assert row.reason == (
        "Deletes Addition 6. "
        "Reopens Addition 5, which was ended on 2026-05-31: it runs on without an end."
    )


def test_the_first_half_of_a_move_that_broke_off_is_a_row_of_its_own() -> None:
    (one,) = undo(replace(done(1, Kind.END, FOUR, ENDED, image=ENDED), is_step=True))

    assert (one.intent, one.is_step) == (Intent.UPDATE, False)


def test_a_refused_move_is_one_row() -> None:
    ended = replace(done(1, Kind.END, FOUR, ENDED, image=ENDED), is_step=True, line=line(id=7))
    made = replace(
        done(2, Kind.CREATE, None, FOUR, key="LB-2", addition_id=6, image=FOUR, busy=True),
        line=line(id=7),
    )

    row, step = undo(ended, made)

    assert (row.intent, step.intent) == (Intent.REFUSE, Intent.STEP)


def test_an_agreement_that_was_made_for_it_stays_and_that_is_said() -> None:
    stays = (cautions.agreement_stays("CON-1"),)
    (one,) = undo(replace(done(1, Kind.CREATE, None, IMAGE), stays=stays))

    assert [str(warned) for warned in one.warnings] == [
        "Agreement CON-1, which was made for it, stays in ConnectWise."
    ]
