"""Signs of life."""

from celery import shared_task

from integration.probes import note_knock


@shared_task
def hear_beat() -> None:
    """Beat and a worker are alive: Test connection looks for the trace of it."""
    note_knock()
