"""How what a sync did is taken back (P50). Pure.

Newest first: what was made goes, or ends where it was invoiced; what was changed gets its values
before back; what was ended runs on; what was removed is made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from invoices.sync.cautions import Caution
from invoices.sync.facts import Agreement, Line, Planned, PlanSettings, Refusal
from invoices.sync.image_fields import LABELS, value_words
from invoices.sync.images import AdditionImage, changed_fields, differences
from invoices.sync.keys import posting_key
from invoices.sync.states import OperationKind, OperationState, PostingState

Kind = OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """The Addition an operation worked on, as it stands in our books."""

    key: str
    state: PostingState
    addition_id: int | None
    agreement_id: int
    subscription_id: str
    customer: str
    image: AdditionImage | None
    opened_by: str  # the Platform's id of that line
    removals: int  # of the line that opened it
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One operation that was done and is to be taken back."""

    id: int
    kind: OperationKind
    ours: Ours
    before: AdditionImage | None
    after: AdditionImage | None
    line: Line | None
    is_step: bool
    # Of the agreement that was made for it, or made to bill earlier.
    stays: tuple[Caution, ...] = ()


@dataclass(slots=True)
class _Books:
    """What stands as far as the plan has come."""

    agreements: Mapping[int, Agreement]
    found: Mapping[str, AdditionImage | None]
    settings: PlanSettings
    created: frozenset[str] = frozenset()  # keys whose making is taken back, too
    oldest: Mapping[str, Done] = field(default_factory=dict)
    stands: dict[str, AdditionImage] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)  # by opening line, in this plan


def plan_undo(
    done: Sequence[Done],
    agreements: Mapping[int, Agreement],
    found: Mapping[str, AdditionImage | None],
    settings: PlanSettings,
) -> tuple[Planned, ...]:
    """`done` in any order; operations on one Addition, or of one move, wait for each other."""
    # Ids grow in the order of the plans: an operation's later ones have higher ids.
    newest = sorted(done, key=lambda one: -one.id)
    books = _Books(
        agreements,
        found,
        settings,
        created=frozenset(one.ours.key for one in newest if one.kind == Kind.CREATE),
        oldest={one.ours.key: one for one in newest},
    )
    return tuple(one for group in _groups(newest) for one in _plan_group(group, books))


def _groups(newest: Sequence[Done]) -> list[list[Done]]:
    """Those of one subscription, or of one line where there is none, together."""
    groups: dict[str, list[Done]] = {}
    for one in newest:
        of = f"subscription {one.ours.subscription_id}"
        of = of if one.ours.subscription_id else f"line {one.ours.opened_by}"
        groups.setdefault(of, []).append(one)
    return list(groups.values())


def _plan_group(group: Sequence[Done], books: _Books) -> list[Planned]:
    """All or nothing: what stands in the way of one stands in the way of those before it."""
    refusal = next((why for one in group if (why := _refusal(one, books))), None)
    if refusal:
        refused = [
            _planned(one, Kind.UPDATE, refusal.reason, code=refusal.code, refused=True)
            for one in group
        ]
        return _with_steps(refused)
    planned = [_inverse(one, books) for one in group]
    return [replace(one, follows=number > 0) for number, one in enumerate(_with_steps(planned))]


def _with_steps(planned: Sequence[Planned]) -> list[Planned]:
    """One row a line, the last: what comes before is told with it, and its money counted once.

    A line that has nothing but steps has a row for each.
    """
    last = {_line_id(one): one for one in planned if one.line and not one.is_step}
    steps: dict[int | None, list[str]] = {}
    for one in planned:
        if _line_id(one) in last and one is not last[_line_id(one)]:
            told = steps.setdefault(_line_id(one), [])
            told += [one.reason] if one.state == OperationState.PLANNED else []
    return [
        replace(one, is_step=False, reason=" ".join([one.reason, *steps.get(_line_id(one), [])]))
        if one is last.get(_line_id(one), one)
        else replace(one, is_step=True)
        for one in planned
    ]


def _line_id(one: Planned) -> int | None:
    return one.line.id if one.line else None


def _refusal(one: Done, books: _Books) -> Refusal | None:
    ours = one.ours
    if ours.busy:
        return Refusal("addition_busy", "Its Addition is being posted or checked. Undo later.")
    # Not listed, or nothing of it is said to stand: there is nothing to compare.
    if ours.key not in books.found or ours.state == PostingState.REMOVED or ours.image is None:
        return None
    stands = books.found[ours.key]
    if stands is None:
        changed = "nothing carries our reference any more"
        if ours.key in books.created:
            return None  # it is to go anyway
    else:
        changed = "; ".join(str(difference) for difference in differences(ours.image, stands))
    if not changed or (books.settings.overwrite and stands):
        return None
    return Refusal(
        "changed_in_connectwise",
        f"Changed in ConnectWise since: Addition {ours.addition_id}: {changed}. It is left as it is; take it back there.",
    )


def _inverse(one: Done, books: _Books) -> Planned:
    if one.ours.state == PostingState.REMOVED:
        return _inverse_of_removed(one, books)
    if one.ours.key in books.found and books.found[one.ours.key] is None:
        # Deleted by hand, and to go altogether: nothing is sent for it.
        return _planned(one, Kind.DELETE, f"Addition {one.ours.addition_id} is gone already.")
    current = books.stands.get(one.ours.key) or books.found.get(one.ours.key) or one.ours.image
    assert current
    planned = _inverse_standing(one, current, books)
    if planned.image:
        books.stands[one.ours.key] = planned.image
    return planned


def _inverse_standing(one: Done, current: AdditionImage, books: _Books) -> Planned:
    number = one.ours.addition_id
    if one.kind == Kind.CREATE:
        return _take_away(one, current, books)
    if one.kind == Kind.END and one.ours.key in books.created:
        # Its making is taken back, too: it never runs again in between.
        reason = f"Addition {number} goes altogether, so it isn't reopened before."
        return _planned(one, Kind.END, reason, before=current, image=current)
    assert one.before and one.after
    back = {name: getattr(one.before, name) for name in changed_fields(one.before, one.after)}
    image = replace(current, **back)
    words = _back_in_words(one, current, image)
    return _planned(one, Kind.UPDATE, words, before=current, image=image)


def _back_in_words(one: Done, current: AdditionImage, image: AdditionImage) -> str:
    """ "Sets quantity back to 3 on Addition 5." """
    number = one.ours.addition_id
    names = changed_fields(current, image)
    if not names:
        return f"Addition {number} stays as it is: nothing was changed there for this line."
    told = [f"{LABELS[name].lower()} back to {value_words(image, name)}" for name in names]
    if one.kind == Kind.END and list(names) == ["cancelled_date"]:
        runs = f"until {image.cancelled_date}" if image.cancelled_date else "without an end"
        return f"Reopens Addition {number}, which was ended on {current.cancelled_date}: it runs on {runs}."
    return f"Sets {', '.join(told)} on Addition {number}."


def _take_away(one: Done, current: AdditionImage, books: _Books) -> Planned:
    """Deleted, or ended with what was invoiced of it."""
    ours = one.ours
    # One that this plan takes away counts for the next key of its line, as if it were gone already.
    books.gone[ours.opened_by] = books.gone.get(ours.opened_by, 0) + 1
    agreement = books.agreements.get(ours.agreement_id)
    if not agreement or not agreement.has_invoiced(current.effective_date):
        return _planned(one, Kind.DELETE, f"Deletes Addition {ours.addition_id}.", before=current)
    assert agreement.next_invoice
    image = ended_as_invoiced(current, agreement.next_invoice)
    return _planned(
        one,
        Kind.END,
        f"Addition {ours.addition_id} was invoiced, so ConnectWise doesn't delete it: it ends on "
        f"{image.cancelled_date} instead.",
        before=current,
        image=image,
    )


def ended_as_invoiced(current: AdditionImage, next_invoice: date) -> AdditionImage:
    """Ended with the last day that was invoiced, unless it ends before."""
    # What ConnectWise does with an end before the start isn't documented: none is ever sent.
    last = max(next_invoice - timedelta(days=1), current.effective_date)
    if current.cancelled_date and current.cancelled_date <= last:
        return current
    return replace(current, cancelled_date=last)


def _inverse_of_removed(one: Done, books: _Books) -> Planned:
    """What was removed is made again as it was before all that is taken back."""
    ours, oldest = one.ours, books.oldest[one.ours.key]
    if one.kind != Kind.DELETE or ours.key in books.created:
        return _planned(one, Kind.DELETE, f"Addition {ours.addition_id} is gone already.")
    removals = ours.removals + books.gone.get(ours.opened_by, 0)
    key = posting_key(
        seller_id=books.settings.seller_id,
        installation=books.settings.installation,
        line_id=ours.opened_by,
        removals=removals,
    )
    reason = f"Makes Addition {ours.addition_id}, which was removed, again under a new number."
    made = _planned(one, Kind.CREATE, reason, image=oldest.before)
    return replace(made, key=key, addition_id=None)


def _planned(
    one: Done,
    kind: OperationKind,
    reason: str,
    *,
    before: AdditionImage | None = None,
    image: AdditionImage | None = None,
    code: str = "",
    refused: bool = False,
) -> Planned:
    return Planned(
        kind=kind,
        state=OperationState.REFUSED if refused else OperationState.PLANNED,
        line=one.line,
        agreement_id=one.ours.agreement_id,
        key=one.ours.key,
        addition_id=one.ours.addition_id,
        subscription_id=one.ours.subscription_id,
        customer=one.ours.customer,
        before=before,
        image=image,
        is_step=one.is_step,
        undoes=one.id,
        reason=reason,
        code=code,
        warnings=one.stays,
    )
