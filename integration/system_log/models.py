"""Log entries: what happened in the last 30 days, for people (P51)."""

import logging

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper


class LogEntry(models.Model):
    """One record of the log, with what it is about.

    Links are plain values, not foreign keys: the log must never hold up what it speaks of.
    """

    class Level(models.IntegerChoices):
        INFO = logging.INFO, "Info"
        WARNING = logging.WARNING, "Warning"
        ERROR = logging.ERROR, "Error"

    level = models.PositiveSmallIntegerField(choices=Level)
    created_at = models.DateTimeField()
    logger = models.CharField(max_length=100)
    summary = models.TextField()
    details = models.TextField(blank=True)
    # What it is about, "" or None where it is about nothing in particular.
    line = models.CharField(max_length=64, blank=True)  # the line's platform_id
    run = models.BigIntegerField(null=True)
    load = models.BigIntegerField(null=True)
    mapping = models.CharField(max_length=80, blank=True)  # platform_id of organization or offer

    class Meta:
        verbose_name = "log entry"
        verbose_name_plural = "log entries"
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="log_newest"),
            # Also what the tiles are counted from.
            models.Index(fields=["level", "-created_at", "-id"], name="log_level_newest"),
            models.Index(fields=["line"], condition=~models.Q(line=""), name="log_line"),
            # As icontains asks: UPPER(column) LIKE UPPER(text).
            GinIndex(OpClass(Upper("summary"), name="gin_trgm_ops"), name="log_summary_search"),
            GinIndex(OpClass(Upper("details"), name="gin_trgm_ops"), name="log_details_search"),
        )

    def __str__(self) -> str:
        return self.summary


class LogCount(models.Model):
    """How many entries of a level came in an hour: the tiles add these up, not a million rows."""

    hour = models.DateTimeField()
    level = models.PositiveSmallIntegerField(choices=LogEntry.Level)
    entries = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["hour", "level"], name="one_log_count_per_hour"),
        )

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00 {self.get_level_display()}"
