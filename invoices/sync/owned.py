"""What stands open in ConnectWise and is ours, as the plan sees it."""

import logging
from collections.abc import Collection, Iterable
from datetime import date
from typing import Protocol

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import remote
from invoices.sync.facts import Owned
from invoices.sync.images import AdditionImage
from invoices.sync.keys import PREFIX
from invoices.sync.read import Listed
from invoices.sync.states import UNFINISHED, OperationKind, OperationState, PostingState

logger = logging.getLogger(__name__)


def open_postings() -> QuerySet[Posting]:
    """Open ones, and those that are being made; `busy` and `last_line` come along."""
    unfinished = Operation.objects.filter(
        posting=OuterRef("pk"), state__in=[state.value for state in UNFINISHED]
    )
    last_lines = InvoiceLine.objects.filter(
        posting=OuterRef("pk"), period=OuterRef("last_period")
    ).order_by("-synced_at", "-pk")
    # One that is OPENING and not busy is left of a try that came to nothing: nothing stands for it.
    return (
        Posting.objects.annotate(
            busy=Exists(unfinished),
            last_line=Coalesce(Subquery(last_lines.values("pk")[:1]), F("line_id")),
        )
        .filter(Q(state=PostingState.OPEN) | Q(state=PostingState.OPENING, busy=True))
        .select_related("agreement")
    )


def to_owned(row: Posting) -> Owned:
    """`row` comes from `open_postings`."""
    return Owned(
        key=row.key,
        line_id=row.line_id,
        last_line_id=row.last_line,  # type: ignore[attr-defined]  # annotated above
        last_period=row.last_period,
        subscription_id=row.subscription_id,
        addition_id=row.addition_id,
        agreement_id=row.agreement.connectwise_id,
        image=AdditionImage.from_json(row.after_image) if row.after_image else None,
        busy=row.busy,  # type: ignore[attr-defined]
    )


def persistent(subscriptions: Collection[str]) -> dict[str, Owned]:
    """By subscription."""
    rows = open_postings().filter(subscription_id__in=subscriptions)
    return {row.subscription_id: to_owned(row) for row in rows}


def of_single_lines(lines: Collection[int]) -> dict[int, Owned]:
    """By line: Additions that are one line's alone."""
    rows = open_postings().filter(line__in=lines, subscription_id="")
    return {row.line_id: to_owned(row) for row in rows}


def latest_periods(subscriptions: Collection[str]) -> dict[str, date]:
    """The newest period of each that wrote a persistent Addition, be it open or ended."""
    rows = Posting.objects.filter(
        subscription_id__in=subscriptions, state__in=[PostingState.OPEN, PostingState.ENDED]
    ).values_list("subscription_id")
    return dict(rows.annotate(latest=Max("last_period")))


class Known(Protocol):
    """An Addition of our books: its key, and where it is to stand."""

    @property
    def key(self) -> str: ...
    @property
    def agreement_id(self) -> int: ...
    @property
    def addition_id(self) -> int | None: ...


def found(wanted: Iterable[Known], listed: Listed) -> dict[str, AdditionImage | None]:
    """By key, what stands there now of those whose agreement was listed; None: nothing."""
    told: dict[str, AdditionImage | None] = {}
    unreadable = {str(bad.item_id) for bad in listed.bad}
    for one in wanted:
        # Absent, not None: that it can't be read doesn't mean that it is gone.
        if one.addition_id is None or str(one.addition_id) in unreadable:
            continue
        if one.agreement_id not in listed.highest_ids:
            continue
        addition = listed.by_id.get(one.addition_id)
        key = listed.reference.key_of(addition) if addition else ""
        # Ids come again once ConnectWise went back to a backup of its own: then it is another's.
        if addition is None or (key.startswith(PREFIX) and key != one.key):
            told[one.key] = None
            continue
        if key != one.key:
            # People fill in or empty the field. Made again, it would be billed twice.
            logger.warning(
                "Addition %s no longer carries our reference %s, but “%s”; it is still taken for ours. "
                "Write the reference back in ConnectWise.",
                addition.id,
                one.key,
                key,
            )
        if image := remote.image_of(addition):
            told[one.key] = image
        # One that lacks a field stands there all the same: what we wrote last is taken for it.
    return told


def unknown_keys(listed: Listed) -> set[str]:
    """Those that stand there and in none of our books: another installation's, or forgotten ones."""
    known = Posting.objects.filter(key__in=list(listed.by_key)).values_list("key", flat=True)
    return set(listed.by_key) - set(known)


def last_period_left(undo: Operation) -> date | None:
    """The newest period whose line wrote the Addition, once all is back that this run takes back."""
    back = Operation.objects.filter(run=undo.run, undoes__isnull=False).values("undoes")
    left = (
        Operation.objects.filter(
            posting__operations=undo.undoes_id,
            state=OperationState.DONE,
            kind__in=[OperationKind.CREATE, OperationKind.UPDATE],
            undoes=None,
            is_step=False,
        )
        .exclude(pk__in=back)
        .exclude(undone_by__state=OperationState.DONE)
    )
    last: date | None = left.aggregate(last=Max("line__period"))["last"]
    return last
