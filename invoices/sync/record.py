"""Records a call that came to nothing, or to nobody knows what, in one transaction (docs/posting.md, 5).

Only the holder of the lease records; a late reply of a worker that lost it is left to settling,
which finds the Addition by its key.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Coalesce, Now

from invoices.causes import NOT_CONFIRMED
from invoices.models import InvoiceLine, Operation
from invoices.sync import moves
from invoices.sync.claim import Claim
from invoices.sync.states import MoveRefused, OperationKind, OperationState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation failed, in words for the row; `code` groups lines of one cause."""

    code: str
    reason: str


def failed(claim: Claim, failure: Failure, *, request_id: str = "") -> bool:
    """ConnectWise refused it, so nothing stands there: the line is an Error and free."""
    operation = claim.operation
    with transaction.atomic():
        if not moves.move(
            claim,
            OperationState.FAILED,
            {"request_id": request_id, "last_error": failure.reason},
        ):
            return False
        moves.drop_posting(operation)
        _give_line_back(operation, InvoiceLine.Status.ERROR, failure.reason, failure.code)
        _fail_waiting(operation, failure)
    # After the transaction, here as everywhere: a rollback would take the log's row with it.
    logger.error(
        "%s was not posted: %s", operation_name(operation), failure.reason, extra=links(operation)
    )
    return True


def unknown(claim: Claim, reason: str, *, request_id: str = "", sent: bool | None = None) -> bool:
    """Sent, and nobody knows: it stays frozen and is looked for later.

    `sent` is whether this try counts as sent; where it isn't said, its stamp tells.
    """
    operation = claim.operation
    with transaction.atomic():
        changes = {
            "request_id": request_id,
            "last_error": reason,
            # From when on it is looked for, also where it came to nothing before it was sent.
            "sent_at": Coalesce("sent_at", Now()),
        }
        if sent is not None:
            stamped = Case(When(sent_at__isnull=False, then=1), default=0)
            changes["times_sent"] = F("times_sent") + int(sent) - stamped
        if not moves.move(claim, OperationState.UNKNOWN, changes, finished=False):
            return False
        mark_not_confirmed(Operation.objects.filter(pk=operation.pk))
    logger.warning(
        "%s is not confirmed, it will be looked for: %s",
        operation_name(operation),
        reason,
        extra=links(operation),
    )
    return True


def mark_not_confirmed(operations: QuerySet[Operation]) -> None:
    """Their lines show it (P27), until it is settled."""
    InvoiceLine.objects.filter(operations__in=operations).exclude(error=NOT_CONFIRMED).update(
        psa_status=InvoiceLine.Status.ERROR,
        error=NOT_CONFIRMED,
        error_code="not_confirmed",
        version=F("version") + 1,
    )


def postponed(claim: Claim, reason: str, *, seconds: float) -> bool:
    """Nothing was done there: it is planned again, not before `seconds` from now."""
    operation = claim.operation
    changes = {
        "last_error": reason,
        "sent_at": None,
        # Stamped as sent, but surely not done: the next time is like the first.
        "times_sent": 0,
        "not_before": Now() + timedelta(seconds=seconds),
    }
    try:
        with transaction.atomic():
            if not moves.move(claim, OperationState.PLANNED, changes, finished=False):
                return False
            # Kept, it would hold its subscription for ever once the run is stopped.
            moves.drop_posting(operation)
            moves.hand_on_line(operation)
    except MoveRefused:
        # It took so long that the sweep holds it for unknown by now, and settles it.
        return unknown(claim, reason)
    return True


def withdrawn(claim: Claim, reason: str) -> bool:
    """Nothing was done there and nothing will be: the line is Not Synced and free."""
    operation = claim.operation
    with transaction.atomic():
        if not moves.move(claim, OperationState.WITHDRAWN, {"last_error": reason}):
            return False
        moves.drop_posting(operation)
        _give_line_back(operation, InvoiceLine.Status.NOT_SYNCED)
        moves.drop_waiting(operation, OperationState.WITHDRAWN, reason)
    return True


def _give_line_back(operation: Operation, status: str, error: str = "", code: str = "") -> None:
    """Free again, with what came of it; an undo that came to nothing leaves the line as it was."""
    if operation.undoes_id:
        moves.restore_line(operation)
    else:
        moves.release_line(operation, psa_status=status, error=error, error_code=code)


def _fail_waiting(operation: Operation, failure: Failure) -> None:
    """What waited for it fails with its reason; a move's second half is the same line's."""
    told = _told_to_waiting(operation, failure)
    waiting = moves.drop_waiting(operation, OperationState.FAILED, told.reason)
    if operation.undoes_id:
        return
    lines = {one.line_id for one in waiting if one.line_id and one.line_id != operation.line_id}
    InvoiceLine.objects.filter(pk__in=lines, in_flight=False).exclude(
        psa_status=InvoiceLine.Status.SYNCED
    ).update(
        psa_status=InvoiceLine.Status.ERROR,
        error=told.reason,
        error_code=told.code,
        version=F("version") + 1,
    )


def _told_to_waiting(operation: Operation, failure: Failure) -> Failure:
    """What the lines that waited for it say, with ConnectWise's own words."""
    if operation.kind == OperationKind.CREATE_AGREEMENT:
        reason = f"The new agreement could not be made: {failure.reason}"
        return Failure("agreement_not_made", reason)
    if operation.kind == OperationKind.UPDATE_AGREEMENT and operation.agreement:
        return Failure(
            "before_billing_start",
            f"The charge starts before agreement {operation.agreement.name} begins to bill, and "
            f"ConnectWise does not move that back: {failure.reason} "
            "Change the start date here, or the billing start in ConnectWise.",
        )
    return failure


def operation_name(operation: Operation) -> str:
    """What it is about, as System Logs call it."""
    if operation.line:
        return operation.line.platform_id
    own = operation.own_agreement
    if own:
        return f"Agreement {own.contract_id}"
    if operation.subscription_id:
        return f"Subscription {operation.subscription_id}"
    return f"Addition {operation.addition_id}" if operation.addition_id else str(operation)


def links(operation: Operation) -> dict[str, object]:
    """What an entry of System Logs about it leads to."""
    links: dict[str, object] = {"run": operation.run_id}
    return links | ({"line": operation.line.platform_id} if operation.line else {})
