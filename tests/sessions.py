"""Two database sessions at once: work in a thread of its own, and waiting until one waits for the other."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

from django.db import connection

# Of the whole cluster, where other tests' sessions wait for each other too.
WAITING = """
    SELECT EXISTS (SELECT FROM pg_locks
                    WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))
"""
SECONDS = 20


def in_thread(threads: ThreadPoolExecutor, job: Callable[[], Any]) -> Future[Any]:
    """With a database session of its own."""

    def work_apart() -> Any:
        try:
            return job()
        finally:
            connection.close()

    return threads.submit(work_apart)


def in_threads(*jobs: Callable[[], object]) -> None:
    """All at once; raises what one of them raised."""
    with ThreadPoolExecutor(len(jobs)) as threads:
        for job in [in_thread(threads, job) for job in jobs]:
            job.result()


def somebody_waits() -> bool:
    """For a lock that this session holds."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def until_somebody_waits() -> None:
    """Raises AssertionError where nobody does."""
    deadline = monotonic() + SECONDS
    while not somebody_waits():
        assert monotonic() < deadline, "nobody waits"
        sleep(0.01)
