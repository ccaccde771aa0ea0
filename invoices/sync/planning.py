"""Makes a run's plan and keeps it: an Operation row for each change and for each line."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from invoices.models import Operation, OwnAgreement, Posting, SyncRun
from invoices.sync import ending, gather, owned, plan, remote
from invoices.sync.cancellations import (
    Month,
    Policy,
    Running,
    plan_cancellations,
    under_policy,
    why_none_can_end,
)
from invoices.sync.read import Listed, list_agreements
from invoices.sync.scope import Cancellations, RunScope, UndoScope
from invoices.sync.states import (
    UNFINISHED,
    OperationKind,
    OperationState,
    PostingState,
    RunState,
)
from invoices.sync.undo import gather_undo
from psa_connectwise.models import Agreement, AgreementType, Company

logger = logging.getLogger(__name__)

BATCH = 1000


class Superseded(Exception):
    """Another worker has taken the run over: this one stops without a trace."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a plan is made from; `found` is added once ConnectWise was read."""

    lines: list[plan.Line]
    directory: plan.Directory
    settings: plan.PlanSettings
    # For subscriptions that are gone; None where nothing can be said about the period.
    month: Month | None
    running: list[Running]
    present: set[str]
    policy: Policy

    def owned(self) -> list[plan.Owned]:
        single = (*self.directory.owned.values(), *self.directory.own.values())
        return [*single, *(one.owned for one in self.running)]

    def plan(self) -> tuple[plan.Planned, ...]:
        """What becomes of the lines, then what ends."""
        posted = plan.make_plan(self.lines, self.directory, self.settings)
        if self.month is None:
            return posted
        ends = plan_cancellations(
            self.running,
            self.present,
            self.month,
            self.directory.agreements,
            self.directory.found,
        )
        return (*posted, *under_policy(ends, self.policy))


def plan_run(run: SyncRun) -> None:
    """Read ConnectWise, plan, and keep the plan; raises `wire.errors.RemoteError`, `Superseded`."""
    scope = RunScope.from_json(run.scope)
    if scope.undo:
        _plan_undo(run, scope.undo, overwrite=scope.overwrite)
        return
    gathered = _gather(run.period, scope)
    concerned = {one.agreement_id for one in gathered.owned()} | set(gathered.directory.agreements)
    listed = list_agreements(
        remote.client(), concerned, remote.reference_field(), beat=lambda: beat(run)
    )
    found = owned.found(gathered.owned(), listed)
    directory = replace(gathered.directory, found=found)
    keep_plan(run, refuse_standing(replace(gathered, directory=directory).plan(), listed), listed)


def refuse_standing(planned: Iterable[plan.Planned], listed: Listed) -> list[plan.Planned]:
    """Refused where its key stands in ConnectWise already, but not so that it can be taken up.

    What waits for one another is refused together.
    """
    chains: list[list[plan.Planned]] = []
    for one in planned:
        if one.follows:
            chains[-1].append(one)
        else:
            chains.append([one])
    return [one for chain in chains for one in _refuse_chain(chain, listed)]


def _refuse_chain(chain: list[plan.Planned], listed: Listed) -> list[plan.Planned]:
    keyed = (one for one in chain if one.state == OperationState.PLANNED and one.key)
    why = (listed.standing_elsewhere(one.key, one.agreement_id) for one in keyed)
    reason = next((words for words in why if words), "")
    if not reason:
        return chain
    refused = OperationState.REFUSED
    return [
        replace(one, state=refused, code="stands_there", reason=reason, warnings=(), closes=None)
        for one in chain
    ]


def _plan_undo(run: SyncRun, scope: UndoScope, *, overwrite: bool) -> None:
    facts = gather_undo(scope, run.period, overwrite=overwrite)
    listed = list_agreements(
        remote.client(), facts.agreements, remote.reference_field(), beat=lambda: beat(run)
    )
    keep_plan(run, refuse_standing(facts.plan(listed), listed), listed)


def preview(
    period: date,
    line_ids: Collection[int] | None = None,
    *,
    scope: RunScope | None = None,
) -> tuple[plan.Planned, ...]:
    """What a sync would do by what we know of ConnectWise; nothing is kept."""
    if scope is None:
        scope = RunScope(lines=None if line_ids is None else tuple(line_ids))
    return _gather(period, scope).plan()


def _gather(period: date, scope: RunScope) -> Gathered:
    """Subscriptions that are gone concern only a run over the whole period."""
    lines = gather.gather_lines(gather.lines_to_post(period, scope.lines))
    settings = gather.plan_settings(
        remote.seller_id(), remote.installation(), overwrite=scope.overwrite
    )
    directory = gather.gather_directory(lines, settings.agreement_type_id)
    policy = ending.policy_of(scope)
    skipped = policy.cancellations == Cancellations.SKIP or scope.lines is not None
    month = None if skipped else ending.month_of_run(period)
    running: list[Running] = []
    present: set[str] = set()
    if month and not why_none_can_end(month):
        present = ending.present(period)
        running = [
            one for one in ending.running(period) if one.owned.subscription_id not in present
        ]
        theirs = gather.gather_agreements(one.owned.agreement_id for one in running)
        directory = replace(directory, agreements={**theirs, **directory.agreements})
    return Gathered(lines, directory, settings, month, running, present, policy)


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
            total=sum(counts(one) for one in planned),
            plan={
                "totals": totals(planned),
                "kinds": kinds(planned),
                "reference": reference,
                "installation": remote.installation(),
            },
        )
        if not going:
            raise Superseded
        makers = _keep_agreements(run, planned)
        _keep_closed(planned)
        _keep_operations(run, planned, makers, listed)
        mark_refused(run)
    for one in planned:
        if one.state == OperationState.REFUSED:
            _log_refused(run, one)


def _log_refused(run: SyncRun, one: plan.Planned) -> None:
    if one.line:
        links = {"line": one.line.platform_id, "run": run.pk}
        what = "undone" if one.undoes else "posted"
        logger.error("%s was not %s: %s", one.line.platform_id, what, one.reason, extra=links)
    else:
        links = {"run": run.pk}
        logger.error("Subscription %s: %s", one.subscription_id, one.reason, extra=links)


def counts(one: plan.Planned) -> bool:
    """Whether the run's progress counts it: neither a step nor an agreement to be made."""
    return one.kind != OperationKind.CREATE_AGREEMENT and not one.is_step


def kinds(planned: Iterable[plan.Planned]) -> dict[str, int]:
    """How many of each are to be sent; "unchanged" sends nothing."""
    sent = (one for one in planned if one.state == OperationState.PLANNED)
    return dict(Counter("unchanged" if one.unchanged else one.kind.value for one in sent))


def totals(planned: Iterable[plan.Planned]) -> dict[str, dict[str, object]]:
    """Per state and currency: how many lines, revenue and cost (as text, exact)."""
    counts: Counter[tuple[str, str]] = Counter()
    money: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for one in planned:
        if one.line and not one.is_step:
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


def _keep_closed(planned: Iterable[plan.Planned]) -> None:
    """What the read step found to be over is over, whatever comes of the plan."""
    for one in planned:
        if one.closes:
            Posting.objects.filter(key=one.closes.key, state=PostingState.OPEN).update(
                state=one.closes.state
            )


def _keep_operations(
    run: SyncRun,
    planned: Iterable[plan.Planned],
    makers: Mapping[plan.AgreementSlot, Operation],
    listed: Listed,
) -> None:
    """One row each; where one follows another, it waits for it."""
    rows = dict(Agreement.objects.values_list("connectwise_id", "pk"))
    kept = [one for one in planned if one.kind != OperationKind.CREATE_AGREEMENT]
    postings = dict(
        Posting.objects.filter(key__in=[one.key for one in kept]).values_list("key", "pk")
    )
    operations = []
    for one in kept:
        row = _row(run, one)
        row.waits_for = makers.get(one.slot) if one.slot else None
        row.posting_id = postings.get(one.key) if one.kind != OperationKind.CREATE else None
        row.agreement_id = rows.get(one.agreement_id) if one.agreement_id else None
        row.addition_id = one.addition_id or _standing(one, listed)
        row.highest_id_before = listed.highest_ids.get(one.agreement_id or 0, 0)
        operations.append(row)
    Operation.objects.bulk_create(operations, batch_size=BATCH)
    followers = []
    for before, one, operation in zip(operations, kept[1:], operations[1:], strict=False):
        if one.follows:
            operation.waits_for = before
            followers.append(operation)
    Operation.objects.bulk_update(followers, ["waits_for"], batch_size=BATCH)


def _row(run: SyncRun, one: plan.Planned) -> Operation:
    return Operation(
        run=run,
        kind=one.kind,
        state=one.state,
        line_id=one.line.id if one.line else None,
        line_version=one.line.version if one.line else None,
        is_step=one.is_step,
        undoes_id=one.undoes,
        key=one.key,
        subscription_id=one.subscription_id,
        before=one.before.to_json() if one.before else None,
        after=one.image.to_json() if one.image else None,
        reason=one.reason,
        reason_code=one.code,
        warnings=list(one.warnings),
    )


def _standing(one: plan.Planned, listed: Listed) -> int | None:
    """The Addition that carries the key of one to be made: it came about though we don't know it."""
    found = listed.by_key.get(one.key) if one.kind == OperationKind.CREATE else None
    return found.id if found else None


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
               AND operation.undoes_id IS NULL
               AND operation.line_id = line.id AND operation.line_version = line.version
               AND NOT line.in_flight AND line.psa_status <> 'synced'
               AND (line.psa_status, line.error) IS DISTINCT FROM ('error', operation.reason)
            """,
            [run.pk],
        )
    Operation.objects.filter(
        run=run, state__in=[OperationState.REFUSED, OperationState.SKIPPED]
    ).update(finished_at=Now())
