"""Agreements that planned lines wait for: made before them (P46). Pure."""

from collections.abc import Sequence
from datetime import date

from invoices.sync.facts import AgreementSlot, Directory, NewAgreementPlan, Planned, PlanSettings
from invoices.sync.states import OperationKind, OperationState


def plan_agreements(
    planned: Sequence[Planned], directory: Directory, settings: PlanSettings
) -> list[Planned]:
    """One operation per agreement that a planned line waits for."""
    starts: dict[AgreementSlot, date] = {}
    for operation in planned:
        if operation.slot and operation.line:
            first = directory.first_months.get(operation.slot.contract_id, operation.line.period)
            # A line that starts before the first loaded month would be refused as before billing.
            starts[operation.slot] = min(
                starts.get(operation.slot, first), first, operation.line.start
            )
    return [_plan_agreement(slot, start, directory, settings) for slot, start in starts.items()]


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
