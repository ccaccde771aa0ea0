"""Sends one claimed operation, with no transaction open, and hands its outcome to be recorded.

Errors say what happens next (docs/posting.md, 5): refused, once more later, stop the run, or unknown.
"""

import logging
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import cast

from invoices.models import Operation, OwnAgreement
from invoices.sync import agreements, applied, record
from invoices.sync.claim import Claim, LeaseLost, RunOver, stamp_sent
from invoices.sync.images import AdditionImage, changed_fields
from invoices.sync.record import Failure
from invoices.sync.remote import Reference
from invoices.sync.states import OperationKind
from invoices.sync.undo_plan import ended_as_invoiced
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.payloads import AdditionChanges, NewAgreement
from wire.errors import (
    ConfigError,
    Conflict,
    NotFound,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)
from wire.session import LONGEST_PAUSE_SECONDS

logger = logging.getLogger(__name__)

# The record is open on somebody's screen there (409): it may be free in a moment.
CONFLICT_SECONDS = 5.0
# What an operation that was put off for a conflict says.
IN_USE = "(409)"
# Nobody was reached, or a 429 named no time.
LATER_SECONDS = 30.0


def perform(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    """Send it and record what came of it; raises `ConfigError`, which stops the run."""
    try:
        SENDERS[OperationKind(claim.operation.kind)](client, claim, reference)
    except LeaseLost:
        logger.info("lease of operation %s lost, nothing was sent", claim.operation.pk)
    except RunOver:
        record.withdrawn(claim, "The sync was stopped before it was sent.")
    except ConfigError as error:
        record.withdrawn(claim, str(error))
        raise
    except OutcomeUnknown as error:
        record.unknown(claim, str(error), request_id=error.request_id or "")
    except Conflict as error:
        _conflict(claim, error)
    except TransientError as error:
        asked = error.retry_after or LATER_SECONDS
        # Longer than all are stopped for, one line doesn't wait: it would keep its run live.
        _later(claim, error, min(asked, LONGEST_PAUSE_SECONDS))
    except PermanentError as error:
        record.failed(claim, failure_of(error), request_id=error.request_id or "")
    except Exception:
        # A bug of ours: whether it was sent is not known here, so it is looked for like the rest.
        logger.exception("operation %s broke off", claim.operation.pk)
        record.unknown(claim, "It broke off inside the product; see the System Logs.", sent=True)


def failure_of(error: PermanentError) -> Failure:
    """ConnectWise's own words for the row; a missing record is a cause of its own."""
    if isinstance(error, NotFound):
        return Failure("not_found", f"No longer in ConnectWise: {error}")
    return Failure("refused_by_connectwise", str(error))


def _create_addition(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    operation = claim.operation
    assert operation.agreement
    agreement_id = operation.agreement.connectwise_id
    if operation.addition_id is not None:
        # Its key stood there when the run was planned: it is ours already.
        found = client.addition(agreement_id, operation.addition_id)
        applied.stands(claim, found)
        return
    new = reference.new_addition(AdditionImage.from_json(claim.after), operation.key)
    # Stamped as the bytes leave: without a stamp it was surely never sent, whenever we died.
    reply = client.create_addition(agreement_id, new, on_send=partial(stamp_sent, claim))
    applied.stands(claim, reply.value, request_id=reply.request_id or "")


def _update_addition(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    """Only what differs is sent; where nothing does, nothing is."""
    operation = claim.operation
    assert operation.agreement and operation.addition_id and operation.before
    before = AdditionImage.from_json(operation.before)
    changes = changed_fields(before, AdditionImage.from_json(claim.after))
    if not changes:
        applied.stands(claim, None)
        return
    reply = client.update_addition(
        operation.agreement.connectwise_id,
        operation.addition_id,
        cast(AdditionChanges, changes),
        on_send=partial(stamp_sent, claim),
    )
    applied.stands(claim, reply.value, request_id=reply.request_id or "")


def _delete_addition(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    """Gone is gone, whoever did it; an undo ends what ConnectWise doesn't let go (P50)."""
    operation = claim.operation
    if operation.before is None:
        # The plan of an undo found it gone already: only our books are left to do.
        applied.removed(claim)
        return
    assert operation.agreement and operation.addition_id
    place = (operation.agreement.connectwise_id, operation.addition_id)
    try:
        reply = client.delete_addition(*place, on_send=partial(stamp_sent, claim))
    except NotFound as error:
        applied.removed(claim, request_id=error.request_id or "")
    except PermanentError:
        # No error code stands for "it was invoiced": only the agreement's next invoice date tells.
        agreement = client.agreement(place[0])
        if operation.undoes_id is None or agreement.next_invoice_date is None:
            raise
        end_instead(operation, agreement.next_invoice_date)
        _update_addition(client, claim, reference)
    else:
        applied.removed(claim, request_id=reply.request_id or "")


def end_instead(operation: Operation, next_invoice: date) -> None:
    """It was invoiced since we last read its agreement: it ends with what was invoiced."""
    before = AdditionImage.from_json(operation.before or {})
    operation.kind = OperationKind.END
    operation.after = ended_as_invoiced(before, next_invoice).to_json()
    operation.reason = f"Addition {operation.addition_id} was invoiced, so it was ended."
    operation.save(update_fields=["kind", "after", "reason"])


def _update_agreement(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    """Read first: it may bill early enough by now, and only what is later than wanted is sent."""
    agreement = claim.operation.agreement
    assert agreement
    stands = client.agreement(agreement.connectwise_id)
    changes = agreements.billing_changes(claim.operation, stands)
    if not changes:
        agreements.record_moved(claim, stands)
        return
    reply = client.update_agreement(
        agreement.connectwise_id, changes, on_send=partial(stamp_sent, claim)
    )
    agreements.record_moved(claim, reply.value, request_id=reply.request_id or "")


def _create_agreement(client: ConnectWiseClient, claim: Claim, reference: Reference) -> None:
    own = claim.operation.own_agreement
    assert own
    existing = agreements.find_alike(client, claim.operation)
    if existing:
        agreements.record_made(claim, existing)
        return
    reply = client.create_agreement(new_agreement(claim, own), on_send=partial(stamp_sent, claim))
    agreements.record_made(claim, reply.value, request_id=reply.request_id or "")


def new_agreement(claim: Claim, own: OwnAgreement) -> NewAgreement:
    """As the plan kept it; what we make never prorates (P43)."""
    after = claim.after
    return NewAgreement(
        name=after["name"],
        type_id=after["type_id"],
        company_id=after["company_id"],
        contact_id=after["contact_id"],
        site_id=after["site_id"],
        currency_id=after["currency_id"],
        start_date=date.fromisoformat(after["start"]),
        prorate=False,
    )


SENDERS: dict[OperationKind, Callable[[ConnectWiseClient, Claim, Reference], None]] = {
    OperationKind.CREATE_AGREEMENT: _create_agreement,
    OperationKind.UPDATE_AGREEMENT: _update_agreement,
    OperationKind.CREATE: _create_addition,
    OperationKind.UPDATE: _update_addition,
    OperationKind.END: _update_addition,
    OperationKind.DELETE: _delete_addition,
}


def _conflict(claim: Claim, error: Conflict) -> None:
    """409 is tried once more, later; a second one in a row is a failure."""
    # Told by the row, not by this process: the second try may be another worker's.
    if IN_USE not in claim.operation.last_error:
        _later(claim, error, CONFLICT_SECONDS)
    else:
        record.failed(claim, Failure("conflict", str(error)), request_id=error.request_id or "")


def _later(claim: Claim, error: TransientError, seconds: float) -> None:
    """Planned again; one that was sent before stays unknown, for its run may be over."""
    if claim.again or claim.operation.times_sent:
        record.unknown(claim, str(error), request_id=error.request_id or "", sent=False)
    else:
        record.postponed(claim, str(error), seconds=seconds)
