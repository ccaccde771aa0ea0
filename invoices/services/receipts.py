"""What was done in ConnectWise for one line: its receipt, its problem, and its whole history (P37, P41, P50)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from invoices.amounts import to_cents
from invoices.causes import Cause, Way, cause_of
from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.queries.fixes import Fix, fixes_of_line, line_address
from invoices.services.tellings import event_title, step_words, wanted_title
from invoices.sync import remote
from invoices.sync.cautions import Caution
from invoices.sync.image_fields import FieldChange, exact, field_changes, product_ids
from invoices.sync.images import AdditionImage
from invoices.sync.states import DRAFTS, UNFINISHED, OperationState, Origin
from invoices.sync.undo import can_be_undone
from psa_connectwise.links import agreement_url
from psa_connectwise.models import Product

S = OperationState
MOST_EVENTS = 100
CHANGED = "changed_in_connectwise"
# In these, the reason on the row is what ConnectWise itself said.
OWN_WORDS = ("refused_by_connectwise", "conflict", "not_found")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One operation of the line's history."""

    operation: Operation
    title: str
    who: str
    when: datetime
    reason: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, kw_only=True)
class Computed:
    """What quantity × price makes, and what ConnectWise made of it (None: it didn't say)."""

    label: str
    expected: str
    answered: str | None
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What the line stands on in ConnectWise."""

    operation: Operation
    addition_id: int | None
    agreement_url: str
    reference_field: str
    who: str
    how: str
    fields: tuple[FieldChange, ...]
    computed: tuple[Computed, ...]
    warnings: tuple[str, ...]
    # A later month has written the same Addition since.
    later: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why the line stands in Error, what that means, and what helps."""

    cause: Cause
    reason: str
    own_words: bool
    is_checking: bool
    looked_at: datetime | None  # when it is looked for; None: at the next sweep
    overwrites: bool
    links: Sequence[Fix]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """All of it."""

    line: InvoiceLine
    posted: Posted | None
    problem: Problem | None
    history: Sequence[Event]
    more_events: bool
    why_no_undo: str

    @property
    def grid_url(self) -> str:
        return line_address(self.line)

    @property
    def is_synced(self) -> bool:
        return self.line.psa_status == InvoiceLine.Status.SYNCED


def receipt_of(line: InvoiceLine) -> Receipt:
    """As many queries for a long history as for a short one."""
    operations = list(_operations(line)[: MOST_EVENTS + 1])
    names = _product_names(operations)
    problem = problem_of(line, operations)
    told_above = line.error if problem else ""
    return Receipt(
        line=line,
        posted=_posted(line, operations, names),
        problem=problem,
        history=[_event(one, names, told_above) for one in operations[:MOST_EVENTS]],
        more_events=len(operations) > MOST_EVENTS,
        why_no_undo=why_no_undo(line),
    )


def why_no_undo(line: InvoiceLine) -> str:
    """Why nothing of this line can be taken back; "" where it can."""
    if line.in_flight:
        return "It is being sent or checked. Undo it when that is settled."
    if not can_be_undone().filter(line=line).exists():
        return "Nothing of it stands in ConnectWise."
    return ""


def _operations(line: InvoiceLine) -> QuerySet[Operation]:
    """Newest first; with what ended its Addition for the whole subscription. Previews are none."""
    own = Q(line=line)
    if line.posting_id:
        own |= Q(line=None, posting=line.posting_id)
    return (
        Operation.objects.filter(own)
        .exclude(run__state__in=[state.value for state in DRAFTS])
        .select_related("run__user", "agreement", "posting", "undoes")
        .order_by("-pk")
    )


def _posted(
    line: InvoiceLine, operations: Sequence[Operation], names: Mapping[int, str]
) -> Posted | None:
    """The newest operation that the line stands on; None where it stands on none."""
    stands = (
        one
        for one in operations
        if one.state == S.DONE and one.line_id and not (one.is_step or one.undoes_id)
    )
    operation = next(stands, None)
    if operation is None or line.posting is None:
        return None
    return Posted(
        operation=operation,
        addition_id=line.addition_id,
        agreement_url=_url(operation),
        reference_field=line.posting.reference_field,
        who=asked_by(operation.run),
        how=step_words(operation),
        fields=field_changes(_image(operation.before), _image(operation.after), names),
        computed=_computed(operation),
        warnings=tuple(str(Caution.from_json(kept)) for kept in operation.warnings),
        later=_later(line, line.posting),
    )


def _url(operation: Operation) -> str:
    """ "" where its ids mean nothing in the ConnectWise that is set up now."""
    if operation.agreement is None or not remote.is_here(operation.run):
        return ""
    return agreement_url(operation.agreement.connectwise_id)


def _later(line: InvoiceLine, posting: Posting) -> str:
    later = posting.last_period > line.period
    return f"{posting.last_period:%B %Y} has updated this Addition since." if later else ""


def _computed(operation: Operation) -> tuple[Computed, ...]:
    image = _image(operation.after)
    # Where nothing was sent, nothing was asked.
    if image is None or not (operation.times_sent or operation.computed):
        return ()
    answered = operation.computed or {}
    return tuple(
        _one_computed(label, to_cents(image.quantity * unit), answered.get(name))
        for label, name, unit in (
            ("Extended price", "ext_price", image.unit_price),
            ("Extended cost", "ext_cost", image.unit_cost),
        )
    )


def _one_computed(label: str, expected: Decimal, answered: str | None) -> Computed:
    differs = answered is not None and to_cents(Decimal(answered)) != expected
    told = None if answered is None else exact(Decimal(answered), places=2)
    return Computed(label=label, expected=exact(expected, places=2), answered=told, differs=differs)


def problem_of(line: InvoiceLine, operations: Sequence[Operation]) -> Problem | None:
    """None of a line that doesn't stand in Error; `operations` are its own, the newest first."""
    if line.psa_status != InvoiceLine.Status.ERROR:
        return None
    code = "not_confirmed" if line.in_flight else line.error_code
    cause = cause_of(code)
    reason = line.error.removeprefix(f"{cause.name}: ")
    return Problem(
        cause=cause,
        reason=reason[:1].upper() + reason[1:],
        own_words=code in OWN_WORDS,
        is_checking=line.in_flight,
        looked_at=_looked_at(operations) if line.in_flight else None,
        overwrites=code == CHANGED,
        links=() if line.in_flight else _elsewhere(fixes_of_line(code, line)),
    )


def _elsewhere(fixes: Iterable[Fix]) -> list[Fix]:
    """A receipt doesn't lead to itself."""
    return [fix for fix in fixes if fix.label != Way.RECEIPT.value]


def _looked_at(operations: Sequence[Operation]) -> datetime | None:
    """When its late write can no longer come, or what was put off is due."""
    for one in operations:
        if one.state in UNFINISHED and one.sent_at:
            over = one.sent_at + timedelta(seconds=remote.lease_seconds())
            # The sweep looks at it when both have passed.
            return max(over, one.not_before or over)
    return None


def _event(one: Operation, names: Mapping[int, str], told_above: str) -> Event:
    """`told_above` is why the line stands in Error: once is enough."""
    reason = one.last_error or one.reason
    changes = field_changes(_image(one.before), _image(one.after), names)
    return Event(
        operation=one,
        title=event_title(one),
        who=asked_by(one.run),
        when=one.finished_at or one.sent_at or one.created_at,
        reason="" if reason == told_above else reason,
        changes=tuple(change for change in changes if change.changed),
    )


def asked_by(run: SyncRun) -> str:
    """Who asked for a run: a person by name, a command, the schedule."""
    name = (run.user.get_full_name() or run.user.get_username()) if run.user else ""
    if run.origin == Origin.SCHEDULE:
        return "the schedule"
    if run.origin == Origin.COMMAND:
        return f"a command of {name}" if name else "a command"
    return name or "a person who is gone"


def _product_names(operations: Sequence[Operation]) -> dict[int, str]:
    images = [_image(kept) for one in operations for kept in (one.before, one.after)]
    rows = Product.objects.filter(connectwise_id__in=product_ids(*images))
    return dict(rows.values_list("connectwise_id", "name"))


def _image(kept: Mapping[str, object] | None) -> AdditionImage | None:
    """None also of an agreement's operation, which has other fields."""
    return AdditionImage.from_json(kept) if kept and "product_id" in kept else None


@dataclass(frozen=True, kw_only=True)
class RetryRow:
    """One operation of a Retry: what is there now, and what would be written."""

    title: str
    reason: str
    fields: tuple[FieldChange, ...]
    is_refused: bool
    is_new: bool


def retry_rows(draft: SyncRun) -> list[RetryRow]:
    """What a preview of a Retry would write, in the order in which it would be sent."""
    operations = list(draft.operations.select_related("undoes").order_by("pk"))
    names = _product_names(operations)
    return [
        RetryRow(
            title=wanted_title(one),
            reason=one.reason,
            fields=field_changes(_image(one.before), _image(one.after), names),
            is_refused=one.state == S.REFUSED,
            is_new=one.before is None,
        )
        for one in operations
    ]
