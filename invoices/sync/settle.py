"""Settles what is not known: looks for it, and sends again only what is surely not there (docs/posting.md, 6).

A sweep calls this every half minute; nobody has to press anything. Times are the database's.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from invoices.models import Operation
from invoices.sync import agreements, applied, clocks, record, remote
from invoices.sync.call import failure_of, perform
from invoices.sync.claim import Claim, lease_again
from invoices.sync.images import AdditionImage, changed_fields
from invoices.sync.record import Failure
from invoices.sync.remote import Reference
from invoices.sync.states import AGREEMENT_KINDS, OperationKind, OperationState, RunState
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.schemas import Addition, Page
from wire.errors import NotFound, RemoteError

logger = logging.getLogger(__name__)

# Whose fate can't be told though ConnectWise answers is looked for again this much later.
LATER = timedelta(minutes=5)
# What is never there, however often it was sent, becomes a person's business.
MOST_TIMES_SENT = 10
# A reply may still be on its way to be recorded when its time-out has just passed.
GRACE = timedelta(seconds=2)
BROKE_OFF = "It broke off inside the product; see the System Logs."


@dataclass(slots=True)
class Settled:
    """What one sweep did, in operations."""

    found: int = 0
    sent_again: int = 0
    given_back: int = 0
    still_unknown: int = 0


def settle(*, go_on: Callable[[], bool] = lambda: True) -> Settled:
    """Settles all that is due; `go_on` is asked between requests. Raises `wire.errors.RemoteError`."""
    clocks.put_right()
    done = Settled(given_back=release_never_sent())
    mark_overdue()
    places = _due_by_place()
    client = remote.client() if places else None
    for operations in places:
        if client and go_on():
            _settle_place(client, operations, done)
    done.still_unknown = Operation.objects.filter(state=OperationState.UNKNOWN).count()
    return done


def release_never_sent() -> int:
    """Leases that ended before anything was sent, of dead workers: planned again, or given back."""
    # Without a stamp no byte has left (docs/posting.md, 4), whatever its worker died of.
    dead = Operation.objects.filter(
        state=OperationState.CLAIMED, sent_at__isnull=True, lease_expires_at__lt=Now()
    )
    released = 0
    for operation in dead.select_related("run", "line", "own_agreement"):
        claim = _take_over(operation, OperationState.CLAIMED)
        if claim:
            released += 1
            _release(claim)
    return released


def _release(claim: Claim) -> None:
    run = claim.operation.run
    # An earlier try was sent, and may stand there: it has to be looked for, not begun anew.
    if claim.operation.times_sent:
        record.unknown(claim, "Its worker died before it was sent again.")
    elif run.state == RunState.RUNNING and not run.stop_requested:
        record.postponed(claim, "Its worker died before it was sent.", seconds=0)
    else:
        record.withdrawn(claim, "Its worker died before it was sent, and the run is over.")


def mark_overdue() -> None:
    """Sent, and its request's time-out has passed without a record: its worker is dead."""
    deadline = timedelta(seconds=settings.CONNECTWISE_TIMEOUT_SECONDS) + GRACE
    overdue = Operation.objects.filter(state=OperationState.CLAIMED, sent_at__lt=Now() - deadline)
    with transaction.atomic():
        # Locked first: a worker that records just now is waited for, and its row then no longer fits.
        found = list(overdue.select_for_update().values_list("pk", flat=True))
        operations = Operation.objects.filter(pk__in=found)
        operations.update(
            state=OperationState.UNKNOWN,
            last_error="Its worker died before ConnectWise's answer was recorded.",
        )
        record.mark_not_confirmed(operations)


def _due_by_place() -> list[list[Operation]]:
    """Unknown ones whose late write can no longer come, an agreement's together."""
    # In the time-out the request itself was under way; in the settle time its write may still land.
    window = timedelta(seconds=remote.lease_seconds())
    due = (
        Operation.objects.filter(state=OperationState.UNKNOWN, sent_at__lt=Now() - window)
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=Now()))
        .select_related("run", "line", "agreement", "own_agreement", "posting")
        .order_by("pk")
    )
    places: dict[tuple[int, int | None], list[Operation]] = defaultdict(list)
    for operation in due:
        if not remote.is_here(operation.run):
            _leave_elsewhere(operation)
            continue
        # An agreement has no list that it could share with others.
        apart = operation.pk if operation.kind in AGREEMENT_KINDS else 0
        places[apart, operation.agreement_id].append(operation)
    return list(places.values())


def _settle_place(client: ConnectWiseClient, operations: list[Operation], done: Settled) -> None:
    """All of one agreement by one list; a remote that fails leaves them for the next sweep."""
    try:
        if operations[0].kind == OperationKind.CREATE_AGREEMENT:
            _settle_agreement(client, operations[0], done)
        elif operations[0].kind == OperationKind.UPDATE_AGREEMENT:
            _settle_billing(client, operations[0], done)
        else:
            _settle_additions(client, operations, done)
    except NotFound as error:
        # Their agreement is gone: nothing of theirs stands in it, and nothing can be sent into it.
        for operation in operations:
            claim = _take_over(operation, OperationState.UNKNOWN)
            if claim:
                record.failed(claim, failure_of(error))
    except RemoteError as error:
        logger.warning("%s operations could not be settled yet: %s", len(operations), error)
        Operation.objects.filter(pk__in=[one.pk for one in operations]).update(
            not_before=Now() + GRACE, last_error=str(error)
        )
    except Exception:
        # A bug of ours: the others don't wait for its mending.
        logger.exception("operations %s can't be settled", [one.pk for one in operations])
        for operation in operations:
            _look_later(operation, BROKE_OFF)


def _settle_additions(
    client: ConnectWiseClient, operations: list[Operation], done: Settled
) -> None:
    """Those to be made by one list of the agreement, the others by reading the Addition."""
    agreement = operations[0].agreement
    assert agreement
    makers = [one for one in operations if one.kind == OperationKind.CREATE]
    # Ids only grow: what a lost reply made has a higher one than what stood there when it was planned.
    lowest = min((one.highest_id_before or 0 for one in makers), default=0)
    nothing: Page[Addition] = Page(items=(), bad=())
    listed = client.additions(agreement.connectwise_id, after_id=lowest) if makers else nothing
    for operation in operations:
        try:
            if operation.kind == OperationKind.CREATE:
                _settle_addition(client, operation, listed, done)
            else:
                settle_change(client, operation, done)
        except RemoteError:
            raise
        except Exception:
            # Not even for those of its own agreement.
            logger.exception("operation %s can't be settled", operation.pk)
            _look_later(operation, BROKE_OFF)


def _settle_addition(
    client: ConnectWiseClient, operation: Operation, listed: Page[Addition], done: Settled
) -> None:
    claim = _take_over(operation, OperationState.UNKNOWN)
    if claim is None:
        return
    found = find_by_key(operation, listed.items)
    reference = reference_of(operation)
    unreadable = [bad for bad in listed.bad if reference.may_carry(bad, operation.key)]
    if found:
        done.found += applied.stands(claim, found)
    # It may be ours: to send again could make a second one.
    elif unreadable:
        reason = f"Addition {unreadable[0].item_id} can't be read: {unreadable[0].reason}"
        logger.error("%s is not confirmed: %s", record.operation_name(operation), reason)
        _look_later(operation, reason)
    else:
        _send_again(client, claim, done)


def settle_change(client: ConnectWiseClient, operation: Operation, done: Settled) -> None:
    """Done, not done, or the Addition is something else by now: then a person must look."""
    assert operation.agreement and operation.addition_id
    addition = None
    try:
        addition = client.addition(operation.agreement.connectwise_id, operation.addition_id)
    except NotFound as error:
        gone = failure_of(error)
    claim = _take_over(operation, OperationState.UNKNOWN)
    if claim is None:
        return
    if operation.kind == OperationKind.DELETE:
        if addition is None:
            done.found += applied.removed(claim)
        else:
            _send_again(client, claim, done)
    elif addition is None:
        record.failed(claim, gone)
    else:
        _settle_update(client, claim, addition, done)


def _settle_update(
    client: ConnectWiseClient, claim: Claim, addition: Addition, done: Settled
) -> None:
    before = AdditionImage.from_json(claim.operation.before or {})
    wanted = AdditionImage.from_json(claim.after)
    found = remote.image_of(addition)
    sent = set(changed_fields(before, wanted))
    # Only the fields that were sent count: the others may have been changed there by anybody.
    if found and not sent & set(changed_fields(found, wanted)):
        done.found += applied.stands(claim, addition)
    elif found and not sent & set(changed_fields(found, before)):
        _send_again(client, claim, done)
    else:
        wrong = applied.not_as_sent(wanted, addition)
        record.failed(claim, Failure("changed_in_connectwise", f"Changed in ConnectWise: {wrong}"))


def _look_later(operation: Operation, reason: str) -> None:
    Operation.objects.filter(pk=operation.pk, state=OperationState.UNKNOWN).update(
        not_before=Now() + LATER, last_error=reason
    )


def find_by_key(operation: Operation, listed: Iterable[Addition]) -> Addition | None:
    """The oldest Addition that carries the operation's key."""
    reference = reference_of(operation)
    carrying = [one for one in listed if reference.key_of(one) == operation.key]
    return min(carrying, key=lambda one: one.id, default=None)


def reference_of(operation: Operation) -> Reference:
    """The field its key stands in: as its run found it."""
    kept = operation.run.plan.get("reference", {"field": ConnectWiseSettings.SERIAL_NUMBER})
    return Reference(kept["field"], kept.get("id"))


def _settle_agreement(client: ConnectWiseClient, operation: Operation, done: Settled) -> None:
    made = agreements.find_alike(client, operation)
    claim = _take_over(operation, OperationState.UNKNOWN)
    if claim is None:
        return
    if made:
        done.found += agreements.record_made(claim, made)
    else:
        _send_again(client, claim, done)


def _settle_billing(client: ConnectWiseClient, operation: Operation, done: Settled) -> None:
    """By reading the agreement: it bills early enough, or it is told once more."""
    assert operation.agreement
    stands = client.agreement(operation.agreement.connectwise_id)
    claim = _take_over(operation, OperationState.UNKNOWN)
    if claim is None:
        return
    if agreements.billing_changes(operation, stands):
        _send_again(client, claim, done)
    else:
        done.found += agreements.record_moved(claim, stands)


def _send_again(client: ConnectWiseClient, claim: Claim, done: Settled) -> None:
    """It is not there and can no longer come, so it is sent once more, or given back."""
    operation = claim.operation
    given_up = _given_up(operation)
    if given_up:
        _recheck_later(operation)
        record.withdrawn(claim, given_up)
        done.given_back += 1
        return
    if operation.times_sent >= MOST_TIMES_SENT:
        _recheck_later(operation)
        record.failed(
            claim, Failure("never_confirmed", f"It was not posted: {operation.last_error}")
        )
        return
    leased = lease_again(claim.operation)
    if leased:
        done.sent_again += 1
        perform(client, leased, reference_of(operation))


def _given_up(operation: Operation) -> str:
    """Why it is not sent again; "" when it is."""
    line = operation.line
    if line and not operation.undoes_id and (line.gone or line.changed_on_platform):
        return "It is not in ConnectWise, and it has changed on the Platform since."
    over = operation.run.stop_requested or operation.run.state == RunState.FAILED
    if over and not _is_waited_for(operation):
        return "It is not in ConnectWise, and its run was stopped."
    return ""


def _is_waited_for(operation: Operation) -> bool:
    """An agreement that lines of a later run need."""
    return operation.waiting.filter(
        state=OperationState.PLANNED, run__state=RunState.RUNNING, run__stop_requested=False
    ).exists()


def _recheck_later(operation: Operation) -> None:
    """A write of it could still arrive: its key is looked for again."""
    Operation.objects.filter(pk=operation.pk).update(recheck_at=Now() + remote.FIRST_RECHECK)


def _leave_elsewhere(operation: Operation) -> None:
    """Sent to a ConnectWise that isn't set up any more: the ids mean something else in this one."""
    claim = _take_over(operation, OperationState.UNKNOWN)
    if claim:
        where = operation.run.plan["installation"]
        reason = (
            f"It may stand in the ConnectWise of {where}, which is not set up any more; look there."
        )
        record.failed(claim, Failure("other_installation", reason))


def _take_over(operation: Operation, state: OperationState) -> Claim | None:
    """Ours to settle from now on: whoever held it before can't record any more."""
    token = uuid4()
    taken = Operation.objects.filter(
        pk=operation.pk, state=state, lease_token=operation.lease_token
    ).update(lease_token=token)
    operation.lease_token = token
    return Claim(operation, token) if taken else None
