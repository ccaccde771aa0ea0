"""What we own in ConnectWise, what we intend to do there, and the runs that do it.

These rows are the truth about posting; the queue only rings the bell.
"""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from invoices.models.requested import Requested, choices
from invoices.sync.states import (
    DRAFTS,
    LIVE_POSTING,
    LIVE_RUN,
    UNFINISHED,
    Intent,
    OperationKind,
    OperationState,
    PostingState,
    RunState,
)

# For queries: when a run began to work, as `SyncRun.started_at` tells it of one.
STARTED_AT = Coalesce("confirmed_at", "created_at")


class SyncRun(Requested):
    """One press of Sync: what it covers, what it planned, how far it is. One is live at a time."""

    period = models.DateField()
    # What it covers and how (invoices/sync/scope.py); {} is the whole period.
    scope = models.JSONField(default=dict)
    # Totals of the plan per kind and currency; its rows are the run's operations.
    plan = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=choices(RunState), default=RunState.PLANNING)
    epoch = models.IntegerField(default=1)  # grows when a dead run is taken over
    heartbeat = models.DateTimeField(null=True)
    stop_requested = models.BooleanField(default=False)
    message = models.TextField(blank=True)
    # While what a plan reads is not answered: since when, and when it is asked for again.
    unanswered_since = models.DateTimeField(null=True)
    ask_again_at = models.DateTimeField(null=True)
    total = models.IntegerField(default=0)
    # How many rows came to what (OUTCOMES), once it is over; None: to be counted.
    outcomes = models.JSONField(null=True)
    # The run whose rows changed between its preview and its execution: this one plans them again.
    follows = models.ForeignKey("self", models.SET_NULL, null=True, related_name="followed_by")
    planned_at = models.DateTimeField(null=True)
    # How old what the plan knew of ConnectWise was; None where it was never read.
    known_at = models.DateTimeField(null=True)
    # When a person said yes to the plan as shown; None for a run that was not previewed.
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(state__in=[s.value for s in LIVE_RUN]),
                name="one_live_sync_run",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_live(self) -> bool:
        """It plans or posts; one_live_sync_run lets only one."""
        return self.state in LIVE_RUN

    @property
    def is_draft(self) -> bool:
        """A preview: shown, perhaps, but with nobody's yes."""
        return self.state in DRAFTS

    @property
    def is_undo(self) -> bool:
        """It takes back what other runs did (P50)."""
        return "undo" in self.scope

    @property
    def started_at(self) -> datetime:
        """When it began to work; a preview before that is not counted."""
        return self.confirmed_at or self.created_at


class OwnAgreement(models.Model):
    """An agreement that is ours to make, once: its four fields are the lock (P46)."""

    company = models.ForeignKey("psa_connectwise.Company", models.PROTECT, related_name="+")
    agreement_type = models.ForeignKey(
        "psa_connectwise.AgreementType", models.PROTECT, related_name="+"
    )
    currency = models.CharField(max_length=3)
    contract_id = models.CharField(max_length=64)
    # None until ConnectWise has confirmed it.
    agreement = models.ForeignKey(
        "psa_connectwise.Agreement", models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "agreement_type", "currency", "contract_id"],
                name="one_own_agreement",
            )
        ]

    def __str__(self) -> str:
        return self.contract_id


class Posting(models.Model):
    """One Addition that we own, found again by its key in `reference_field` (P44)."""

    key = models.CharField(max_length=50, unique=True)
    reference_field = models.CharField(max_length=100)
    line = models.ForeignKey("invoices.InvoiceLine", models.PROTECT, related_name="opened")
    # "" for a one-time Addition; else the subscription whose one persistent Addition it is (P45).
    subscription_id = models.CharField(max_length=64, blank=True)
    # Its index is that of one_posting_per_addition.
    agreement = models.ForeignKey(
        "psa_connectwise.Agreement", models.PROTECT, related_name="+", db_index=False
    )
    addition_id = models.IntegerField(null=True)
    # The newest month whose line wrote it: earlier ones never change it again (P45).
    last_period = models.DateField()
    # What it should say: as we wrote it last, by our field names.
    after_image = models.JSONField(default=dict)
    state = models.CharField(
        max_length=8, choices=choices(PostingState), default=PostingState.OPENING
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription_id"],
                condition=~Q(subscription_id="") & Q(state__in=[s.value for s in LIVE_POSTING]),
                name="one_open_posting_per_subscription",
            ),
            models.UniqueConstraint(
                fields=["agreement", "addition_id"], name="one_posting_per_addition"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Operation(models.Model):
    """One intended change in ConnectWise; planned, claimed, called, recorded, settled."""

    run = models.ForeignKey(SyncRun, models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=16, choices=choices(OperationKind))
    state = models.CharField(
        max_length=10, choices=choices(OperationState), default=OperationState.PLANNED
    )
    line = models.ForeignKey(
        "invoices.InvoiceLine", models.PROTECT, null=True, related_name="operations"
    )
    # What the plan says of it, for people; revenue and cost are those of its line.
    intent = models.CharField(max_length=9, choices=choices(Intent), default=Intent.CREATE)
    organization = models.ForeignKey(
        "mapping.Organization", models.PROTECT, null=True, related_name="+"
    )
    currency = models.CharField(max_length=3, blank=True)
    revenue = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    cost = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    # The line's version the plan saw: another one at the claim means plan again.
    line_version = models.BigIntegerField(null=True)
    own_agreement = models.ForeignKey(
        OwnAgreement, models.PROTECT, null=True, related_name="operations", db_index=False
    )
    # The operation before it: the one that makes its agreement, or a step of the same line.
    waits_for = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="waiting", db_index=False
    )
    # A step towards another operation of its line, with which the line is done.
    is_step = models.BooleanField(default=False)
    # The operation that this one takes back (P50).
    undoes = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="undone_by", db_index=False
    )
    posting = models.ForeignKey(Posting, models.SET_NULL, null=True, related_name="operations")
    # The agreement it works in; None until the one it waits for is made. Nobody asks the other way
    # round, and agreements are never deleted: no index.
    agreement = models.ForeignKey(
        "psa_connectwise.Agreement", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # The Addition it concerns: found by its key when it was planned, or answered.
    addition_id = models.IntegerField(null=True)
    key = models.CharField(max_length=50, blank=True)
    # Set when the Addition is to be the subscription's persistent one.
    subscription_id = models.CharField(max_length=64, blank=True)
    # The Addition on both sides, as images.py keeps it; of work on an agreement, its own fields.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)  # why, in plain words
    reason_code = models.CharField(max_length=40, blank=True)
    # Of an end that a preview lists: whether a yes to the preview includes it.
    ticked = models.BooleanField(default=False)
    warnings = models.JSONField(default=list)
    # Whoever holds this token may send until the lease ends, and record as long as it stands here.
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    # Put off: neither taken nor looked for before then.
    not_before = models.DateTimeField(null=True)
    # Stamped as the bytes leave; None: this try was surely never sent.
    sent_at = models.DateTimeField(null=True)
    # The highest Addition id known in the agreement before the call: where settling looks from.
    highest_id_before = models.IntegerField(null=True)
    # How often it was taken, and how often it may have reached ConnectWise.
    attempts = models.PositiveSmallIntegerField(default=0)
    times_sent = models.PositiveSmallIntegerField(default=0)
    request_id = models.CharField(max_length=100, blank=True)
    # The extended price and cost that ConnectWise answered, as text, exact; None: it answered none.
    computed = models.JSONField(null=True)
    last_error = models.TextField(blank=True)
    # When a key that may stand there twice is looked for again.
    recheck_at = models.DateTimeField(null=True)
    rechecked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(state__in=[s.value for s in UNFINISHED]),
                name="one_unfinished_operation_per_line",
            ),
            models.UniqueConstraint(
                fields=["posting"],
                condition=Q(state__in=[s.value for s in UNFINISHED]),
                name="one_unfinished_operation_per_posting",
            ),
            models.UniqueConstraint(
                fields=["own_agreement"],
                condition=Q(state__in=[s.value for s in UNFINISHED]),
                name="one_unfinished_operation_per_own_agreement",
            ),
        ]
        indexes = [
            # The claim takes the next planned one of a run.
            models.Index(
                fields=["run", "id"],
                condition=Q(state=OperationState.PLANNED.value),
                name="operation_planned",
            ),
            # The sweep looks at what is unfinished. Not by when the lease ends: that moves when it
            # is sent, and each operation would be entered into all the indexes once more.
            models.Index(
                fields=["id"],
                condition=Q(state__in=[s.value for s in UNFINISHED]),
                name="operation_unfinished",
            ),
            models.Index(
                fields=["recheck_at"],
                condition=Q(recheck_at__isnull=False),
                name="operation_recheck",
            ),
            # Few have one of these; the others cost each change of theirs nothing.
            *(
                models.Index(
                    fields=[name],
                    condition=Q((f"{name}__isnull", False)),
                    name=f"operation_{name}",
                )
                for name in ("own_agreement", "waits_for", "undoes")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
