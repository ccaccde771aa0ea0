"""Months that were loaded, and the loads that brought them."""

from django.db import models

from invoices.models.requested import Requested
from invoices.months import month_name


class Period(models.Model):
    """A calendar month that was loaded at least once, also when it had no line (P15a)."""

    month = models.DateField(unique=True)  # its first day
    # True when the newest load read every page and every line of it.
    complete = models.BooleanField(default=False)
    incomplete_because = models.TextField(blank=True)
    loaded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return month_name(self.month)


class Load(Requested):
    """One load of one period; at most one is under way per period (P17, P18)."""

    class State(models.TextChoices):
        """DONE says that it ended, `complete` that it read everything."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    UNDER_WAY = (State.QUEUED, State.RUNNING)

    month = models.DateField()  # the period's first day
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
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
    def is_under_way(self) -> bool:
        """No other load of its month, and no run, may begin meanwhile."""
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
