"""Keeps the work on agreements that a plan's lines wait for: an Operation row for each (P46)."""

from collections.abc import Sequence
from dataclasses import asdict

from django.db.models import Max

from invoices.models import Operation, OwnAgreement, SyncRun
from invoices.sync import plan
from invoices.sync.facts import Planned
from invoices.sync.states import AGREEMENT_KINDS, UNFINISHED, OperationKind
from psa_connectwise.models import Agreement, AgreementType, Company

# The agreement to be made, or the ConnectWise id of the one that is to bill earlier.
WaitedFor = plan.AgreementSlot | int


def agreement_waited_for(one: Planned) -> WaitedFor | None:
    return one.slot or (one.needs.agreement_id if one.needs else None)


def keep_agreements(run: SyncRun, planned: Sequence[Planned]) -> dict[WaitedFor, Operation]:
    """The operation each line waits for, by what it is about."""
    organizations = {
        what: one.line.organization_id
        for one in planned
        if one.line and (what := agreement_waited_for(one))
    }
    highest = Agreement.objects.aggregate(highest=Max("connectwise_id"))["highest"] or 0
    kept: dict[WaitedFor, Operation] = {}
    for one in planned:
        if one.kind not in AGREEMENT_KINDS or one.slot is None:
            continue
        made = one.kind == OperationKind.CREATE_AGREEMENT
        what = one.slot if made else one.agreement_id
        assert what
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
