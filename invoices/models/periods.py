"""Months that were loaded, and the loads that brought them."""

from django.conf import settings
from django.db import models

from invoices.models.choices import choices
from invoices.months import month_name
from invoices.sync.states import Origin


class Period(models.Model):
    """A calendar month that was loaded at least once, also when it had no line (P15a)."""

    month = models.DateField(unique=True)  # its first day
    # True when the newest load read every page and every line of it.
    complete = models.BooleanField(default=False)
    incomplete_because = models.TextField(blank=True)
    loaded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return month_name(self.month)


class Load(models.Model):
    """One load of one period; at most one is under way per period (P17, P18)."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    UNDER_WAY = (State.QUEUED, State.RUNNING)

    month = models.DateField()  # the period's first day
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    origin = models.CharField(max_length=8, choices=choices(Origin), default=Origin.PERSON)
    # Who works on it: a worker that finds another token here gives up.
    token = models.UUIDField(null=True)
    heartbeat = models.DateTimeField(null=True)
    read = models.IntegerField(default=0)
    total = models.IntegerField(null=True)  # as the Platform's first page said
    new = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    gone = models.IntegerField(default=0)
    changed_after_sync = models.IntegerField(default=0)
    not_final = models.IntegerField(default=0)
    bad = models.IntegerField(default=0)
    complete = models.BooleanField(default=False)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)  # by mail, where the schedule began it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_load_per_period_at_once",
            )
        ]

    def __str__(self) -> str:
        return f"load of {month_name(self.month)}"

    @property
    def by(self) -> str:
        """Who asked for it, as people read it."""
        return self.user.username if self.user else self.get_origin_display()

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY


class UnfinalSubscription(models.Model):
    """A subscription that stands on an invoice that is not final: it is not gone (P49)."""

    month = models.DateField()
    subscription_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month", "subscription_id"], name="unfinal_subscription_once_a_month"
            )
        ]

    def __str__(self) -> str:
        return self.subscription_id
