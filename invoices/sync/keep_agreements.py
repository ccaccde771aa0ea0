"""Keeps the work on agreements that a plan's lines wait for: an Operation row for each (P46)."""

from collections.abc import Sequence
from dataclasses import asdict

from django.db.models import Max

from invoices.models import Operation, OwnAgreement, SyncRun
from invoices.sync.facts import AgreementSlot, Planned
from invoices.sync.states import AGREEMENT_KINDS, UNFINISHED, OperationKind
from psa_connectwise.models import Agreement, AgreementType, Company


def keep_agreements(
    run: SyncRun, planned: Sequence[Planned]
) -> dict[AgreementSlot | int, Operation]:
    """The operation each line waits for, by what it is about."""
    organizations = {one.agreement_work: one.line.organization_id for one in planned if one.line}
    # Ids only grow: settling looks for an agreement whose reply was lost from here on.
    highest = Agreement.objects.aggregate(highest=Max("connectwise_id"))["highest"] or 0
    kept: dict[AgreementSlot | int, Operation] = {}
    for one in planned:
        what = one.agreement_work
        if one.kind not in AGREEMENT_KINDS or what is None:
            continue
        made = one.kind == OperationKind.CREATE_AGREEMENT
        row = Operation(
            run=run,
            kind=one.kind,
            intent=one.intent,
            organization_id=organizations.get(what),
            highest_id_before=highest,
            reason=one.reason,
        )
        kept[what] = _keep_new(row, one) if made else _keep_moved(row, one)
    return kept


def _keep_new(row: Operation, one: Planned) -> Operation:
    """A new one, or one still unsettled from before."""
    assert one.slot and one.agreement
    # Its unique constraint is the lock: two plans at once come by the same row.
    row.own_agreement = OwnAgreement.objects.get_or_create(
        company=Company.objects.get(connectwise_id=one.slot.company_id),
        agreement_type=AgreementType.objects.get(connectwise_id=one.agreement.type_id),
        currency=one.slot.currency,
        contract_id=one.slot.contract_id,
    )[0]
    row.after = asdict(one.agreement) | {"start": one.agreement.start.isoformat()}
    unfinished = _unfinished(row.own_agreement)
    if unfinished:
        return unfinished
    row.save()
    return row


def _keep_moved(row: Operation, one: Planned) -> Operation:
    """After one that is still unsettled from before: that may have asked for a later day."""
    assert one.agreement_id and one.dates and one.dates_before
    row.agreement = Agreement.objects.get(connectwise_id=one.agreement_id)
    row.own_agreement = OwnAgreement.objects.filter(agreement=row.agreement).earliest("pk")
    row.before, row.after = one.dates_before.to_json(), one.dates.to_json()
    row.waits_for = _unfinished(row.own_agreement)
    row.save()
    return row


def _unfinished(own: OwnAgreement) -> Operation | None:
    return own.operations.filter(state__in=[state.value for state in UNFINISHED]).first()
