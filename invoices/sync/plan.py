"""What a sync will do, as a pure function of lines and of what we know of ConnectWise (P39).

Preview and execution call the same `make_plan`.
"""

from collections.abc import Iterable, Mapping

from invoices.sync.checks import line_refusal
from invoices.sync.facts import (
    Agreement,
    AgreementSlot,
    Closing,
    Company,
    Contender,
    Directory,
    Line,
    NewAgreementPlan,
    Owned,
    Planned,
    PlanSettings,
    Product,
    Refusal,
)
from invoices.sync.line_plan import PLANNERS, Draft
from invoices.sync.recurring import contender, decide, owners
from invoices.sync.states import OperationKind, OperationState
from invoices.sync.wanted_agreements import plan_agreements

__all__ = [
    "Agreement",
    "AgreementSlot",
    "Closing",
    "Company",
    "Contender",
    "Directory",
    "Line",
    "NewAgreementPlan",
    "Owned",
    "PlanSettings",
    "Planned",
    "Product",
    "Refusal",
    "make_plan",
]


def make_plan(
    lines: Iterable[Line], directory: Directory, settings: PlanSettings
) -> tuple[Planned, ...]:
    """Agreements to make first, then what each line needs, in the lines' order."""
    ordered = sorted(lines, key=lambda line: line.id)
    running = [contender(line) for line in ordered if line.recurring and not line.gone]
    period_owners = owners((*running, *directory.contenders))
    planned = [
        one for line in ordered for one in _plan_line(line, period_owners, directory, settings)
    ]
    return (*plan_agreements(planned, directory, settings), *planned)


def _plan_line(
    line: Line, period_owners: Mapping[str, int], directory: Directory, settings: PlanSettings
) -> list[Planned]:
    if line.gone:
        return [
            Planned(
                kind=OperationKind.CREATE,
                state=OperationState.SKIPPED,
                line=line,
                code="gone",
                reason="It is no longer on the Platform, so it is not posted.",
            )
        ]
    agreement_id, slot = _agreement_of(line, directory)
    refusal = line_refusal(line, agreement_id, slot, directory, settings)
    if refusal:
        return [_refused(line, agreement_id, refusal)]
    decision = decide(line, agreement_id, directory, period_owners, overwrite=settings.overwrite)
    if isinstance(decision, Refusal):
        return [_refused(line, agreement_id, decision)]
    draft = Draft(line, agreement_id, slot, decision, directory, settings)
    planned = PLANNERS[decision.way](draft)
    return [_refused(line, agreement_id, planned)] if isinstance(planned, Refusal) else planned


def _refused(line: Line, agreement_id: int | None, refusal: Refusal) -> Planned:
    return Planned(
        kind=OperationKind.CREATE,
        state=OperationState.REFUSED,
        line=line,
        agreement_id=agreement_id,
        code=refusal.code,
        reason=refusal.reason,
    )


def _agreement_of(line: Line, directory: Directory) -> tuple[int | None, AgreementSlot | None]:
    """The agreement it posts into, or the slot of the one to be made for it."""
    if line.agreement_id is not None:
        return line.agreement_id, None
    slot = AgreementSlot(line.company_id, line.currency, line.contract_id)
    existing = directory.own_agreements.get(slot)
    return (existing, None) if existing is not None else (None, slot)
