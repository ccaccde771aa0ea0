"""How far the schedule's jobs are, so that a missed one is caught up once; and who hears of them."""

from django.conf import settings
from django.db import models

from invoices.schedule import Job


class ScheduledJob(models.Model):
    """One job of the schedule; its times stand in the settings, its work in loads and runs."""

    name = models.CharField(
        max_length=16,
        unique=True,
        choices=[(job.value, job.value.replace("_", " ").capitalize()) for job in Job],
    )
    # When it was switched on; None while it is off. Slots before that are not caught up.
    since = models.DateTimeField(null=True)
    last_slot = models.DateTimeField(null=True)
    # First days of the months that the slot taken last has still to do, in order.
    months_left = models.JSONField(default=list)
    message = models.TextField(blank=True)  # why it waits, or could not run

    def __str__(self) -> str:
        return self.name


class MailedReport(models.Model):
    """Somebody who wants the results of the schedule by e-mail (P53)."""

    class When(models.TextChoices):
        """Which results are mailed to a user; who has no row gets none."""

        ALWAYS = "always", "Always"
        PROBLEMS = "problems", "Only when something needs somebody"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    when = models.CharField(max_length=8, choices=When)

    def __str__(self) -> str:
        return f"{self.user}: {self.get_when_display()}"
