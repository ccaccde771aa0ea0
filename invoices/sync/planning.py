"""Makes a run's plan and keeps it: one Operation row per line and per agreement to be made."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from invoices.models import Operation, OwnAgreement, SyncRun
from invoices.sync import gather, plan, remote
from invoices.sync.read import Listed, list_agreements
from invoices.sync.states import UNFINISHED, OperationKind, OperationState, RunState
from psa_connectwise.models import Agreement, AgreementType, Company

logger = logging.getLogger(__name__)

BATCH = 1000


class Superseded(Exception):
    """Another worker has taken the run over: this one stops without a trace."""


def plan_run(run: SyncRun) -> None:
    """Read ConnectWise, plan, and keep the plan; raises `wire.errors.RemoteError`, `Superseded`."""
    lines, directory, settings = _gather(run)
    listed = list_agreements(
        remote.client(), directory.agreements, remote.reference_field(), beat=lambda: beat(run)
    )
    planned = plan.make_plan(lines, directory, settings)
    keep_plan(run, [refuse_standing(one, listed) for one in planned], listed)


def refuse_standing(planned: plan.Planned, listed: Listed) -> plan.Planned:
    """Refused where its key stands in ConnectWise already, but not so that it can be taken up."""
    if planned.state != OperationState.PLANNED or not planned.key:
        return planned
    found = listed.standing_elsewhere(planned.key, planned.agreement_id)
    if not found:
        return planned
    return replace(
        planned, state=OperationState.REFUSED, code="stands_there", reason=found, warnings=()
    )


def preview(period: date, line_ids: list[int] | None = None) -> tuple[plan.Planned, ...]:
    """What a sync would do by what we know of ConnectWise; nothing is kept."""
    return plan.make_plan(*_gather(SyncRun(period=period, scope=scope_of(line_ids))))


def scope_of(line_ids: Collection[int] | None) -> dict[str, object]:
    """A run's scope: the whole period, or only these lines."""
    return {} if line_ids is None else {"lines": sorted(line_ids)}


def _gather(run: SyncRun) -> tuple[list[plan.Line], plan.Directory, plan.PlanSettings]:
    lines = gather.gather_lines(gather.lines_to_post(run))
    settings = gather.plan_settings(remote.seller_id(), remote.installation())
    return lines, gather.gather_directory(lines, settings.agreement_type_id), settings


def beat(run: SyncRun) -> None:
    """Says that this worker is alive; raises `Superseded` when the run is another's by now."""
    alive = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.PLANNING)
    if not alive.update(heartbeat=Now()):
        raise Superseded


def keep_plan(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """Write the operations, mark refused lines, set the run going: all or nothing."""
    reference = {"field": listed.reference.field, "id": listed.reference.custom_field_id}
    with transaction.atomic():
        going = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=RunState.PLANNING).update(
            state=RunState.RUNNING,
            heartbeat=Now(),
            total=sum(one.line is not None for one in planned),
            plan={
                "totals": totals(planned),
                "reference": reference,
                "installation": remote.installation(),
            },
        )
        if not going:
            raise Superseded
        makers = _keep_agreements(run, planned)
        _keep_lines(run, planned, makers, listed)
        mark_refused(run)
    for one in planned:
        if one.state == OperationState.REFUSED and one.line:
            logger.error(
                "%s was not posted: %s",
                one.line.platform_id,
                one.reason,
                extra={"line": one.line.platform_id, "run": run.pk},
            )


def totals(planned: Iterable[plan.Planned]) -> dict[str, dict[str, object]]:
    """Per state and currency: how many lines, revenue and cost (as text, exact)."""
    counts: Counter[tuple[str, str]] = Counter()
    money: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for one in planned:
        if one.line:
            group = (one.state.value, one.line.currency)
            counts[group] += 1
            money[group][0] += one.line.total_price
            money[group][1] += one.line.total_cost
    told: dict[str, dict[str, object]] = {}
    for (state, currency), n in sorted(counts.items()):
        revenue, cost = money[state, currency]
        told.setdefault(state, {})[currency] = {
            "lines": n,
            "revenue": str(revenue),
            "cost": str(cost),
        }
    return told


def _keep_agreements(
    run: SyncRun, planned: Iterable[plan.Planned]
) -> dict[plan.AgreementSlot, Operation]:
    """The operation each slot waits for: a new one, or one still unsettled from before."""
    makers: dict[plan.AgreementSlot, Operation] = {}
    highest = Agreement.objects.aggregate(highest=Max("connectwise_id"))["highest"] or 0
    for one in planned:
        if one.kind == OperationKind.CREATE_AGREEMENT and one.slot and one.agreement:
            own = _own_agreement(one.slot, one.agreement)
            unfinished = own.operations.filter(state__in=[s.value for s in UNFINISHED]).first()
            makers[one.slot] = unfinished or Operation.objects.create(
                run=run,
                kind=one.kind,
                own_agreement=own,
                after=asdict(one.agreement) | {"start": one.agreement.start.isoformat()},
                highest_id_before=highest,
                reason=one.reason,
            )
    return makers


def _own_agreement(slot: plan.AgreementSlot, wanted: plan.NewAgreementPlan) -> OwnAgreement:
    return OwnAgreement.objects.get_or_create(
        company=Company.objects.get(connectwise_id=slot.company_id),
        agreement_type=AgreementType.objects.get(connectwise_id=wanted.type_id),
        currency=slot.currency,
        contract_id=slot.contract_id,
    )[0]


def _keep_lines(
    run: SyncRun,
    planned: Iterable[plan.Planned],
    makers: Mapping[plan.AgreementSlot, Operation],
    listed: Listed,
) -> None:
    rows = dict(Agreement.objects.values_list("connectwise_id", "pk"))
    operations = (
        Operation(
            run=run,
            kind=one.kind,
            state=one.state,
            line_id=one.line.id,
            line_version=one.line.version,
            waits_for=makers.get(one.slot) if one.slot else None,
            agreement_id=rows.get(one.agreement_id) if one.agreement_id else None,
            addition_id=listed.by_key[one.key].id if one.key in listed.by_key else None,
            highest_id_before=listed.highest_ids.get(one.agreement_id or 0, 0),
            key=one.key,
            subscription_id=one.subscription_id,
            after=one.image.to_json() if one.image else None,
            reason=one.reason,
            reason_code=one.code,
            warnings=list(one.warnings),
        )
        for one in planned
        if one.line
    )
    Operation.objects.bulk_create(operations, batch_size=BATCH)


def mark_refused(run: SyncRun) -> None:
    """Every refused line of the plan that did not change meanwhile stands in Error, with why."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE invoices_invoiceline line
               SET psa_status = 'error', error = operation.reason,
                   error_code = operation.reason_code, version = line.version + 1
              FROM invoices_operation operation
             WHERE operation.run_id = %s AND operation.state = 'refused'
               AND operation.line_id = line.id AND operation.line_version = line.version
               AND NOT line.in_flight AND line.psa_status <> 'synced'
               AND (line.psa_status, line.error) IS DISTINCT FROM ('error', operation.reason)
            """,
            [run.pk],
        )
    Operation.objects.filter(
        run=run, state__in=[OperationState.REFUSED, OperationState.SKIPPED]
    ).update(finished_at=Now())
