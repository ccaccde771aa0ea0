"""Records what stands in ConnectWise after a call that succeeded, or that was found to have (docs/posting.md, 5).

The Posting keeps what it should say: what is different there later was changed by somebody else.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F

from invoices.amounts import to_cents
from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import moves, owned, record, remote, statements
from invoices.sync.cautions import Caution
from invoices.sync.claim import Claim
from invoices.sync.images import AdditionImage, differences
from invoices.sync.outcomes import count_again
from invoices.sync.states import UNFINISHED, OperationKind, OperationState, PostingState
from psa_connectwise.schemas import Addition

logger = logging.getLogger(__name__)

UNTOLD = "product, quantity, price, cost or effective date is empty"
STATES = {
    OperationKind.CREATE: PostingState.OPEN,
    OperationKind.UPDATE: PostingState.OPEN,
    OperationKind.END: PostingState.ENDED,
}
WORDS = {
    OperationKind.CREATE: "was posted as Addition",
    OperationKind.UPDATE: "was posted to Addition",
    OperationKind.END: "ended Addition",
    OperationKind.DELETE: "removed Addition",
}


def stands(claim: Claim, addition: Addition | None, *, request_id: str = "") -> bool:
    """Made, updated or ended: Synced, or Error where it is not what was sent.

    None where there was nothing to change.
    """
    operation = claim.operation
    wanted = AdditionImage.from_json(operation.after or {})
    wrong, told = "", ""
    if addition:
        wrong, told = not_as_sent(wanted, addition), computed_wrong(wanted, addition)
        operation.addition_id = addition.id
        operation.computed = _computed(addition)
    keep: Callable[[Claim, AdditionImage, str], bool] = _keep
    # These are few. A line that is posted goes by one statement, for a month has ten thousands.
    if operation.line_id and not (operation.is_step or operation.undoes_id):
        keep = partial(_show_on_line, wrong=wrong, told=told)
    try:
        held = keep(claim, wanted, request_id)
    except IntegrityError:
        _free_number(operation)
        held = keep(claim, wanted, request_id)
    if held:
        _log(operation, wrong or told)
    return held


def _free_number(operation: Operation) -> None:
    """Ids come again once ConnectWise went back to a backup of its own: whose it was has none now."""
    assert operation.posting_id
    before = Posting.objects.filter(
        agreement=operation.agreement_id, addition_id=operation.addition_id
    ).exclude(pk=operation.posting_id)
    for lost in before.exclude(state=PostingState.REMOVED).select_related("line"):
        logger.error(
            "Addition %s of %s is gone: ConnectWise gave its number to another one",
            lost.addition_id,
            lost.line.platform_id,
            extra={"line": lost.line.platform_id},
        )
    before.update(addition_id=None, state=PostingState.REMOVED)


def _keep(claim: Claim, wanted: AdditionImage, request_id: str) -> bool:
    """Of an end, a step or an undo: its line isn't posted with it."""
    operation = claim.operation
    changes = {
        "request_id": request_id,
        "addition_id": operation.addition_id,
        "computed": operation.computed,
    }
    with transaction.atomic():
        if not moves.move(claim, OperationState.DONE, changes):
            return False
        _keep_posting(operation, wanted)
        if operation.undoes_id:
            _take_back(operation)
        else:
            moves.hand_on_line(operation)
    return True


def removed(claim: Claim, *, request_id: str = "") -> bool:
    """It is gone there, as was wanted."""
    operation = claim.operation
    with transaction.atomic():
        if not moves.move(claim, OperationState.DONE, {"request_id": request_id}):
            return False
        Posting.objects.filter(operations=operation).update(state=PostingState.REMOVED)
        if operation.undoes_id:
            _take_back(operation)
        else:
            moves.hand_on_line(operation)
    _log(operation, "")
    return True


def gone_after_all(operation: Operation) -> None:
    """Its removal was given up, and came late: it is done."""
    with transaction.atomic():
        given_up = Operation.objects.filter(pk=operation.pk).exclude(
            state__in=[OperationState.DONE, *UNFINISHED]
        )
        if not given_up.update(state=OperationState.DONE, last_error=""):
            return
        Posting.objects.filter(operations=operation).update(state=PostingState.REMOVED)
        if operation.undoes_id:
            _take_back(operation)
        count_again(operation.run_id)
    logger.warning(
        "Addition %s was removed later than expected",
        operation.addition_id,
        extra={"run": operation.run_id},
    )


def ended_after_all(operation: Operation) -> None:
    """Its end was given up, came late and was seen since: it is done, so that it can be undone."""
    given_up = [OperationState.WITHDRAWN, OperationState.FAILED]
    late = Operation.objects.filter(
        pk=operation.pk, state__in=given_up, posting__state=PostingState.ENDED
    )
    with transaction.atomic():
        if late.update(state=OperationState.DONE, last_error=""):
            count_again(operation.run_id)


def not_as_sent(wanted: AdditionImage, addition: Addition) -> str:
    """What ConnectWise stored otherwise than it was sent, in words; "" where nothing."""
    found = remote.image_of(addition)
    if found is None:
        return UNTOLD
    return "; ".join(str(one) for one in differences(wanted, found))


def _computed(addition: Addition) -> dict[str, str | None]:
    """As text, exact."""
    amounts = {"ext_price": addition.ext_price, "ext_cost": addition.ext_cost}
    return {name: None if one is None else str(one) for name, one in amounts.items()}


def computed_wrong(wanted: AdditionImage, addition: Addition) -> str:
    """What ConnectWise computed, where it isn't quantity × price to the cent (P43); else ""."""
    told = []
    for name, unit, computed in (
        ("extended price", wanted.unit_price, addition.ext_price),
        ("extended cost", wanted.unit_cost, addition.ext_cost),
    ):
        expected = to_cents(wanted.quantity * unit)
        # Left out, it proves nothing: quantity and unit price were compared as sent.
        if computed is not None and to_cents(computed) != expected:
            told.append(f"ConnectWise computed an {name} of {computed}, not {expected}.")
    return " ".join(told)


def _keep_posting(operation: Operation, wanted: AdditionImage) -> None:
    values: dict[str, object] = {
        "after_image": wanted.to_json(),
        "addition_id": operation.addition_id,
    }
    undone = operation.undoes
    if undone is None or operation.kind != OperationKind.UPDATE or undone.kind == OperationKind.END:
        # Taking a change back doesn't open what is over; taking an end back does.
        values["state"] = STATES[OperationKind(operation.kind)]
    Posting.objects.filter(operations=operation).update(**values)


def _show_on_line(
    claim: Claim, wanted: AdditionImage, request_id: str, *, wrong: str, told: str
) -> bool:
    operation = claim.operation
    assert operation.line
    warned = [str(Caution.from_json(kept)) for kept in operation.warnings]
    # RECORD is one statement: a transaction around it would cost each line two more round trips.
    with transaction.atomic() if operation.line.create_agreement else nullcontext():
        held = statements.record(
            operation,
            claim.token,
            request_id=request_id,
            image=wanted.to_json(),
            posting_state=STATES[OperationKind(operation.kind)],
            status=InvoiceLine.Status.ERROR if wrong else InvoiceLine.Status.SYNCED,
            error=f"Changed in ConnectWise: {wrong}" if wrong else "",
            error_code="changed_in_connectwise" if wrong else "",
            note="" if wrong else "\n".join([*warned, *([told] if told else [])]),
        )
        if held and operation.line.create_agreement:
            _show_agreement(operation)
    return held


def _show_agreement(operation: Operation) -> None:
    """A line that asked for a new agreement shows the one it was posted into (P46)."""
    if operation.agreement:
        InvoiceLine.objects.filter(operations=operation, create_agreement=True).update(
            create_agreement=False,
            agreement=operation.agreement,
            agreement_name=operation.agreement.name,
        )


def _take_back(operation: Operation) -> None:
    """After an undo: the line can be posted again, the Addition is of the period before (P50)."""
    moves.hand_on_line(
        operation,
        psa_status=InvoiceLine.Status.NOT_SYNCED,
        error="",
        error_code="",
        note="",
        posting=None,
        addition_id=None,
        synced_at=None,
        synced_by=None,
    )
    undone = operation.undoes
    assert undone
    if operation.kind == OperationKind.CREATE and undone.posting_id:
        stand_in(undone.posting_id, Posting.objects.get(operations=operation))
    elif operation.posting_id:
        last = owned.last_period_left(operation)
        if last:
            Posting.objects.filter(operations=operation).update(last_period=last)


def stand_in(removed_posting: int, made: Posting) -> None:
    """A removed Addition was made again: lines that stood on it stand on the new one."""
    InvoiceLine.objects.filter(posting=removed_posting).update(
        posting=made, addition_id=made.addition_id, version=F("version") + 1
    )


def _log(operation: Operation, told: str) -> None:
    name = record.operation_name(operation)
    words = WORDS[OperationKind(operation.kind)]
    if operation.undoes_id:
        words = f"was undone: it {words}"
    links = record.links(operation)
    if told:
        logger.error("%s %s %s, but: %s", name, words, operation.addition_id, told, extra=links)
    else:
        logger.info("%s %s %s", name, words, operation.addition_id, extra=links)
