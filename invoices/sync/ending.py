"""What stands open of subscriptions, and what the period knows of them: rows for P49's rule."""

from datetime import date

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from invoices.charge_dates import RECURRING
from invoices.loading.queries import business_today
from invoices.models import (
    STARTED_AT,
    InvoiceLine,
    InvoiceSettings,
    Operation,
    Period,
    Posting,
    SyncRun,
    UnfinalSubscription,
)
from invoices.sync import owned
from invoices.sync.cancellations import Month, Policy, Running
from invoices.sync.facts import WAITS_FOR_A_YES
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import DRAFTS, OperationState, PostingState, RunState


def month_of_run(period: date) -> Month | None:
    """None where the period was never loaded."""
    # The database's clock: on the word of a worker whose own is ahead nothing is ended.
    row = Period.objects.filter(month=period).annotate(now=Now()).first()
    newest = Period.objects.aggregate(newest=Max("month"))["newest"]
    if row is None:
        return None
    return Month(
        period=period,
        newest=newest,
        complete=row.complete,
        today=business_today(row.now),
    )


def running(period: date) -> list[Running]:
    """Open persistent Additions that no line of the period, or of a later one, has written."""
    last_lines = InvoiceLine.objects.filter(
        posting=OuterRef("pk"),
        period=OuterRef("last_period"),
        charge_type__in=RECURRING,
        # Of several lines of that period, the one that wrote it last.
    ).order_by("-synced_at", "-pk")
    rows = (
        owned.open_postings()
        .filter(state=PostingState.OPEN, last_period__lt=period)
        .exclude(subscription_id="")
        .annotate(
            cycle=Subquery(last_lines.values("billing_cycle")[:1]),
            paid_until=Subquery(last_lines.values("platform_end_date")[:1]),
        )
        .select_related("line")
    )
    return [
        Running(
            owned=owned.to_owned(row),
            customer=row.line.organization_name,
            name=row.line.subscription_name or row.line.offer_name,
            billing_cycle=row.line.billing_cycle if row.cycle is None else row.cycle,
            paid_until=row.paid_until or row.line.platform_end_date,
        )
        for row in rows.order_by("pk")
    ]


def present(period: date) -> set[str]:
    """Subscriptions that recur in the period: Mapped or not, posted or not, final or not.

    A line that vanished from the Platform counts no more, unless it was posted: then a person looks.
    """
    vanished = Q(gone=True) & ~Q(psa_status=InvoiceLine.Status.SYNCED) & Q(in_flight=False)
    lines = InvoiceLine.objects.filter(period=period, charge_type__in=RECURRING).exclude(vanished)
    unfinal = UnfinalSubscription.objects.filter(month=period)
    return set(lines.values_list("subscription_id", flat=True)) | set(
        unfinal.values_list("subscription_id", flat=True)
    )


def policy_of(scope: RunScope) -> Policy:
    """The run's own word, else the settings'."""
    chosen = InvoiceSettings.load()
    live = Posting.objects.filter(state=PostingState.OPEN).exclude(subscription_id="")
    return Policy(
        cancellations=scope.cancellations or Cancellations(chosen.cancellation_policy),
        ticked=scope.ends,
        share=chosen.cancellation_share,
        live=live.count(),
        force=scope.force,
    )


def ends_of(run: SyncRun) -> QuerySet[Operation]:
    """What the run planned for subscriptions that are gone, sent or not."""
    return run.operations.filter(
        line=None, undoes=None, own_agreement=None, posting__isnull=False, is_step=False
    ).select_related("posting__line", "posting__agreement")


def waiting_ends() -> QuerySet[Operation]:
    """What the newest run over a whole period left for a person to decide, and still stands.

    Of the newest period that was synced: a run over an older one ends nothing.
    """
    unplanned = Q(total=0, state__in=[RunState.FAILED, RunState.STOPPED])
    newest = (
        SyncRun.objects.exclude(scope__has_key="lines")
        .exclude(scope__has_key="undo")
        .exclude(unplanned | Q(state__in=[*DRAFTS, RunState.PLANNING]))
        .order_by("-period", STARTED_AT.desc())
        .first()
    )
    if newest is None:
        return Operation.objects.none()
    return ends_of(newest).filter(
        state=OperationState.SKIPPED,
        reason_code__in=WAITS_FOR_A_YES,
        posting__state=PostingState.OPEN,
    )
