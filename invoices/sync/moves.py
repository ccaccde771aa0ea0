"""What every outcome does to the rows around an operation: its state, its line, what waits for it.

Everything here runs inside the caller's transaction.
"""

from collections.abc import Mapping

from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync.claim import Claim
from invoices.sync.states import (
    DRAFTS,
    UNFINISHED,
    OperationKind,
    OperationState,
    PostingState,
    check_move,
)


def move(
    claim: Claim,
    after: OperationState,
    changes: Mapping[str, object],
    *,
    finished: bool = True,
) -> bool:
    """Moves the operation if this lease still holds it."""
    # Locked, not only looked at: the sweep may be calling it unknown at this very moment.
    held = Operation.objects.select_for_update().filter(
        pk=claim.operation.pk,
        lease_token=claim.token,
        state__in=[state.value for state in UNFINISHED],
    )
    state = held.values_list("state", flat=True).first()
    if state is None:
        return False
    # Unknown may stay unknown: the sweep had called it so before its worker did.
    if state != after:
        check_move(OperationState(state), after)
    finish = {"finished_at": Now()} if finished else {}
    Operation.objects.filter(pk=claim.operation.pk).update(state=after, **finish, **changes)
    return True


def release_line(operation: Operation, **changes: object) -> None:
    """Frees the line."""
    # The version grows: open pages fetch the row, and other plans of it are void.
    InvoiceLine.objects.filter(operations=operation).update(
        in_flight=False, version=F("version") + 1, **changes
    )


def hand_on_line(operation: Operation, **changes: object) -> None:
    """Frees the line for what this run still plans for it, which was planned on it as it was."""
    if operation.line_id is None:
        return
    release_line(operation, **changes)
    version = InvoiceLine.objects.values_list("version", flat=True).get(pk=operation.line_id)
    Operation.objects.filter(
        run=operation.run_id, line=operation.line_id, state=OperationState.PLANNED
    ).update(line_version=version)


def restore_line(operation: Operation) -> None:
    """After an undo that came to nothing: the line is what it was before.

    Not Synced, where an earlier step of the undo has taken it back already.
    """
    if operation.line_id is None:
        return
    taken_back = When(posting=None, then=Value(InvoiceLine.Status.NOT_SYNCED))
    InvoiceLine.objects.filter(pk=operation.line_id, error_code="not_confirmed").update(
        psa_status=Case(taken_back, default=Value(InvoiceLine.Status.SYNCED)),
        error="",
        error_code="",
    )
    release_line(operation)


def drop_posting(operation: Operation) -> None:
    """No Addition came of it, so its key is free again; the operation keeps it on record."""
    if operation.kind == OperationKind.CREATE and operation.posting_id:
        posting = operation.posting_id
        Operation.objects.filter(pk=operation.pk).update(posting=None)
        Posting.objects.filter(pk=posting, state=PostingState.OPENING).delete()


def waiting_for(operation: Operation) -> list[Operation]:
    """All that is planned after it, directly or not; of other runs, too, but not of previews."""
    found: list[Operation] = []
    last = [operation.pk]
    while last:
        after = list(
            Operation.objects.filter(waits_for__in=last, state=OperationState.PLANNED)
            .exclude(run__state__in=[state.value for state in DRAFTS])
            .select_related("line")
        )
        found += after
        last = [one.pk for one in after]
    return found


def drop_waiting(operation: Operation, state: OperationState, reason: str) -> list[Operation]:
    """What waited for it can't come any more: it ends alike."""
    waiting = waiting_for(operation)
    Operation.objects.filter(pk__in=[one.pk for one in waiting]).update(
        state=state, last_error=reason, finished_at=Now()
    )
    return waiting
