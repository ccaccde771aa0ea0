"""Looks again for agreements whose creation or change was sent twice or given up (docs/posting.md, 6).

Of two that came about, ours stays, and the other one goes where nothing hangs on it. The earliest
start of billing that was asked for stays.
"""

import logging

from django.db import transaction

from invoices.models import Operation, OwnAgreement
from invoices.sync import agreements
from invoices.sync.states import GIVEN_UP, UNFINISHED, OperationKind, OperationState
from invoices.sync.write_again import hold_agreement, send
from psa_connectwise import directory
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import Agreement as AgreementRow
from psa_connectwise.schemas import Agreement
from wire.errors import NotFound, PermanentError

logger = logging.getLogger(__name__)


def recheck_agreement(client: ConnectWiseClient, operation: Operation) -> int | None:
    """How many it took up or deleted; None while which one is to stay is not known yet."""
    own = operation.own_agreement
    assert own
    if own.operations.filter(state__in=[state.value for state in UNFINISHED]).exists():
        return None
    alike = list(agreements.all_alike(client, operation))
    if own.agreement is None:
        return _take_up(operation, own, alike[0]) if alike else 0
    surplus = [one for one in alike if one.id != own.agreement.connectwise_id]
    # No more of them can be ours than were sent beside the one that stays.
    return sum(_delete(client, operation, one) for one in surplus[: operation.times_sent])


def take_up_what_was_read() -> None:
    """A creation that came after it was given up, and that the directory has read since: it is ours.

    Else lines would be posted into it until it is looked for, and one that starts earlier refused.
    """
    late = Operation.objects.filter(
        kind=OperationKind.CREATE_AGREEMENT,
        state__in=[state.value for state in GIVEN_UP],
        times_sent__gt=0,
        recheck_at__isnull=False,
        own_agreement__agreement=None,
    )
    first = late.order_by("own_agreement", "pk").distinct("own_agreement")
    for operation in first.select_related("own_agreement"):
        own = operation.own_agreement
        assert own
        row = _read_since(operation, own)
        if row and not own.operations.filter(state__in=[s.value for s in UNFINISHED]).exists():
            _use(operation, own, row)


def _read_since(operation: Operation, own: OwnAgreement) -> AgreementRow | None:
    alike = AgreementRow.objects.filter(
        name=own.contract_id,
        company=own.company_id,
        agreement_type=own.agreement_type_id,
        currency_code=own.currency,
        status=AgreementRow.Status.ACTIVE,
        cancelled=False,
        missing=False,
        connectwise_id__gt=operation.highest_id_before or 0,
    )
    return alike.order_by("connectwise_id").first()


def _take_up(operation: Operation, own: OwnAgreement, made: Agreement) -> int:
    """A creation that came after it was given up: later lines find it instead of making another."""
    _use(operation, own, directory.record_agreement(agreement=made))
    return 1


def _use(operation: Operation, own: OwnAgreement, row: AgreementRow) -> None:
    with transaction.atomic():
        agreements.show_as_ours(own, row)
    logger.warning(
        "Agreement %s was written late and is used now", row.name, extra={"run": operation.run_id}
    )


def _delete(client: ConnectWiseClient, operation: Operation, surplus: Agreement) -> int:
    """Only one without additions, that bills from the day we sent: people make agreements, too."""
    listed = client.additions(surplus.id)
    as_sent = str(surplus.bill_start_date) == (operation.after or {}).get("start")
    why = "" if as_sent else "It bills from another day."
    if listed.items or listed.bad:
        why = "It has additions."
    try:
        if not why:
            client.delete_agreement(surplus.id)
    except NotFound:
        return 0
    except PermanentError as error:
        why = str(error)
    if why:
        logger.error(
            "Agreement %s stands in ConnectWise twice, and %s was not deleted: %s Delete it by hand.",
            surplus.name,
            surplus.id,
            why,
            extra={"run": operation.run_id},
        )
        return 0
    logger.warning(
        "Agreement %s stood in ConnectWise twice after a late write; %s was deleted",
        surplus.name,
        surplus.id,
        extra={"run": operation.run_id},
    )
    return 1


def recheck_billing(client: ConnectWiseClient, operation: Operation) -> int | None:
    """A later start that landed after an earlier one is moved back again; None: looked at later."""
    own = operation.own_agreement
    if own is None or own.agreement is None:
        return 0
    if own.operations.filter(state__in=[state.value for state in UNFINISHED]).exists():
        return None
    try:
        stands = client.agreement(own.agreement.connectwise_id)
    except NotFound:
        return 0
    directory.record_agreement(agreement=stands)
    earliest = _earliest_asked_for(own)
    # Only what is exactly our older change: any other day is a person's choice.
    if not earliest or stands.bill_start_date != agreements.wanted_start(operation):
        return 0
    if not agreements.billing_changes(earliest, stands):
        return 0
    return _move_back_again(client, operation, earliest, stands)


def _move_back_again(
    client: ConnectWiseClient, operation: Operation, earliest: Operation, stands: Agreement
) -> int | None:
    claim = hold_agreement(operation, earliest)
    held = send(client, operation, claim) if claim else None
    told = "Agreement %s was told late to bill from a later day, %s: "
    links = {"run": operation.run_id}
    if held and held.state == OperationState.FAILED:
        words = f"{told}ConnectWise does not move that back: %s Do it by hand."
        logger.error(words, stands.name, stands.bill_start_date, held.last_error, extra=links)
        return 0
    if held and held.state == OperationState.DONE:
        wanted = agreements.wanted_start(earliest)
        words = f"{told}it bills from %s again"
        logger.warning(words, stands.name, stands.bill_start_date, wanted, extra=links)
        return 0
    return None


def _earliest_asked_for(own: OwnAgreement) -> Operation | None:
    """Of the changes that were done, the one with the earliest day."""
    done = own.operations.filter(
        kind=OperationKind.UPDATE_AGREEMENT, state=OperationState.DONE, after__isnull=False
    )
    return min(done, key=agreements.wanted_start, default=None)
