"""Signs of life, and tidying up."""

from celery import shared_task
from celery.signals import beat_init

from integration.probes import note_knock
from integration.sessions import forget_old_sessions


@shared_task
def hear_beat() -> None:
    """Beat and a worker are alive: Test connection looks for the trace of it."""
    note_knock()


@beat_init.connect
def knock_at_once(**_signal: object) -> None:
    """Who has just started everything should not read for a minute that beat is silent."""
    hear_beat.delay()


@shared_task
def forget_sessions() -> None:
    """Those that nobody can use any more; each sign-in that was broken off leaves one."""
    forget_old_sessions()
