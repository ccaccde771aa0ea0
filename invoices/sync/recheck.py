"""Looks again for keys that may stand in ConnectWise twice: after an hour and after a day.

A write can come later than the settle window; if it came after the second sending, the younger,
uninvoiced one of the two is deleted and logged (docs/posting.md, 6).
"""

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting
from invoices.months import last_day
from invoices.sync import applied, gather, record, remote
from invoices.sync.compose import image_of
from invoices.sync.images import AdditionImage, differences
from invoices.sync.outcomes import count_again
from invoices.sync.recheck_agreements import (
    recheck_agreement,
    recheck_billing,
    take_up_what_was_read,
)
from invoices.sync.recheck_undone import take_up_again
from invoices.sync.settle import LATER, reference_of
from invoices.sync.states import (
    LIVE_POSTING,
    UNFINISHED,
    OperationKind,
    OperationState,
    PostingState,
)
from invoices.sync.write_again import write_again
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.schemas import Addition
from wire.errors import NotFound, PermanentError, RemoteError

logger = logging.getLogger(__name__)


def recheck(*, go_on: Callable[[], bool] = lambda: True) -> int:
    """Looks for the keys that are due; answers how many Additions it deleted or took up.

    `go_on` is asked before each, for there may be thousands after an outage.
    """
    take_up_what_was_read()
    due = (
        Operation.objects.filter(recheck_at__lte=Now(), kind__in=RECHECKS)
        .exclude(state__in=[state.value for state in UNFINISHED])
        .select_related("run", "line", "agreement", "posting", "own_agreement__agreement")
        .order_by("recheck_at")
    )
    # Only where something is due: an installation without credentials sweeps in silence.
    client = remote.client() if due else None
    return sum(_recheck_or_log(client, operation) for operation in due if client and go_on())


def _recheck_or_log(client: ConnectWiseClient, operation: Operation) -> int:
    """One that can't be looked for now, or breaks off, never keeps the others waiting."""
    try:
        return _look_again(client, operation)
    except RemoteError as error:
        logger.warning("key %s could not be looked for again: %s", operation.key, error)
    except Exception:
        logger.exception("key %s could not be looked for again", operation.key)
    Operation.objects.filter(pk=operation.pk).update(recheck_at=Now() + LATER)
    return 0


def _look_again(client: ConnectWiseClient, operation: Operation) -> int:
    """Again at the next sweep where something about it is under way just now."""
    if not remote.is_here(operation.run):
        return 0
    mended = RECHECKS[OperationKind(operation.kind)](client, operation)
    if mended is not None:
        _next_time(operation)
    return mended or 0


def _recheck_created(client: ConnectWiseClient, operation: Operation) -> int | None:
    if operation.agreement is None:
        return 0
    reference = reference_of(operation)
    try:
        listed = client.additions(
            operation.agreement.connectwise_id, after_id=operation.highest_id_before or 0
        ).items
    except NotFound:
        listed = ()
    posting = Posting.objects.filter(key=operation.key).first()
    if posting and posting.state == PostingState.OPENING:
        return None  # being sent or settled just now: which one is to stay is not known yet
    carrying = sorted(
        (one for one in listed if reference.key_of(one) == operation.key), key=lambda one: one.id
    )
    return _mend(client, operation, posting, carrying)


def _mend(
    client: ConnectWiseClient,
    operation: Operation,
    posting: Posting | None,
    carrying: list[Addition],
) -> int | None:
    """One Addition per key: the Posting's, or an older one that says the same."""
    if not carrying:
        return 0
    if posting is None:
        return _mend_unowned(client, operation, carrying)
    own = next((one for one in carrying if one.id == posting.addition_id), None)
    if own is None:
        # A Posting that is over has gone elsewhere or was taken back: none of its key is to stand.
        none_stays = posting.state != PostingState.OPEN or _stands(client, posting)
        surplus = carrying if none_stays else carrying[1:]
        if not none_stays and not _repoint(posting, carrying[0]):
            return None
    else:
        kept = _oldest_alike(carrying, own)
        if kept.id != own.id and not _repoint(posting, kept):
            return None
        surplus = [one for one in carrying if one.id != kept.id]
    return sum(_delete(client, operation, one) for one in surplus)


def _mend_unowned(
    client: ConnectWiseClient, operation: Operation, carrying: list[Addition]
) -> int | None:
    """The oldest is ours, unless its line was posted otherwise since: then none is to stand."""
    if remote.image_of(carrying[0]) is None:
        return 0  # what it says can't be told: left to people
    take_up = take_up_again if operation.undoes_id else _take_up
    taken = take_up(operation, carrying[0])
    if taken is None:
        return None
    # Where the oldest was taken up (1), it stays; else (0) none does.
    return taken + sum(_delete(client, operation, one) for one in carrying[taken:])


def _oldest_alike(carrying: list[Addition], own: Addition) -> Addition:
    """The oldest that says what the Posting's says: one of an earlier plan may say otherwise."""
    image = remote.image_of(own)
    return next(one for one in carrying if one.id == own.id or remote.image_of(one) == image)


def _stands(client: ConnectWiseClient, posting: Posting) -> bool:
    """Whether the Posting's Addition is there, in an agreement that the line moved to since."""
    if posting.addition_id is None:
        return False
    try:
        client.addition(posting.agreement.connectwise_id, posting.addition_id)
    except NotFound:
        return False
    return True


def _repoint(posting: Posting, addition: Addition) -> bool:
    """False where it is being changed just now: that goes to the Addition that stood in our books."""
    planned = Operation.objects.filter(posting=posting, state=OperationState.PLANNED)
    with transaction.atomic():
        # Written first: who is just claiming one is waited for, and seen; who claims later sees this.
        planned.update(addition_id=addition.id)
        if posting.operations.filter(state__in=[state.value for state in UNFINISHED]).exists():
            transaction.set_rollback(True)
            return False
        # Nor where it is another one's, or over, since it was read: then none of its key is to stand.
        as_read = Posting.objects.filter(
            pk=posting.pk, state=posting.state, addition_id=posting.addition_id
        )
        if not as_read.update(addition_id=addition.id):
            transaction.set_rollback(True)
            return False
        InvoiceLine.objects.filter(posting=posting).update(
            addition_id=addition.id, version=F("version") + 1
        )
    return True


def _delete(client: ConnectWiseClient, operation: Operation, addition: Addition) -> int:
    """Deleting is safe to repeat; ConnectWise refuses it for what it has invoiced."""
    assert operation.agreement
    name, links = record.operation_name(operation), record.links(operation)
    try:
        client.delete_addition(operation.agreement.connectwise_id, addition.id)
    except NotFound:
        return 0
    except PermanentError as error:
        logger.error(
            "%s stands in ConnectWise twice, and Addition %s can't be deleted: %s Delete it by hand.",
            name,
            addition.id,
            error,
            extra=links,
        )
        return 0
    logger.warning(
        "%s stood in ConnectWise twice after a late write; Addition %s was deleted",
        name,
        addition.id,
        extra=links,
    )
    return 1


def _take_up(operation: Operation, addition: Addition) -> int | None:
    """1 where a write that came after it was given up is ours now, and the line says so.

    0 where the line is posted otherwise by now; None where it is being posted.
    """
    image = remote.image_of(addition)
    assert image and operation.line_id and operation.agreement_id
    with transaction.atomic():
        # Locked: a claim that freezes it just now is waited for, and seen.
        line = InvoiceLine.objects.select_for_update(of=("self",)).get(pk=operation.line_id)
        # Its key may have been taken since it was looked for: what carries it is the line's own then.
        if line.in_flight or Posting.objects.filter(key=operation.key).exists():
            return None
        if line.psa_status == InvoiceLine.Status.SYNCED:
            return 0
        wrong = _late_wrong(operation, line, image)
        # It was done after all: so that it can be undone, too.
        done = Operation.objects.filter(pk=operation.pk)
        posting = Posting.objects.create(
            key=operation.key,
            reference_field=reference_of(operation).field,
            line=line,
            subscription_id=_free_subscription(operation),
            agreement_id=operation.agreement_id,
            addition_id=addition.id,
            last_period=line.period,
            after_image=image.to_json(),
            state=PostingState.OPEN,
        )
        done.update(state=OperationState.DONE, posting=posting, addition_id=addition.id)
        _show_late(operation, line, posting, wrong)
        count_again(operation.run_id)
    logger.warning(
        "%s was written late and is Addition %s",
        line.platform_id,
        addition.id,
        extra={"line": line.platform_id, "run": operation.run_id},
    )
    return 1


def _free_subscription(operation: Operation) -> str:
    """The subscription whose persistent Addition it is, unless another line has opened one since."""
    live = [state.value for state in LIVE_POSTING]
    taken = Posting.objects.filter(subscription_id=operation.subscription_id, state__in=live)
    return "" if taken.exists() else operation.subscription_id


def _late_wrong(operation: Operation, line: InvoiceLine, found: AdditionImage) -> str:
    """How the line was changed since it was sent; "" where it still says the same."""
    known = gather.gather_lines(InvoiceLine.objects.filter(pk=line.pk, is_mapped=True))
    if not known or line.agreement_id not in (None, operation.agreement_id):
        return f"it was written late, into agreement {operation.agreement}"
    if operation.subscription_id and not _free_subscription(operation):
        return "it was written late, and its subscription has another Addition by now"
    (now,) = known
    bounded = now.nameless or (now.recurring and not operation.subscription_id)
    wanted = image_of(
        now,
        gather.gather_directory(known, None).products[now.product_id],
        ConnectWiseSettings.load().price_decimals,
        end_by=last_day(now.start) if bounded else None,
    )
    return "; ".join(str(one) for one in differences(wanted, found))


def _show_late(operation: Operation, line: InvoiceLine, posting: Posting, wrong: str) -> None:
    late = "ConnectWise wrote it later than expected; it was found by its reference."
    InvoiceLine.objects.filter(pk=line.pk).update(
        psa_status=InvoiceLine.Status.ERROR if wrong else InvoiceLine.Status.SYNCED,
        error=f"Changed in ConnectWise: {wrong}" if wrong else "",
        error_code="changed_in_connectwise" if wrong else "",
        note="" if wrong else late,
        posting=posting,
        addition_id=posting.addition_id,
        synced_at=Now(),
        version=F("version") + 1,
    )


def _recheck_changed(client: ConnectWiseClient, operation: Operation) -> int | None:
    """An older change that landed after a newer one is written over by the newer one again."""
    posting = operation.posting
    if posting is None or operation.agreement is None:
        return 0
    if posting.operations.filter(state__in=[state.value for state in UNFINISHED]).exists():
        return None  # looked at once that is settled
    if posting.state in (PostingState.OPEN, PostingState.ENDED) and posting.addition_id:
        return write_again(client, operation, posting)
    return 0


def _recheck_deleted(client: ConnectWiseClient, operation: Operation) -> int | None:
    """A removal that was given up and came all the same: it is gone, and our books say so."""
    posting = operation.posting
    if posting is None or operation.agreement is None or operation.state == OperationState.DONE:
        return 0
    if posting.operations.filter(state__in=[state.value for state in UNFINISHED]).exists():
        return None
    if posting.state == PostingState.REMOVED or _stands(client, posting):
        return 0
    applied.gone_after_all(operation)
    return 1


def _next_time(operation: Operation) -> None:
    """Once more a day after the first look, then never again."""
    again = Now() + remote.LAST_RECHECK
    Operation.objects.filter(pk=operation.pk).update(
        recheck_at=None if operation.rechecked else again, rechecked=True
    )


RECHECKS = {
    OperationKind.CREATE: _recheck_created,
    OperationKind.UPDATE: _recheck_changed,
    OperationKind.END: _recheck_changed,
    OperationKind.DELETE: _recheck_deleted,
    OperationKind.CREATE_AGREEMENT: recheck_agreement,
    OperationKind.UPDATE_AGREEMENT: recheck_billing,
}
