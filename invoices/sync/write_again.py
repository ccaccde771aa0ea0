"""Writes a newer change again over an older one that was sent twice and landed after it (docs/posting.md, 6).

By an operation of its own: while it is under way, nothing else is sent to its Addition or its
agreement, and where its answer is lost it is settled like every other.
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from invoices.models import Operation, Posting
from invoices.sync import applied, remote
from invoices.sync.call import perform
from invoices.sync.claim import Claim
from invoices.sync.images import AdditionImage, changed_fields, differences
from invoices.sync.settle import reference_of
from invoices.sync.states import Intent, OperationKind, OperationState, PostingState
from invoices.sync.undo import WRITTEN_AGAIN
from psa_connectwise.client import ConnectWiseClient
from wire.errors import NotFound

logger = logging.getLogger(__name__)


def write_again(client: ConnectWiseClient, operation: Operation, posting: Posting) -> int | None:
    """1 where it was; 0 where it needn't or can't be; None: to be looked at again.

    Only what is exactly our older change is written over: anything else is a person's doing.
    """
    assert operation.agreement and posting.addition_id
    try:
        addition = client.addition(operation.agreement.connectwise_id, posting.addition_id)
    except NotFound:
        return 0  # the next plan says so
    found = remote.image_of(addition)
    if found is None:
        return 0
    wanted = AdditionImage.from_json(posting.after_image)
    ours = AdditionImage.from_json(operation.after or {})
    older = changed_fields(wanted, found)
    if not older and operation.kind == OperationKind.END and not differences(ours, found):
        applied.ended_after_all(operation)
    # A field that is neither as we want it nor as our older change left it: somebody wrote it.
    if not older or set(older) & set(changed_fields(found, ours)):
        return 0
    claim = _hold_addition(operation, posting, found)
    held = send(client, operation, claim) if claim else None
    return _told(held) if held else None


def _hold_addition(operation: Operation, posting: Posting, found: AdditionImage) -> Claim | None:
    """None where the Addition was changed since it was read, or is being changed."""
    as_read = {
        "pk": posting.pk,
        "state": posting.state,
        "addition_id": posting.addition_id,
        "after_image": posting.after_image,
    }
    with transaction.atomic():
        claim = _hold(
            operation,
            kind=STAYS[PostingState(posting.state)],
            posting=posting,
            key=posting.key,
            subscription_id=posting.subscription_id,
            addition_id=posting.addition_id,
            before=found.to_json(),
            after=posting.after_image,
        )
        # Only now: whoever claims it from here on meets this operation.
        if claim and not Posting.objects.filter(**as_read).exists():
            transaction.set_rollback(True)
            return None
    return claim


def hold_agreement(operation: Operation, earliest: Operation) -> Claim | None:
    """To move its billing start back to that of `earliest`; None where it is being changed."""
    # What is sent is told by what stands there then: a day that is earlier still is left alone.
    return _hold(
        operation,
        kind=OperationKind.UPDATE_AGREEMENT,
        own_agreement=earliest.own_agreement,
        before=earliest.before,
        after=earliest.after,
    )


def _hold(operation: Operation, **values: Any) -> Claim | None:
    """An operation of the run whose change came late, but none of its rows; leased to this worker."""
    token = uuid4()
    try:
        with transaction.atomic():
            held = Operation.objects.create(
                run=operation.run,
                agreement=operation.agreement,
                intent=Intent.STEP,
                is_step=True,
                reason="An older change was written late, so this one was written again.",
                reason_code=WRITTEN_AGAIN,
                state=OperationState.CLAIMED,
                lease_token=token,
                lease_expires_at=Now() + timedelta(seconds=remote.lease_seconds()),
                attempts=1,
                **values,
            )
    except IntegrityError:
        return None
    return Claim(held, token, again=True)


def send(client: ConnectWiseClient, operation: Operation, claim: Claim) -> Operation:
    """The operation as it was recorded; one that is not finished is settled by the sweep."""
    perform(client, claim, reference_of(operation))
    return Operation.objects.get(pk=claim.operation.pk)


def _told(held: Operation) -> int | None:
    links = {"run": held.run_id}
    if held.state == OperationState.DONE:
        logger.warning(
            "An older change of Addition %s was written late; the newer one was written again",
            held.addition_id,
            extra=links,
        )
        return 1
    if held.state == OperationState.FAILED:
        logger.error(
            "An older change of Addition %s was written late, and the newer one can't be written "
            "again: %s Write it by hand.",
            held.addition_id,
            held.last_error,
            extra=links,
        )
        return 0
    return None


STAYS = {PostingState.OPEN: OperationKind.UPDATE, PostingState.ENDED: OperationKind.END}
