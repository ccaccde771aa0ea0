"""Looks again for keys that may stand in ConnectWise twice: after an hour and after a day.

A write can come later than the settle window; if it came after the second sending, the younger,
uninvoiced one of the two is deleted and logged (docs/posting.md, 6).
"""

import logging

from django.db.models import F
from django.db.models.functions import Now

from invoices.models import InvoiceLine, Operation, Posting
from invoices.sync import remote
from invoices.sync.settle import reference_of
from invoices.sync.states import UNFINISHED, OperationKind, PostingState
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.schemas import Addition
from wire.errors import NotFound, PermanentError, RemoteError

logger = logging.getLogger(__name__)


def recheck() -> int:
    """Looks for every key that is due; answers how many Additions it deleted or took up."""
    due = (
        Operation.objects.filter(recheck_at__lte=Now(), kind=OperationKind.CREATE)
        .exclude(state__in=[state.value for state in UNFINISHED])
        .exclude(agreement=None)
        .select_related("run", "line", "agreement")
    )
    client = remote.client() if due else None
    return sum(_recheck(client, operation) for operation in due if client)


def _recheck(client: ConnectWiseClient, operation: Operation) -> int:
    assert operation.agreement
    reference = reference_of(operation)
    try:
        listed = client.additions(
            operation.agreement.connectwise_id, after_id=operation.highest_id_before or 0
        ).items
    except NotFound:
        listed = ()
    except RemoteError as error:
        logger.warning("key %s could not be looked for again: %s", operation.key, error)
        return 0
    carrying = sorted(
        (one for one in listed if reference.key_of(one) == operation.key), key=lambda one: one.id
    )
    changed = _mend(client, operation, carrying)
    _next_time(operation)
    return changed


def _mend(client: ConnectWiseClient, operation: Operation, carrying: list[Addition]) -> int:
    """One Addition per key: the oldest stays and is the Posting's, younger ones are deleted."""
    if not carrying:
        return 0
    posting = Posting.objects.filter(key=operation.key).first()
    if posting is None:
        return _take_up(operation, carrying[0])
    oldest = carrying[0]
    if posting.addition_id != oldest.id and posting.addition_id in {one.id for one in carrying}:
        _repoint(posting, oldest)
    return sum(_delete(client, operation, one) for one in carrying[1:])


def _repoint(posting: Posting, addition: Addition) -> None:
    Posting.objects.filter(pk=posting.pk).update(addition_id=addition.id)
    InvoiceLine.objects.filter(posting=posting).update(
        addition_id=addition.id, version=F("version") + 1
    )


def _delete(client: ConnectWiseClient, operation: Operation, addition: Addition) -> int:
    """Deleting is safe to repeat; ConnectWise refuses it for what it has invoiced."""
    assert operation.agreement and operation.line
    links = {"run": operation.run_id, "line": operation.line.platform_id}
    try:
        client.delete_addition(operation.agreement.connectwise_id, addition.id)
    except NotFound:
        return 0
    except PermanentError as error:
        logger.error(
            "%s stands in ConnectWise twice, and Addition %s can't be deleted: %s Delete it by hand.",
            operation.line.platform_id,
            addition.id,
            error,
            extra=links,
        )
        return 0
    logger.warning(
        "%s stood in ConnectWise twice after a late write; Addition %s was deleted",
        operation.line.platform_id,
        addition.id,
        extra=links,
    )
    return 1


def _take_up(operation: Operation, addition: Addition) -> int:
    """A write that came after it was given up: it is ours, and the line says so."""
    line = operation.line
    image = remote.image_of(addition)
    if line is None or not image or not operation.agreement_id:
        return 0
    if line.in_flight or line.psa_status == InvoiceLine.Status.SYNCED:
        return 0
    posting = Posting.objects.create(
        key=operation.key,
        reference_field=reference_of(operation).field,
        line=line,
        agreement_id=operation.agreement_id,
        addition_id=addition.id,
        last_period=line.period,
        after_image=image.to_json(),
        state=PostingState.OPEN,
    )
    InvoiceLine.objects.filter(pk=line.pk, version=line.version).update(
        psa_status=InvoiceLine.Status.SYNCED,
        error="",
        error_code="",
        note="ConnectWise wrote it later than expected; it was found by its reference.",
        posting=posting,
        addition_id=addition.id,
        synced_at=Now(),
        version=F("version") + 1,
    )
    logger.warning(
        "%s was written late and is Addition %s",
        line.platform_id,
        addition.id,
        extra={"line": line.platform_id, "run": operation.run_id},
    )
    return 1


def _next_time(operation: Operation) -> None:
    """Once more a day after the first look, then never again."""
    again = Now() + remote.LAST_RECHECK
    Operation.objects.filter(pk=operation.pk).update(
        recheck_at=None if operation.rechecked else again, rechecked=True
    )
