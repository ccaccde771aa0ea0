"""What this installation runs on, asked: database, broker, workers, beat."""

from datetime import datetime, timedelta

import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

# Who asks whether we are ready, asks every few seconds, and takes a late answer for a no.
BROKER_SECONDS = 1.0
WORKERS_SECONDS = 1.0
# Beat knocks every minute, and a worker notes it here.
KNOCK = "linebridge:knock"
SILENT_AFTER = timedelta(minutes=3)


def ask_database() -> bool:
    """Raises Django's DatabaseError where it doesn't answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def ask_broker() -> bool:
    """Raises RedisError where it doesn't answer."""
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=BROKER_SECONDS,
        socket_timeout=BROKER_SECONDS,
    ) as broker:
        return bool(broker.ping())


def ask_workers() -> bool:
    """True as soon as one worker answers."""
    answers = current_app.control.broadcast("ping", reply=True, timeout=WORKERS_SECONDS, limit=1)
    return bool(answers)


def note_knock() -> None:
    """Beat was heard by a worker."""
    cache.set(KNOCK, timezone.now(), timeout=None)


def last_knock() -> datetime | None:
    """When beat was heard last; None where it never was."""
    heard: datetime | None = cache.get(KNOCK)
    return heard


def is_silent(heard: datetime | None, *, now: datetime) -> bool:
    """Some knocks in a row were not heard, or none ever was."""
    return heard is None or now - heard > SILENT_AFTER
