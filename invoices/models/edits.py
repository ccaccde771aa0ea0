"""What people changed on lines: who, when, what, of which lines; a bulk update is one row."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class LineEdit(models.Model):
    """One change of one line or of many by a person; kept for good.

    A bulk update is drafted when its confirmation is shown: from then on its lines are fixed.
    Queued, as also what is applied to other lines, it is done by whoever locks this row, so a worker that dies leaves it queued.
    """

    class Kind(models.TextChoices):
        """How the change was made."""

        ROW = "row", "on the row"
        BULK = "bulk", "Bulk Update"
        OTHERS = "others", "applied to other lines"

    class State(models.TextChoices):
        """DRAFT waits for a confirmation, QUEUED for a worker; REFUSED names lines that stand in its way."""

        DRAFT = "draft"
        QUEUED = "queued"
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    # What a worker may have to do.
    IN_BULK = (Kind.BULK, Kind.OTHERS)

    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.DONE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    period = models.DateField()
    # What to do, or what was done, as `services/line_change.py` stores it.
    change = models.JSONField(default=dict)
    # The same in words: [["PSA Agreement Name", "Annual"], …].
    changed = models.JSONField(default=list)
    total = models.IntegerField(default=1)  # how many lines it concerns
    written = models.IntegerField(default=0)  # how many of them really changed
    # The first lines that stood in the way: [{"name": …, "reason": …}, …], and how many did.
    refusals = models.JSONField(default=list)
    refused = models.IntegerField(default=0)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # What waits for a worker, and what has just ended.
            models.Index(
                fields=["finished_at"],
                condition=models.Q(kind__in=["bulk", "others"]),
                name="line_edit_long_finished",
            ),
            models.Index(
                fields=["id"], condition=models.Q(state="queued"), name="line_edit_queued"
            ),
        ]

    def __str__(self) -> str:
        return f"edit {self.pk}"

    @property
    def title(self) -> str:
        """What a bar of progress calls it."""
        return "Other unsynced lines" if self.kind == self.Kind.OTHERS else "Bulk Update"


class EditedLines(models.Model):
    """The lines of an edit, apart: a hundred thousand numbers that its row is read without."""

    edit = models.OneToOneField(LineEdit, models.CASCADE, primary_key=True, related_name="lines")
    line_ids = ArrayField(models.BigIntegerField(), default=list)  # in ascending order
    # The last edit of each line when it was ticked, in the same order; emptied once it is done.
    seen_edits = ArrayField(models.BigIntegerField(null=True), default=list)

    def __str__(self) -> str:
        return f"lines of {self.edit_id}"
