"""Celery tasks of the invoices app, a file a subject; Celery finds them through this module."""

from invoices.tasks import loading, schedule, sync

__all__ = ["loading", "schedule", "sync"]
