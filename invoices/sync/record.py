"""Records what a call came to, each outcome in one transaction (docs/posting.md, 5).

Only the holder of the lease records; a late reply of a worker that lost it is left to settling,
which finds the Addition by its key.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now

from invoices.amounts import to_cents
from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import remote
from invoices.sync.claim import Claim
from invoices.sync.images import AdditionImage, differences
from invoices.sync.states import (
    UNFINISHED,
    MoveRefused,
    OperationState,
    PostingState,
    check_move,
)
from psa_connectwise.schemas import Addition

logger = logging.getLogger(__name__)

UNTOLD = "product, quantity, price, cost or effective date is empty"
NOT_CONFIRMED = "not confirmed – checking"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation failed, in words for the row; `code` groups lines of one cause."""

    code: str
    reason: str


def created(claim: Claim, addition: Addition, *, request_id: str = "") -> bool:
    """The Addition stands there: Synced, or Error where it is not what was sent."""
    operation = claim.operation
    found = remote.image_of(addition)
    wanted = AdditionImage.from_json(operation.after or {})
    wrong = "; ".join(map(str, differences(wanted, found))) if found else UNTOLD
    told = f"Changed in ConnectWise: {wrong}" if wrong else computed_wrong(wanted, addition)
    with transaction.atomic():
        if not _move(claim, OperationState.DONE, request_id=request_id, addition_id=addition.id):
            return False
        Posting.objects.filter(key=operation.key).update(
            state=PostingState.OPEN,
            addition_id=addition.id,
            after_image=found.to_json() if found else {},
        )
        _release_line(
            operation,
            psa_status=InvoiceLine.Status.ERROR if wrong else InvoiceLine.Status.SYNCED,
            error=told if wrong else "",
            error_code="changed_in_connectwise" if wrong else "",
            note="" if wrong else "\n".join([*operation.warnings, *([told] if told else [])]),
            posting=operation.posting_id,
            addition_id=addition.id,
            synced_at=Now(),
            synced_by=operation.run.user_id,
        )
        _show_agreement(operation)
    _log_created(operation, addition, told)
    return True


def _show_agreement(operation: Operation) -> None:
    """A line that asked for a new agreement shows the one it was posted into (P46)."""
    if operation.agreement:
        InvoiceLine.objects.filter(operations=operation, create_agreement=True).update(
            create_agreement=False,
            agreement=operation.agreement,
            agreement_name=operation.agreement.name,
        )


def computed_wrong(wanted: AdditionImage, addition: Addition) -> str:
    """What ConnectWise computed, where it isn't quantity × price to the cent (P43); else ""."""
    told = []
    for name, unit, computed in (
        ("extended price", wanted.unit_price, addition.ext_price),
        ("extended cost", wanted.unit_cost, addition.ext_cost),
    ):
        expected = to_cents(wanted.quantity * unit)
        if computed is not None and to_cents(computed) != expected:
            told.append(f"ConnectWise computed an {name} of {computed}, not {expected}.")
    return " ".join(told)


def failed(claim: Claim, failure: Failure, *, request_id: str = "") -> bool:
    """ConnectWise refused it, so nothing stands there: the line is an Error and free."""
    operation = claim.operation
    with transaction.atomic():
        if not _move(
            claim, OperationState.FAILED, request_id=request_id, last_error=failure.reason
        ):
            return False
        _drop_posting(operation)
        _release_line(
            operation,
            psa_status=InvoiceLine.Status.ERROR,
            error=failure.reason,
            error_code=failure.code,
        )
        _fail_waiting(operation, failure)
    logger.error(
        "%s was not posted: %s", operation_name(operation), failure.reason, extra=_links(operation)
    )
    return True


def unknown(claim: Claim, reason: str, *, request_id: str = "") -> bool:
    """Sent, and nobody knows: it stays frozen and is looked for later."""
    operation = claim.operation
    with transaction.atomic():
        if not _move(
            claim,
            OperationState.UNKNOWN,
            finished=False,
            request_id=request_id,
            last_error=reason,
            # From when on it is looked for, also where it came to nothing before it was sent.
            sent_at=Coalesce("sent_at", Now()),
        ):
            return False
        mark_not_confirmed(Operation.objects.filter(pk=operation.pk))
    logger.warning(
        "%s is not confirmed, it will be looked for: %s",
        operation_name(operation),
        reason,
        extra=_links(operation),
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
    try:
        with transaction.atomic():
            if not _move(
                claim,
                OperationState.PLANNED,
                finished=False,
                last_error=reason,
                sent_at=None,
                not_before=Now() + timedelta(seconds=seconds),
            ):
                return False
            # Kept, it would hold its subscription for ever once the run is stopped.
            _drop_posting(operation)
            _thaw_line(operation)
    except MoveRefused:
        # It took so long that the sweep holds it for unknown by now, and settles it.
        return unknown(claim, reason)
    return True


def withdrawn(claim: Claim, reason: str) -> bool:
    """Nothing was done there and nothing will be: the line is Not Synced and free."""
    operation = claim.operation
    with transaction.atomic():
        if not _move(claim, OperationState.WITHDRAWN, last_error=reason):
            return False
        _drop_posting(operation)
        _release_line(operation, psa_status=InvoiceLine.Status.NOT_SYNCED, error="", error_code="")
    return True


def finish_agreement(claim: Claim, *, request_id: str) -> bool:
    """Moves the operation of an agreement that stands there; inside the caller's transaction."""
    return _move(claim, OperationState.DONE, request_id=request_id)


def _move(claim: Claim, after: OperationState, *, finished: bool = True, **changes: object) -> bool:
    """Moves the operation if this lease still holds it."""
    held = Operation.objects.select_for_update().filter(
        pk=claim.operation.pk,
        lease_token=claim.token,
        state__in=[state.value for state in UNFINISHED],
    )
    state = held.values_list("state", flat=True).first()
    if state is None:
        return False
    if state != after:
        check_move(OperationState(state), after)
    if finished:
        changes["finished_at"] = Now()
    Operation.objects.filter(pk=claim.operation.pk).update(state=after, **changes)
    return True


def _release_line(operation: Operation, **changes: object) -> None:
    InvoiceLine.objects.filter(operations=operation).update(
        in_flight=False, version=F("version") + 1, **changes
    )


def _thaw_line(operation: Operation) -> None:
    """The line as the plan saw it, so that the operation can be claimed again."""
    if operation.line_id is None:
        return
    _release_line(operation)
    version = InvoiceLine.objects.values_list("version", flat=True).get(pk=operation.line_id)
    Operation.objects.filter(pk=operation.pk).update(line_version=version)


def _drop_posting(operation: Operation) -> None:
    """No Addition came of it, so its key is free again; the operation keeps it on record."""
    if operation.posting_id:
        posting = operation.posting_id
        Operation.objects.filter(pk=operation.pk).update(posting=None)
        Posting.objects.filter(pk=posting, state=PostingState.OPENING).delete()


def _fail_waiting(operation: Operation, failure: Failure) -> None:
    """What waited for an agreement that can't be made fails with its reason."""
    waiting = list(
        operation.waiting.filter(state=OperationState.PLANNED).values_list("pk", "line_id")
    )
    reason = f"The new agreement could not be made: {failure.reason}"
    Operation.objects.filter(pk__in=[pk for pk, _ in waiting]).update(
        state=OperationState.FAILED, last_error=reason, finished_at=Now()
    )
    InvoiceLine.objects.filter(pk__in=[line for _, line in waiting], in_flight=False).exclude(
        psa_status=InvoiceLine.Status.SYNCED
    ).update(
        psa_status=InvoiceLine.Status.ERROR,
        error=reason,
        error_code="agreement_not_made",
        version=F("version") + 1,
    )


def operation_name(operation: Operation) -> str:
    if operation.line:
        return operation.line.platform_id
    own = operation.own_agreement
    return f"Agreement {own.contract_id}" if own else str(operation)


def _links(operation: Operation) -> dict[str, object]:
    links: dict[str, object] = {"run": operation.run_id}
    return links | ({"line": operation.line.platform_id} if operation.line else {})


def _log_created(operation: Operation, addition: Addition, told: str) -> None:
    if told:
        logger.error(
            "%s is Addition %s, but: %s",
            operation_name(operation),
            addition.id,
            told,
            extra=_links(operation),
        )
    else:
        logger.info(
            "%s was posted as Addition %s",
            operation_name(operation),
            addition.id,
            extra=_links(operation),
        )
