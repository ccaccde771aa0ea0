"""Takes up an Addition that an undo made again, and that was written after it was given up (docs/posting.md, 6)."""

import logging

from django.db import transaction

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import applied, owned, record
from invoices.sync.settle import reference_of
from invoices.sync.states import LIVE_POSTING, OperationState, PostingState
from psa_connectwise.schemas import Addition

logger = logging.getLogger(__name__)


def take_up_again(operation: Operation, addition: Addition) -> int | None:
    """1 where it is ours again; 0 where another one stands in its place; None: not known yet."""
    removed = operation.undoes and operation.undoes.posting
    assert removed and operation.agreement_id
    with transaction.atomic():
        # Whoever posts its line just now is waited for, and seen.
        InvoiceLine.objects.select_for_update(no_key=True, of=("self",)).get(pk=removed.line_id)
        # Its key may have been taken since it was looked for, by an undo that was asked for again.
        if Posting.objects.filter(key=operation.key).exists():
            return None
        instead = _in_its_place(removed)
        if instead:
            return None if instead.state == PostingState.OPENING else 0
        posting = Posting.objects.create(
            key=operation.key,
            reference_field=reference_of(operation).field,
            line_id=removed.line_id,
            subscription_id=removed.subscription_id,
            agreement_id=operation.agreement_id,
            addition_id=addition.id,
            last_period=owned.last_period_left(operation) or removed.last_period,
            after_image=operation.after,
            state=PostingState.OPEN,
        )
        Operation.objects.filter(pk=operation.pk).update(
            state=OperationState.DONE, posting=posting, addition_id=addition.id, last_error=""
        )
        applied.stand_in(removed.pk, posting)
    logger.warning(
        "Addition %s, which an undo makes again, was written late and is ours",
        addition.id,
        extra=record.links(operation),
    )
    return 1


def _in_its_place(removed: Posting) -> Posting | None:
    """What the subscription, or the line where there is none, was posted as since."""
    live = Posting.objects.filter(state__in=[state.value for state in LIVE_POSTING])
    if removed.subscription_id:
        return live.filter(subscription_id=removed.subscription_id).first()
    return live.filter(line=removed.line_id, subscription_id="").first()
