"""Celery tasks of the invoices app, a file a subject; Celery finds them through this module."""

from invoices.tasks import bulk, loading, schedule, sync

__all__ = ["bulk", "loading", "schedule", "sync"]
