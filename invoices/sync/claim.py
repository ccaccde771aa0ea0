"""Intent: takes one planned operation, its line and its key, in one short transaction (docs/posting.md, 3).

Nothing is sent here. What is taken is frozen until it is recorded or settled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import owned, remote, statements
from invoices.sync.states import (
    AGREEMENT_KINDS,
    CLOSED_POSTING,
    OperationKind,
    OperationState,
    PostingState,
    RunState,
    check_move,
)


class RunOver(Exception):
    """The run ended, was stopped or was taken over: this worker takes nothing more from it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An operation that is ours to send until its lease ends."""

    operation: Operation
    token: UUID
    # Looked for before and sent once more: it may belong to a run that is over.
    again: bool = False

    @property
    def after(self) -> Mapping[str, Any]:
        """What the Addition is to say, as JSON; empty where it is to go."""
        return self.operation.after or {}


def claim_next(run_id: int, epoch: int) -> Claim | None:
    """The next one that can be sent now, or None; raises `RunOver`."""
    # One that can't be taken is set aside, so that it doesn't stand before all the others for ever.
    while True:
        try:
            return _claim_next(run_id, epoch)
        except NotTaken as error:
            _set_aside(error.operation, str(error))


def _claim_next(run_id: int, epoch: int) -> Claim | None:
    """In one transaction, so that what is not taken is left as it was; raises `NotTaken`, too."""
    with transaction.atomic():
        operation = statements.next_planned(run_id, epoch)
        if operation is None:
            _refuse_run_over(run_id, epoch)
            return None
        try:
            return _take(operation)
        except IntegrityError as error:
            # One unfinished operation for each Posting and each line is the database's own rule:
            # two runs that planned the same can't both get here, whatever each has read before.
            raise NotTaken(
                operation, "Another operation for it is under way; sync again when that is settled."
            ) from error


def _refuse_run_over(run_id: int, epoch: int) -> None:
    going = SyncRun.objects.filter(
        pk=run_id, epoch=epoch, state=RunState.RUNNING, stop_requested=False
    )
    if not going.exists():
        raise RunOver


def _take(operation: Operation) -> Claim:
    """Claims it with its line; what it raises undoes all of it."""
    # It has no line and no Posting: its OwnAgreement row is what can't be taken twice (P46).
    if operation.kind in AGREEMENT_KINDS:
        return _lease(operation)
    if operation.line_id and not statements.freeze_line(operation):
        raise NotTaken(operation, "The line changed after it was planned. Sync again.")
    operation.agreement_id = _agreement_id(operation)
    operation.posting_id = _posting_id(operation)
    if operation.posting_id is None:
        raise NotTaken(operation, "Its Addition is no longer open. Sync again.")
    return _lease(operation)


def _agreement_id(operation: Operation) -> int | None:
    """The agreement it works in: by now the one it waited for, directly or not, is made."""
    before = operation.waits_for
    while operation.agreement_id is None and before is not None:
        if before.own_agreement:
            return before.own_agreement.agreement_id
        # A move's second half waits for the first, and that one for the agreement.
        before = before.waits_for
    return operation.agreement_id


def _posting_id(operation: Operation) -> int | None:
    """The Posting it makes or changes; None where that one isn't open (but for an undo)."""
    if operation.kind == OperationKind.CREATE:
        line, last_period = _opener(operation)
        return statements.open_posting(operation, line, last_period) or _open_again(operation)
    # An undo also reopens what was ended, and keeps books of what is gone.
    states = [PostingState.OPEN, *(CLOSED_POSTING if operation.undoes_id else ())]
    return statements.find_posting(operation.key, states)


def _open_again(operation: Operation) -> int:
    """The Posting of this key that an earlier try left, which never came about.

    Raises `NotTaken`, and IntegrityError where the subscription's Addition is another line's.
    """
    posting = Posting.objects.get(key=operation.key)
    if posting.state != PostingState.OPENING:
        # A line's key that has its Addition is never posted a second time.
        raise NotTaken(
            operation,
            f"This line has its Addition {posting.addition_id} already; change it in ConnectWise.",
        )
    assert operation.agreement_id
    posting.agreement_id = operation.agreement_id
    posting.subscription_id = operation.subscription_id
    posting.save(update_fields=["agreement", "subscription_id"])
    return posting.pk


def _opener(operation: Operation) -> tuple[InvoiceLine, date]:
    """The line that opens the Addition; one that was removed is made again as what it was."""
    if operation.undoes and operation.undoes.posting:
        removed = operation.undoes.posting
        return removed.line, owned.last_period_left(operation) or removed.last_period
    assert operation.line
    return operation.line, operation.line.period


def _lease(operation: Operation) -> Claim:
    check_move(OperationState(operation.state), OperationState.CLAIMED)
    # A new one for each lease: whoever slept through the end of theirs can neither send nor record.
    token = uuid4()
    statements.lease(operation, token, remote.lease_seconds())
    operation.state = OperationState.CLAIMED
    operation.lease_token = token
    return Claim(operation, token)


def _set_aside(operation: Operation, reason: str) -> None:
    """Nothing is sent for it, nor for what waits for it."""
    check_move(OperationState(operation.state), OperationState.SKIPPED)
    # Its lock is gone with the claim that failed: another worker may have taken it meanwhile.
    aside = _skip([operation.pk], reason)
    while aside:
        waiting = Operation.objects.filter(waits_for__in=aside)
        aside = _skip(waiting.values_list("pk", flat=True), reason)


def _skip(operations: Iterable[int], reason: str) -> list[int]:
    """Those of them that were still planned."""
    with transaction.atomic():
        planned = Operation.objects.filter(pk__in=operations, state=OperationState.PLANNED)
        found = list(planned.select_for_update(of=("self",)).values_list("pk", flat=True))
        Operation.objects.filter(pk__in=found).update(
            state=OperationState.SKIPPED, reason=reason, reason_code="changed", finished_at=Now()
        )
    return found


def lease_again(operation: Operation) -> Claim | None:
    """Takes an unknown one that was looked for and not found, to send it once more."""
    check_move(OperationState.UNKNOWN, OperationState.CLAIMED)
    token = uuid4()
    # On condition of the old token: of two sweeps that found it missing, one sends it.
    taken = Operation.objects.filter(
        pk=operation.pk, state=OperationState.UNKNOWN, lease_token=operation.lease_token
    ).update(
        state=OperationState.CLAIMED,
        lease_token=token,
        lease_expires_at=Now() + timedelta(seconds=remote.lease_seconds()),
        attempts=F("attempts") + 1,
        # This try's stamp; that it was sent before stays in `times_sent`.
        sent_at=None,
        # A late write of the first try could still arrive: the key is looked for again.
        recheck_at=Now() + remote.FIRST_RECHECK,
    )
    operation.lease_token = token
    return Claim(operation, token, again=True) if taken else None


def stamp_sent(claim: Claim) -> None:
    """Called when the bytes are about to go out; raises `LeaseLost`, `RunOver` where they may not."""
    operation, seconds = claim.operation, remote.lease_seconds()
    if statements.stamp_sent(operation, claim.token, seconds, again=claim.again):
        return
    ours = Operation.objects.filter(
        pk=operation.pk,
        state=OperationState.CLAIMED,
        lease_token=claim.token,
        lease_expires_at__gt=Now(),
    )
    raise RunOver if ours.exists() else LeaseLost


class NotTaken(Exception):
    """Why the operation can't be sent any more, though it was planned."""

    def __init__(self, operation: Operation, why: str) -> None:
        super().__init__(why)
        self.operation = operation


class LeaseLost(Exception):
    """Somebody else has this operation by now; nothing was sent."""
