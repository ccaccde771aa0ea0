"""Agreements that planned lines wait for: made, or made to bill earlier, before them (P46). Pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from invoices.sync.facts import (
    Agreement,
    AgreementDates,
    AgreementSlot,
    Directory,
    NewAgreementPlan,
    Planned,
    PlanSettings,
)
from invoices.sync.states import AGREEMENT_KINDS, OperationKind, OperationState


def plan_agreements(
    planned: Sequence[Planned], directory: Directory, settings: PlanSettings
) -> list[Planned]:
    """One operation per agreement that a planned line waits for."""
    made = [
        _plan_agreement(slot, start, directory, settings)
        for slot, start in _first_days(planned, directory).items()
    ]
    moved = [
        _plan_billing(directory.agreements[agreement_id], start)
        for agreement_id, start in _earliest_needs(planned).items()
    ]
    return made + moved


def without_needless(planned: Iterable[Planned]) -> list[Planned]:
    """Once lines were taken out of a plan: no work on an agreement that none waits for any more."""
    told = list(planned)
    wanted = {
        one.agreement_work for one in told if one.line and one.state == OperationState.PLANNED
    }
    return [one for one in told if one.kind not in AGREEMENT_KINDS or one.agreement_work in wanted]


def _first_days(planned: Sequence[Planned], directory: Directory) -> dict[AgreementSlot, date]:
    """When each agreement that is to be made begins to bill."""
    starts: dict[AgreementSlot, date] = {}
    for operation in planned:
        if operation.slot and operation.line:
            first = directory.first_months.get(operation.slot.contract_id, operation.line.period)
            # A line that starts before the first loaded month would be refused as before billing.
            starts[operation.slot] = min(
                starts.get(operation.slot, first), first, operation.line.start
            )
    return starts


def _earliest_needs(planned: Sequence[Planned]) -> dict[int, date]:
    """Moved once for all lines that wait for it."""
    starts: dict[int, date] = {}
    for need in (operation.needs for operation in planned):
        if need:
            starts[need.agreement_id] = min(starts.get(need.agreement_id, need.start), need.start)
    return starts


def _plan_billing(agreement: Agreement, start: date) -> Planned:
    before = AgreementDates(agreement.start, agreement.bill_start)
    return Planned(
        kind=OperationKind.UPDATE_AGREEMENT,
        state=OperationState.PLANNED,
        slot=agreement.ours,
        agreement_id=agreement.id,
        dates_before=before,
        dates=before.moved_back(start),
        reason=f"Agreement {agreement.name} begins to bill on {start} instead of "
        f"{agreement.bill_start}: a charge starts before.",
    )


def _plan_agreement(
    slot: AgreementSlot, start: date, directory: Directory, settings: PlanSettings
) -> Planned:
    company = directory.companies[slot.company_id]
    if company.contact_id is None or settings.agreement_type_id is None:
        raise ValueError("a line of this slot should have been refused")
    return Planned(
        kind=OperationKind.CREATE_AGREEMENT,
        state=OperationState.PLANNED,
        slot=slot,
        agreement=NewAgreementPlan(
            name=slot.contract_id,
            company_id=slot.company_id,
            contact_id=company.contact_id,
            site_id=company.site_id,
            type_id=settings.agreement_type_id,
            currency_id=directory.currency_ids[slot.currency],
            start=start,
        ),
        reason=f"A new agreement {slot.contract_id} for {company.name}.",
    )
