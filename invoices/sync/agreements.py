"""Agreements that are ours to make: found before they are made, recorded once they stand (P46).

And made to bill from an earlier day, where a line starts before.
"""

import logging
from collections.abc import Iterator
from datetime import date

from django.db import transaction
from django.db.models import F

from invoices.models import InvoiceLine, Operation, OwnAgreement
from invoices.sync import moves, record
from invoices.sync.claim import Claim
from invoices.sync.record import Failure
from invoices.sync.states import OperationState
from mapping.models import AgreementDefault
from psa_connectwise import directory
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import Agreement as AgreementRow
from psa_connectwise.payloads import AgreementChanges
from psa_connectwise.schemas import Agreement
from wire.errors import PermanentError
from wire.items import BadItem

logger = logging.getLogger(__name__)


def find_alike(client: ConnectWiseClient, operation: Operation) -> Agreement | None:
    """A live one of the same name, company, type and currency, made since this was planned.

    A plain list from the highest id known then: names are not unique there, and a search may not
    show what was made a moment ago. Older ones the plan has resolved already. Raises PermanentError
    where one of that name can't be read: it may be the one.
    """
    return next(all_alike(client, operation), None)


def all_alike(client: ConnectWiseClient, operation: Operation) -> Iterator[Agreement]:
    """Each of them, the oldest first."""
    own = operation.own_agreement
    assert own
    for page in client.agreements(after_id=operation.highest_id_before):
        yield from (one for one in page.items if _is_alike(one, own))
        for bad in page.bad:
            _check_another(bad, own)


def _check_another(bad: BadItem, own: OwnAgreement) -> None:
    # One that shows no name could be it, too: better to stop here than to make a second agreement.
    if not isinstance(bad.record, dict) or bad.record.get("name") == own.contract_id:
        raise PermanentError(
            f"Agreement {bad.item_id} in ConnectWise may be {own.contract_id}, but can't be read: "
            f"{bad.reason}. Mend it there.",
            service="ConnectWise",
        )


def _is_alike(one: Agreement, own: OwnAgreement) -> bool:
    return (
        one.name == own.contract_id
        and one.company_id == own.company.connectwise_id
        and one.type_id == own.agreement_type.connectwise_id
        and one.currency_code == own.currency
        # One that is over takes no Additions (docs/connectwise.md, "Ends and proration").
        and one.status == AgreementRow.Status.ACTIVE
        and not one.cancelled
    )


def record_made(claim: Claim, made: Agreement, *, request_id: str = "") -> bool:
    """It stands there: lines and defaults that asked for it show it as existing."""
    own = claim.operation.own_agreement
    assert own
    row = directory.record_agreement(agreement=made)
    with transaction.atomic():
        if not moves.move(claim, OperationState.DONE, {"request_id": request_id}):
            return False
        show_as_ours(own, row)
    logger.info(
        "Agreement %s was made for %s",
        made.name,
        own.company,
        extra={"run": claim.operation.run_id},
    )
    return True


def show_as_ours(own: OwnAgreement, row: AgreementRow) -> None:
    """In the caller's transaction."""
    OwnAgreement.objects.filter(pk=own.pk).update(agreement=row)
    _show_as_existing(own, row)


def _show_as_existing(own: OwnAgreement, row: AgreementRow) -> None:
    asking = InvoiceLine.objects.filter(
        contract_id=own.contract_id,
        currency=own.currency,
        company=own.company,
        create_agreement=True,
        in_flight=False,
    ).exclude(psa_status=InvoiceLine.Status.SYNCED)
    # Locked first: an edit that came in between would be taken for this change of ours.
    locked = asking.select_for_update(no_key=True)
    pks = list(locked.order_by("pk").values_list("pk", flat=True))
    asking = InvoiceLine.objects.filter(pk__in=pks)
    # Their operations are planned on the version before this change, which is none of the user's.
    Operation.objects.filter(state=OperationState.PLANNED, line__in=asking).filter(
        line_version=F("line__version")
    ).update(line_version=F("line_version") + 1)
    asking.update(
        agreement=row,
        create_agreement=False,
        agreement_name=row.name,
        version=F("version") + 1,
    )
    # A default knows neither company nor currency: its organization's lines of the contract tell them.
    AgreementDefault.objects.filter(
        contract_id=own.contract_id,
        create_agreement=True,
        organization__in=InvoiceLine.objects.filter(
            contract_id=own.contract_id, company=own.company, currency=own.currency
        ).values("organization"),
    ).update(agreement=row, create_agreement=False)


# --- The start of billing ---------------------------------------------------------------------------


def billing_changes(operation: Operation, stands: Agreement) -> AgreementChanges:
    """What has to be sent so that it bills from the wanted day; empty when it does."""
    wanted = wanted_start(operation)
    if stands.bill_start_date and stands.bill_start_date <= wanted:
        return {}
    changes: AgreementChanges = {"bill_start_date": wanted}
    if stands.start_date and stands.start_date > wanted:
        # ConnectWise bills no agreement before it starts.
        changes["start_date"] = wanted
    return changes


def record_moved(claim: Claim, stands: Agreement, *, request_id: str = "") -> bool:
    """What waits for it may be sent, unless ConnectWise took the change and kept its own date."""
    wanted = wanted_start(claim.operation)
    row = directory.record_agreement(agreement=stands)
    if billing_changes(claim.operation, stands):
        reason = f"ConnectWise answered that agreement {row.name} bills from {row.bill_start_date}, not {wanted}."
        # Not tried again: it answered 200 and kept its date, and would do so again.
        return record.failed(claim, Failure("before_billing_start", reason), request_id=request_id)
    with transaction.atomic():
        if not moves.move(claim, OperationState.DONE, {"request_id": request_id}):
            return False
    logger.info(
        "Agreement %s bills from %s now",
        row.name,
        row.bill_start_date,
        extra={"run": claim.operation.run_id},
    )
    return True


def wanted_start(operation: Operation) -> date:
    """The first day it is to bill, as planned."""
    assert operation.after
    return date.fromisoformat(operation.after["bill_start_date"])
