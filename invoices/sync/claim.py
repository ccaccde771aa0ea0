"""Intent: takes one planned operation, its line and its key, in one short transaction (docs/posting.md, 3).

Nothing is sent here. What is taken is frozen until it is recorded or settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import owned, remote
from invoices.sync.states import (
    AGREEMENT_KINDS,
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
        return self.operation.after or {}


def claim_next(run_id: int, epoch: int) -> Claim | None:
    """The next one that can be sent now, or None; raises `RunOver`."""
    while True:
        with transaction.atomic():
            operation = _next_planned(run_id, epoch)
            if operation is None:
                return None
            claim = _take(operation)
        if claim:
            return claim


def _next_planned(run_id: int, epoch: int) -> Operation | None:
    going = SyncRun.objects.filter(
        pk=run_id, epoch=epoch, state=RunState.RUNNING, stop_requested=False
    )
    if not going.update(heartbeat=Now()):
        raise RunOver
    due = Q(not_before__isnull=True) | Q(not_before__lte=Now())
    ready = Q(waits_for__isnull=True) | Q(waits_for__state=OperationState.DONE)
    return (
        Operation.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(due, ready, run_id=run_id, state=OperationState.PLANNED)
        .order_by("pk")
        .first()
    )


def _take(operation: Operation) -> Claim | None:
    """Claims it with its line; None where the line or its Addition changed meanwhile."""
    try:
        with transaction.atomic():
            if operation.kind in AGREEMENT_KINDS:
                return _lease(operation)
            if operation.line_id and not _freeze_line(operation):
                _set_aside(operation, "The line changed after it was planned. Sync again.")
                return None
            operation.agreement_id = _agreement_id(operation)
            posting = _posting(operation)
            if posting is None:
                _set_aside(operation, "Its Addition is no longer open. Sync again.")
                return None
            operation.posting = posting
            return _lease(operation)
    except HasAddition as error:
        _set_aside(operation, str(error))
        return None
    except IntegrityError:
        _set_aside(
            operation, "Another operation for it is under way; sync again when that is settled."
        )
        return None


def _freeze_line(operation: Operation) -> bool:
    """Takes the line by its old state; in a transaction that an integrity error undoes."""
    assert operation.line_id and operation.line_version
    lines = InvoiceLine.objects.filter(
        pk=operation.line_id, version=operation.line_version, in_flight=False
    )
    if not operation.undoes_id:
        lines = lines.filter(is_mapped=True).exclude(psa_status=InvoiceLine.Status.SYNCED)
    return bool(lines.update(in_flight=True, version=F("version") + 1))


def _agreement_id(operation: Operation) -> int | None:
    """The agreement it works in: by now the one it waited for, directly or not, is made."""
    before = operation.waits_for
    while operation.agreement_id is None and before is not None:
        if before.own_agreement:
            return before.own_agreement.agreement_id
        before = before.waits_for
    return operation.agreement_id


def _posting(operation: Operation) -> Posting | None:
    """The Posting it makes or changes; None where that one isn't open (but for an undo)."""
    if operation.kind == OperationKind.CREATE:
        return _open_posting(operation)
    over = [PostingState.ENDED, PostingState.REMOVED]
    states = [PostingState.OPEN, *(over if operation.undoes_id else [])]
    return Posting.objects.filter(key=operation.key, state__in=states).first()


def _open_posting(operation: Operation) -> Posting:
    """The Posting of this key; one left by an earlier try that never came about is used again.

    Raises `HasAddition`, and IntegrityError where the subscription's Addition is another line's.
    """
    assert operation.agreement_id
    line, last_period = _opener(operation)
    posting, made = Posting.objects.get_or_create(
        key=operation.key,
        defaults={
            "reference_field": remote.reference_field(),
            "line": line,
            "subscription_id": operation.subscription_id,
            "agreement_id": operation.agreement_id,
            "last_period": last_period,
        },
    )
    if not made:
        if posting.state != PostingState.OPENING:
            raise HasAddition(
                f"This line has its Addition {posting.addition_id} already; change it in ConnectWise."
            )
        posting.agreement_id = operation.agreement_id
        posting.subscription_id = operation.subscription_id
        posting.save(update_fields=["agreement", "subscription_id"])
    return posting


def _opener(operation: Operation) -> tuple[InvoiceLine, date]:
    """The line that opens the Addition; one that was removed is made again as what it was."""
    if operation.undoes and operation.undoes.posting:
        removed = operation.undoes.posting
        return removed.line, owned.last_period_left(operation) or removed.last_period
    assert operation.line
    return operation.line, operation.line.period


def _lease(operation: Operation) -> Claim:
    check_move(OperationState(operation.state), OperationState.CLAIMED)
    token = uuid4()
    operation.state = OperationState.CLAIMED
    operation.lease_token = token
    Operation.objects.filter(pk=operation.pk).update(
        state=OperationState.CLAIMED,
        lease_token=token,
        lease_expires_at=Now() + timedelta(seconds=remote.lease_seconds()),
        agreement_id=operation.agreement_id,
        posting=operation.posting,
        attempts=F("attempts") + 1,
        sent_at=None,
        not_before=None,
    )
    return Claim(operation, token)


def _set_aside(operation: Operation, reason: str) -> None:
    """Nothing is sent for it, nor for what waits for it."""
    check_move(OperationState(operation.state), OperationState.SKIPPED)
    aside = [operation.pk]
    while aside:
        Operation.objects.filter(pk__in=aside).update(
            state=OperationState.SKIPPED, reason=reason, reason_code="changed", finished_at=Now()
        )
        waiting = Operation.objects.filter(waits_for__in=aside, state=OperationState.PLANNED)
        aside = list(waiting.values_list("pk", flat=True))


def lease_again(operation: Operation) -> Claim | None:
    """Takes an unknown one that was looked for and not found, to send it once more."""
    check_move(OperationState.UNKNOWN, OperationState.CLAIMED)
    token = uuid4()
    taken = Operation.objects.filter(
        pk=operation.pk, state=OperationState.UNKNOWN, lease_token=operation.lease_token
    ).update(
        state=OperationState.CLAIMED,
        lease_token=token,
        lease_expires_at=Now() + timedelta(seconds=remote.lease_seconds()),
        attempts=F("attempts") + 1,
        sent_at=None,
        # A late write of the first try could still arrive: the key is looked for again.
        recheck_at=Now() + remote.FIRST_RECHECK,
    )
    operation.lease_token = token
    return Claim(operation, token, again=True) if taken else None


def stamp_sent(claim: Claim) -> None:
    """Called when the bytes are about to go out; raises `LeaseLost` where we may no longer send."""
    sent = Operation.objects.filter(
        pk=claim.operation.pk,
        state=OperationState.CLAIMED,
        lease_token=claim.token,
        lease_expires_at__gt=Now(),
    ).update(
        sent_at=Now(),
        times_sent=F("times_sent") + 1,
        lease_expires_at=Now() + timedelta(seconds=remote.lease_seconds()),
    )
    if not sent:
        raise LeaseLost


class HasAddition(Exception):
    """The line's key has its Addition: it is never posted a second time."""


class LeaseLost(Exception):
    """Somebody else has this operation by now; nothing was sent."""
