"""Which operations an undo takes back, and the facts its plan is made from (P50)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import cautions, gather, owned, remote
from invoices.sync.cautions import Caution
from invoices.sync.facts import Agreement, Line, Planned, PlanSettings
from invoices.sync.images import AdditionImage
from invoices.sync.read import Listed
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import (
    AGREEMENT_KINDS,
    CLOSED_POSTING,
    UNFINISHED,
    OperationKind,
    OperationState,
    PostingState,
)
from invoices.sync.undo_plan import Done, Ours, plan_undo
from mapping.numbers import numbered

logger = logging.getLogger(__name__)

# The reason's code of a newer change that was written again over an older one (write_again.py).
WRITTEN_AGAIN = "written_again"


@dataclass(frozen=True, slots=True)
class UndoFacts:
    """All that an undo's plan is made from but what stands in ConnectWise now."""

    done: list[Done]
    agreements: dict[int, Agreement]
    settings: PlanSettings

    def plan(self, listed: Listed | None = None) -> tuple[Planned, ...]:
        """Newest first; without `listed`, by our own books alone."""
        found = owned.found((one.ours for one in self.done), listed) if listed else {}
        return plan_undo(self.done, self.agreements, found, self.settings)


def can_be_undone() -> QuerySet[Operation]:
    """What was done for good, and not taken back yet.

    Not what was written again: its values are those of a change that is taken back by itself.
    """
    back = Operation.objects.filter(undoes=OuterRef("pk"), state=OperationState.DONE)
    return Operation.objects.filter(
        ~Exists(back), state=OperationState.DONE, undoes=None, posting__isnull=False
    ).exclude(Q(kind__in=AGREEMENT_KINDS) | Q(reason_code=WRITTEN_AGAIN))


def why_run_stays(run: SyncRun) -> str:
    """Why nothing of this run can be taken back; "" where it can."""
    if run.is_live or run.is_draft:
        return "It is not over yet. Stop it, or wait until it is."
    if run.is_undo:
        return "An undo isn't undone: post its lines again instead."
    not_yet = why_not_yet(UndoScope(run=run.pk), run.period)
    if not_yet:
        return not_yet
    if not can_be_undone().filter(run=run).exists():
        return "Nothing of it stands in ConnectWise."
    return ""


def rest_of(begun: SyncRun) -> UndoScope:
    """What this undo has left; where it never came to a plan, all that it was to take back."""
    scope = RunScope.from_json(begun.scope).undo
    assert scope
    if not begun.operations.exists():
        return scope
    # Not the whole month once more: what was posted since is no rest of it.
    return replace(scope, period=False, rest_of=begun.pk)


def why_no_rest(begun: SyncRun) -> str:
    """Why an undo can't be gone on with; "" where it can."""
    if not begun.is_undo:
        return f"Run {begun.pk} is no undo."
    if begun.is_live or begun.is_draft:
        return "It is not over yet. Stop it, or wait until it is."
    scope = rest_of(begun)
    not_yet = why_not_yet(scope, begun.period)
    if not_yet:
        return not_yet
    if not chosen(scope, begun.period).exists():
        return "It has left nothing to take back."
    return ""


def why_not_yet(scope: UndoScope, period: date) -> str:
    """Why it has to wait: what is not known to stand there can't be taken back; "" where it needn't."""
    unfinished = Operation.objects.filter(state__in=[state.value for state in UNFINISHED])
    count = _of(scope, period, unfinished.exclude(kind__in=AGREEMENT_KINDS)).count()
    if not count:
        return ""
    lines = numbered(count, "line of it is", "lines of it are")
    return f"{lines} being sent or checked. Undo it when that is settled."


def chosen(scope: UndoScope, period: date) -> QuerySet[Operation]:
    """A run's, a line's, all of the period's lines and vanished subscriptions, or an undo's rest."""
    return _of(scope, period, can_be_undone())


def _of(scope: UndoScope, period: date, found: QuerySet[Operation]) -> QuerySet[Operation]:
    if scope.rest_of is not None:
        planned = Operation.objects.filter(run=scope.rest_of)
        # Its own ones, too, where it is asked for what isn't settled yet.
        return found.filter(Q(pk__in=planned.values("undoes")) | Q(run=scope.rest_of))
    if scope.run is not None:
        return found.filter(run=scope.run)
    if scope.line is not None:
        return found.filter(line=scope.line)
    return found.filter(Q(line__period=period) | Q(line=None, run__period=period))


def with_later_ones(operations: QuerySet[Operation]) -> set[int]:
    """And what has to be taken back with them, or before them."""
    found: set[int] = set()
    new = set(operations.values_list("pk", flat=True))
    while new:
        found |= new
        # What was brought in may bring in more: the other half of a move is on another Addition.
        new = {pk for some in _needed(found) for pk in some} - found
    return found


def _needed(found: set[int]) -> Iterable[Iterable[int]]:
    """Later ones on the same Addition, the other half of a move, and what came in an ended one's place."""
    these = Operation.objects.filter(pk__in=found)
    earlier = these.filter(posting=OuterRef("posting"), pk__lt=OuterRef("pk"))
    yield can_be_undone().filter(Exists(earlier)).values_list("pk", flat=True)
    half = these.filter(run=OuterRef("run"), line=OuterRef("line"))
    yield can_be_undone().filter(Exists(half), line__isnull=False).values_list("pk", flat=True)
    made = these.filter(kind=OperationKind.CREATE).values("posting")
    reopened = (
        these.filter(kind__in=[OperationKind.END, OperationKind.DELETE])
        .exclude(subscription_id="")
        .exclude(posting__in=made)
    )
    after = reopened.filter(subscription_id=OuterRef("subscription_id"), pk__lt=OuterRef("pk"))
    successors = can_be_undone().filter(
        Exists(after), kind=OperationKind.CREATE, posting__state=PostingState.OPEN
    )
    yield successors.values_list("pk", flat=True)


def gather_undo(scope: UndoScope, period: date, *, overwrite: bool) -> UndoFacts:
    """Raises `wire.errors.RemoteError` where we don't know yet who we are."""
    found = with_later_ones(chosen(scope, period))
    operations = Operation.objects.filter(pk__in=found).select_related("posting")
    postings = _postings({one.posting_id for one in operations if one.posting_id})
    lines = {
        line.id: line
        for line in gather.gather_lines(
            InvoiceLine.objects.filter(operations__in=found, is_mapped=True).distinct()
        )
    }
    stays = _what_stays(operations)
    done = [_done(one, postings, lines, stays) for one in operations if one.posting_id]
    return UndoFacts(
        done=done,
        agreements=gather.gather_agreements(one.ours.agreement_id for one in done),
        settings=gather.plan_settings(
            remote.seller_id(), remote.installation(), overwrite=overwrite
        ),
    )


def _postings(ids: set[int]) -> dict[int, Ours]:
    unfinished = Operation.objects.filter(
        posting=OuterRef("pk"), state__in=[state.value for state in UNFINISHED]
    )
    rows = (
        Posting.objects.filter(pk__in=ids)
        .select_related("agreement", "line")
        .annotate(
            busy=Exists(unfinished),
            removals=Count("line__opened", filter=Q(line__opened__state__in=CLOSED_POSTING)),
        )
    )
    return {row.pk: _ours(row) for row in rows}


def _ours(row: Posting) -> Ours:
    return Ours(
        key=row.key,
        state=PostingState(row.state),
        addition_id=row.addition_id,
        agreement_id=row.agreement.connectwise_id,
        subscription_id=row.subscription_id,
        customer=row.line.organization_name,
        image=AdditionImage.from_json(row.after_image) if row.after_image else None,
        opened_by=row.line.platform_id,
        removals=row.removals,  # type: ignore[attr-defined]  # annotated above
        busy=row.busy,  # type: ignore[attr-defined]
    )


def _what_stays(operations: Iterable[Operation]) -> dict[tuple[int, int], tuple[Caution, ...]]:
    """By run and agreement: what was done to it in these runs."""
    work = Operation.objects.filter(
        run__in={one.run_id for one in operations},
        kind__in=AGREEMENT_KINDS,
        state=OperationState.DONE,
        own_agreement__agreement__isnull=False,
    ).select_related("own_agreement__agreement")
    told: dict[tuple[int, int], tuple[Caution, ...]] = {}
    for one in work.order_by("pk"):
        agreement = one.own_agreement and one.own_agreement.agreement
        assert agreement
        made = one.kind == OperationKind.CREATE_AGREEMENT
        words = cautions.agreement_stays if made else cautions.billing_start_stays
        told.setdefault((one.run_id, agreement.pk), ())
        told[one.run_id, agreement.pk] += (words(agreement.name),)
    return told


def _done(
    one: Operation,
    postings: dict[int, Ours],
    lines: dict[int, Line],
    stays: dict[tuple[int, int], tuple[Caution, ...]],
) -> Done:
    assert one.posting_id
    created = one.kind == OperationKind.CREATE and one.agreement_id is not None
    return Done(
        id=one.pk,
        kind=OperationKind(one.kind),
        ours=postings[one.posting_id],
        before=AdditionImage.from_json(one.before) if one.before else None,
        after=AdditionImage.from_json(one.after) if one.after else None,
        line=lines.get(one.line_id) if one.line_id else None,
        is_step=one.is_step,
        stays=stays.get((one.run_id, one.agreement_id or 0), ()) if created else (),
    )


def log_start(run: SyncRun) -> None:
    """Who takes back what, and how much (P50)."""
    scope = RunScope.from_json(run.scope).undo
    assert scope
    found = with_later_ones(chosen(scope, run.period))
    count = Operation.objects.filter(pk__in=found, is_step=False).count()
    links: dict[str, object] = {"run": run.pk}
    what = f"run {scope.run}" if scope.run else f"{run.period:%B %Y}"
    if scope.line:
        links["line"] = InvoiceLine.objects.values_list("platform_id", flat=True).get(pk=scope.line)
        what = f"line {links['line']}"
    if scope.rest_of:
        what = f"what undo {scope.rest_of} has left of {what}"
    logger.info(
        "%s began to undo %s: %s to be taken back",
        run.user.username if run.user else "A command",
        what,
        numbered(count, "posting is", "postings are"),
        extra=links,
    )


def preview_undo(scope: UndoScope, period: date, *, overwrite: bool = False) -> tuple[Planned, ...]:
    """What an undo would do by what we know of ConnectWise; nothing is kept."""
    return gather_undo(scope, period, overwrite=overwrite).plan()


def period_of(scope: UndoScope, period: date | None) -> date | None:
    """Which period an undo belongs to; None where there is no such run or line."""
    begun = scope.rest_of or scope.run
    if begun is not None:
        return SyncRun.objects.filter(pk=begun).values_list("period", flat=True).first()
    if scope.line is not None:
        return InvoiceLine.objects.filter(pk=scope.line).values_list("period", flat=True).first()
    return period
