"""Makes the plan of a run: what is gathered, what is read in ConnectWise, what becomes of both."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from invoices.models import SyncRun
from invoices.sync import changed, ending, fresh, gather, owned, plan, remote, repeats, shown
from invoices.sync.cancellations import (
    Month,
    Policy,
    Running,
    plan_cancellations,
    under_policy,
    why_none_can_end,
)
from invoices.sync.keeping import Superseded, keep_draft, keep_plan
from invoices.sync.locks import free_lanes
from invoices.sync.read import Listed, list_agreements
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import OperationState, Origin
from invoices.sync.undo import gather_undo
from invoices.sync.wanted_agreements import without_needless
from psa_connectwise.models import Agreement

# So many more agreements are read before the custom field of our key is said to be nowhere.
MOST_OTHERS = 25


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
        """Every Addition of ours that the plan may touch: what has to be read first."""
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
    """Read ConnectWise, plan, and keep the plan; raises `wire.errors.RemoteError`, `Superseded`.

    A run that was previewed does what it showed and nothing else.
    """
    again = run.plan.get("again")
    scope = RunScope.from_json(run.scope)
    planned, listed = _read_and_plan(
        run, scope if again is None else replace(scope, lines=tuple(again))
    )
    if run.origin == Origin.SCHEDULE:
        planned = repeats.leave_refused(planned)
    if again is not None:
        changed.keep_again(run, planned, listed)
    elif run.confirmed_at:
        shown.keep_to_what_was_shown(run, planned, listed)
    else:
        keep_plan(run, planned, listed)


def plan_draft(run: SyncRun) -> None:
    """Plan a preview from what is known of ConnectWise; read it first where the scope says so."""
    scope = RunScope.from_json(run.scope)
    if scope.fresh:
        if not scope.undo:
            fresh.read_directory(run)
        fresh.tell(run, "Reading the Additions of its agreements")
        planned, listed = _read_and_plan(run, scope)
    else:
        planned, listed = _known_plan(run, scope), Listed()
    known_at = timezone.now() if scope.fresh else last_read()
    SyncRun.objects.filter(pk=run.pk).update(known_at=known_at, message="")
    keep_draft(run, planned, listed)


def _known_plan(run: SyncRun, scope: RunScope) -> Sequence[plan.Planned]:
    if scope.undo:
        return gather_undo(scope.undo, run.period, overwrite=scope.overwrite).plan()
    return _gather(run.period, scope, attended=_is_attended(run)).plan()


def _read_and_plan(run: SyncRun, scope: RunScope) -> tuple[Sequence[plan.Planned], Listed]:
    if scope.undo:
        facts = gather_undo(scope.undo, run.period, overwrite=scope.overwrite)
        listed = _list(run, facts.agreements)
        return refuse_standing(facts.plan(listed), listed), listed
    # Before the reading, which may take minutes: a line that is edited meanwhile has another
    # version by then, and the claim refuses it.
    gathered = _gather(run.period, scope, attended=_is_attended(run))
    concerned = {one.agreement_id for one in gathered.owned()} | set(gathered.directory.agreements)
    listed = _list(run, concerned)
    found = owned.found(gathered.owned(), listed)
    unknown = owned.unknown_keys(listed)
    directory = replace(gathered.directory, found=found, unknown_keys=unknown)
    return refuse_standing(replace(gathered, directory=directory).plan(), listed), listed


def _list(run: SyncRun, agreement_ids: Iterable[int]) -> Listed:
    """On lanes that are free, for what is posted meanwhile goes first; one request always may."""
    client, field, ids = remote.client(), remote.reference_field(), set(agreement_ids)
    others = Agreement.objects.filter(status=Agreement.Status.ACTIVE, missing=False)
    # The oldest are the likeliest to have Additions.
    others = others.exclude(connectwise_id__in=ids).order_by("connectwise_id")
    with free_lanes(settings.CONNECTWISE_CONCURRENCY) as free:
        return list_agreements(
            client,
            ids,
            field,
            beat=lambda: beat(run),
            at_once=max(1, free),
            kept=remote.kept_reference(field),
            others=others.values_list("connectwise_id", flat=True)[:MOST_OTHERS],
        )


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
    return without_needless(one for chain in chains for one in _refuse_chain(chain, listed))


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


def preview(
    period: date,
    line_ids: Collection[int] | None = None,
    *,
    scope: RunScope | None = None,
    attended: bool = True,
) -> tuple[plan.Planned, ...]:
    """What a sync would do by what we know of ConnectWise; nothing is kept.

    `attended` is whether a person decides line by line what is posted then.
    """
    if scope is None:
        scope = RunScope(lines=None if line_ids is None else tuple(line_ids))
    return _gather(period, scope, attended=attended).plan()


def _is_attended(run: SyncRun) -> bool:
    return run.origin == Origin.PERSON


def _gather(period: date, scope: RunScope, *, attended: bool) -> Gathered:
    """Subscriptions that are gone concern only a run over the whole period."""
    lines = gather.gather_lines(gather.lines_to_post(period, scope.lines))
    settings = gather.plan_settings(
        remote.seller_id(),
        remote.installation(),
        overwrite=scope.overwrite,
        attended=attended,
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
    alive = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=run.state)
    if not alive.update(heartbeat=Now()):
        raise Superseded


def last_read() -> datetime | None:
    """When every agreement was last read; their Additions are taken to be as we wrote them."""
    # The oldest of them: so old is the picture where it is oldest.
    read = Agreement.objects.filter(missing=False).order_by("updated_at")
    return read.values_list("updated_at", flat=True).first()
