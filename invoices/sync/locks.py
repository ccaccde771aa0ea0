"""Locks of a database session: they end with it, so a worker that dies holds nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# The classes of our advisory locks; loads have two more (`WORKER_LOCK`, `PERIOD_LOCK`).
# Advisory locks are bare numbers that all users of a database share; 0x4C42 is "LB".
LANE = 0x4C42
PLANNING = 0x4C43
# A host that vanished, switched off or cut from the network, says no goodbye: by itself PostgreSQL
# keeps its session, and the sweep's one lock with it, for two hours. So within a minute.
MISSED_SOON = """set_config('tcp_keepalives_idle', '30', false),
    set_config('tcp_keepalives_interval', '10', false), set_config('tcp_keepalives_count', '3', false)"""


@contextmanager
def session_lock(kind: int, number: int) -> Iterator[bool]:
    """True for the one that holds it now; never waits."""
    with connection.cursor() as cursor:
        # The session's, not the transaction's: a lane works in many short transactions.
        cursor.execute(f"SELECT pg_try_advisory_lock(%s, %s), {MISSED_SOON}", [kind, number])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, number])


@contextmanager
def free_lanes(most: int) -> Iterator[int]:
    """How many of the first `most` lanes nobody works on now; they are ours until the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane FROM generate_series(0, %s) lane WHERE pg_try_advisory_lock(%s, lane)",
            [most - 1, LANE],
        )
        held = [row[0] for row in cursor.fetchall()]
    try:
        yield len(held)
    finally:
        with connection.cursor() as cursor:
            cursor.executemany("SELECT pg_advisory_unlock(%s, %s)", [(LANE, one) for one in held])
