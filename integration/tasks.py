"""Signs of life, and tidying up."""

from celery import shared_task

from integration.probes import note_knock
from integration.sessions import forget_old_sessions


@shared_task
def hear_beat() -> None:
    """Beat and a worker are alive: Test connection looks for the trace of it."""
    note_knock()


@shared_task
def forget_sessions() -> None:
    """Those that nobody can use any more; each sign-in that was broken off leaves one."""
    forget_old_sessions()
