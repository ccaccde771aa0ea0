"""Whatever months come: the plan, carried out, leaves nothing to do and loses no cent (P42, P43, P45, P49)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.amounts import to_cents
from invoices.months import first_of_next, last_day
from invoices.sync import plan
from invoices.sync.states import OperationKind, OperationState, PostingState
from tests.invoices.sync.plan_model import Books
from tests.invoices.sync.plan_world import AGREEMENT, APRIL, JUNE, MAY, line

Kind, State = OperationKind, OperationState
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
MONTHS = (APRIL, MAY, JUNE, JULY, AUGUST)
MONTHLY = replace(AGREEMENT, next_invoice=None, billing_cycle="Monthly")
AGREEMENTS = {
    30: MONTHLY,
    31: replace(MONTHLY, id=31, prorate=True, billing_cycle="Annual"),
    # Ours, and billing only from May 10th on.
    32: replace(
        MONTHLY,
        id=32,
        start=date(2026, 5, 3),
        bill_start=date(2026, 5, 10),
        next_invoice=date(2026, 5, 10),
        ours=plan.AgreementSlot(10, "EUR", "C-9"),
    ),
    33: replace(MONTHLY, id=33, currency="USD"),
    # Invoiced up to June, so nothing can start in it before.
    34: replace(MONTHLY, id=34, next_invoice=JUNE),
}
# Where a line goes: an agreement and a currency; None asks for a new one.
PLACES = [*[(30, "EUR")] * 8, (31, "EUR"), (32, "EUR"), (33, "USD"), (34, "EUR"), (None, "EUR"), (None, "USD")]  # fmt: skip
RECURRING = ["Cycle Fee", "Purchase Fee"]

cents = st.decimals(min_value=-9999, max_value=9999, places=2)


@st.composite
def line_of(draw: st.DrawFn, month: date, subscription: str | None = None) -> plan.Line:
    """Mostly a subscription that goes on as it was; its totals are the prices' or not (prorated)."""
    place, currency = draw(st.sampled_from(PLACES))
    start = month.replace(day=draw(st.sampled_from([1, 1, 1, 1, 2, 15, 28])))
    if draw(st.sampled_from([False] * 7 + [True])):
        start = first_of_next(month)
    if subscription is None:
        subscription = draw(st.sampled_from(["A", "B", ""]))
    quantity = draw(st.decimals(min_value=-20, max_value=20, places=2))
    price, cost = draw(st.sampled_from(["10", "0.3333", "5.2456"])), Decimal("4")
    exact = draw(st.booleans())
    ends = draw(st.sampled_from([*[None] * 8, 0, 10, 200]))
    return line(
        period=month,
        start=start,
        agreement_id=place,
        currency=currency,
        contract_id=draw(st.sampled_from(["C-1", "C-2"])),
        product_id=draw(st.sampled_from([20, 20, 20, 20, 21])),
        subscription_id=subscription,
        charge_type=draw(st.sampled_from([*RECURRING * 4, "Usage Fee", "Correction"])),
        custom=draw(st.sampled_from([False] * 7 + [True])),
        billing_cycle=draw(st.sampled_from([*["Monthly"] * 3, "Annual"])),
        quantity=quantity,
        unit_price=Decimal(price),
        unit_cost=cost,
        total_price=to_cents(quantity * Decimal(price)) if exact else draw(cents),
        total_cost=to_cents(quantity * cost) if exact else draw(cents),
        end=last_day(start) if ends is None else start + timedelta(days=ends),
        end_source="none" if ends is None else "user",
        platform_end=last_day(start),
    )


mostly = st.sampled_from([True] * 4 + [False])


@st.composite
def story(draw: st.DrawFn) -> list[tuple[date, list[plan.Line], set[int]]]:
    """Months in a row, each with its lines and those of them that are only synced a month later."""
    told = []
    for number, month in enumerate(MONTHS[: draw(st.integers(2, len(MONTHS)))]):
        drawn = draw(st.lists(line_of(month), max_size=3))
        drawn += [draw(line_of(month, one)) for one in "ABC" if draw(mostly)]
        lines = [
            replace(one, id=100 * number + n, platform_id=f"{month:%m}/{n}")
            for n, one in enumerate(drawn, start=1)
        ]
        told.append((month, lines, {one.id for one in lines if not draw(mostly)}))
    return told


class Month:
    """One press of Sync over these lines of a period, checked on all sides."""

    def __init__(self, books: Books, lines: Sequence[plan.Line], run: set[int]) -> None:
        self.books, self.lines, self.run = books, lines, run
        self.planned = books.planned(lines, run)

    def carry_out(self) -> None:
        before = deepcopy(self.books.additions)
        ours = {one.addition_id for one in self.books.postings.values()}
        self.money_out_is_money_in()
        self.each_line_has_one_chain()
        self.only_ours_is_touched(ours)
        self.books.carry_out(self.planned)
        self.each_line_stands_where_it_belongs()
        touched = {n for n, one in before.items() if self.books.additions.get(n) != one}
        assert touched <= ours
        self.nothing_is_left_to_do()

    def money_out_is_money_in(self) -> None:
        sent: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in self.planned:
            if one.line and one.state == State.PLANNED and not one.is_step:
                image, due = one.image, one.line
                assert image
                price, cost = image.quantity * image.unit_price, image.quantity * image.unit_cost
                sent[due.currency, "price"] += to_cents(price) - due.total_price
                sent[due.currency, "cost"] += to_cents(cost) - due.total_cost
        assert not any(sent.values())

    def each_line_has_one_chain(self) -> None:
        """One operation that ends it, and before that at most one step, which it follows."""
        chains: dict[int, list[plan.Planned]] = defaultdict(list)
        for one in self.planned:
            if one.line:
                chains[one.line.id].append(one)
        assert chains.keys() == self.run
        for steps in chains.values():
            assert [one.is_step for one in steps] == [True] * (len(steps) - 1) + [False]
            assert [one.follows for one in steps] == [False] + [True] * (len(steps) - 1)
            assert len(steps) <= 2
        keys = Counter(one.key for one in self.planned if one.key and one.state == State.PLANNED)
        assert not [key for key, times in keys.items() if times > 1]

    def only_ours_is_touched(self, ours: set[int]) -> None:
        """And nothing that a later period has written."""
        for one in self.planned:
            if one.kind in (Kind.UPDATE, Kind.END, Kind.DELETE) and one.state == State.PLANNED:
                assert one.addition_id in ours
                assert one.line and one.before
                if one.image:
                    # Another product, or another first day, is another Addition.
                    before, after = one.before, one.image
                    assert after.product_id == before.product_id
                    assert after.effective_date == before.effective_date
                assert self.books.postings[one.key].last_period <= one.line.period

    def each_line_stands_where_it_belongs(self) -> None:
        """In its agreement, of its product, not over yet, and on no other line's Addition."""
        for one in self.planned:
            if one.line is None or one.is_step or one.state != State.PLANNED:
                continue
            posting, due = self.books.postings[one.key], one.line
            slot = plan.AgreementSlot(due.company_id, due.currency, due.contract_id)
            place = due.agreement_id or self.books.own_agreements[slot]
            assert posting.agreement_id == place
            assert posting.image.product_id == due.product_id
            assert posting.image.cancelled_date is None or posting.image.cancelled_date >= due.start
            assert self.books.written.setdefault((one.key, due.period), due.id) == due.id
            if not due.recurring:
                assert not posting.subscription_id

    def nothing_is_left_to_do(self) -> None:
        again = self.books.planned(self.lines, self.run)
        sent = [one for one in again if one.state == State.PLANNED and not one.unchanged]
        assert sent == []
        assert [one.state for one in again if one.line] == [
            one.state for one in self.planned if one.line and not one.is_step
        ]


def ended(books: Books, month: date, lines: Sequence[plan.Line]) -> None:
    """Subscriptions that are gone end, no other; a second time there is nothing to end."""
    present = {one.subscription_id for one in lines if one.recurring}
    open_before = {one.key: one for one in deepcopy(books.open())}
    ends = books.ended(month, present)
    books.carry_out(ends)
    for one in ends:
        was = open_before[one.key]
        assert was.subscription_id not in present | {""}
        assert was.last_period < month
        if one.state == State.PLANNED and one.image:
            assert one.image == replace(was.image, cancelled_date=month - timedelta(days=1))
    left = [one for one in books.ended(month, present) if one.state == State.PLANNED]
    assert left == []


def one_open_addition_each(books: Books) -> None:
    """And no day on which two persistent Additions of one subscription bill."""
    opened = Counter(one.subscription_id for one in books.open() if one.subscription_id)
    assert all(times == 1 for times in opened.values())
    spans: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for one in books.postings.values():
        if one.subscription_id and one.state != PostingState.REMOVED:
            spans[one.subscription_id].append(
                (one.image.effective_date, one.image.cancelled_date or date.max)
            )
    for found in spans.values():
        found.sort()
        assert all(before[1] < after[0] for before, after in pairwise(found))


def fresh_books() -> Books:
    books = Books(agreements=dict(AGREEMENTS))
    for agreement_id in AGREEMENTS:
        books.foreign(agreement_id)
    return books


@settings(max_examples=100, deadline=None)
@given(story(), st.booleans(), st.booleans())
def test_month_after_month_nothing_is_lost_doubled_or_left_to_do(
    months: list[tuple[date, list[plan.Line], set[int]]], invoices: bool, loads_late: bool
) -> None:
    """`loads_late`: what is synced late was not even there before, so nothing could be kept for it."""
    books = fresh_books()
    waiting: tuple[list[plan.Line], set[int]] | None = None
    for month, lines, late in months:
        known = [one for one in lines if not (loads_late and one.id in late)]
        Month(books, known, {one.id for one in lines} - late).carry_out()
        one_open_addition_each(books)
        if waiting:
            Month(books, *waiting).carry_out()
            one_open_addition_each(books)
        ended(books, month, lines)
        one_open_addition_each(books)
        waiting = (lines, late)
        if invoices:
            _invoice(books, first_of_next(month))


def _invoice(books: Books, until: date) -> None:
    """Agreement Invoicing is run: what doesn't prorate takes nothing before that day any more."""
    for number, agreement in books.agreements.items():
        books.agreements[number] = replace(agreement, next_invoice=until)


@settings(max_examples=40, deadline=None)
@given(st.lists(line_of(MAY), max_size=8))
def test_the_plan_does_not_depend_on_the_order_of_the_lines(drawn: list[plan.Line]) -> None:
    lines = [replace(one, id=n, platform_id=str(n)) for n, one in enumerate(drawn, start=1)]
    run = {one.id for one in lines}

    assert fresh_books().planned(lines, run) == fresh_books().planned(lines[::-1], run)


@settings(max_examples=40, deadline=None)
@given(st.lists(line_of(APRIL), max_size=6), st.data())
def test_a_plan_broken_off_anywhere_is_finished_by_the_next(
    drawn: list[plan.Line], data: Any
) -> None:
    """Carried out up to any operation, the rest is planned as if nothing had happened."""
    lines = [replace(one, id=n, platform_id=str(n)) for n, one in enumerate(drawn, start=1)]
    may = [replace(one, id=one.id + 100, platform_id=f"{one.id}/5", period=MAY,
                   start=one.start.replace(month=5), product_id=data.draw(st.sampled_from([20, 21])))
           for one in lines]  # fmt: skip
    broken, whole = fresh_books(), fresh_books()
    for books in (broken, whole):
        Month(books, lines, {one.id for one in lines}).carry_out()
    run = {one.id for one in may}
    planned = broken.planned(may, run)

    broken.carry_out(planned[: data.draw(st.integers(0, len(planned)))])
    Month(broken, may, run).carry_out()
    Month(whole, may, run).carry_out()

    assert _stands(broken) == _stands(whole)


def _stands(books: Books) -> Counter[str]:
    """What bills, whichever number it has."""
    return Counter(str((one.agreement_id, one.image)) for one in books.additions.values())
