"""How many connections the product holds at PostgreSQL and at Redis, looked at each second."""

import threading
from dataclasses import dataclass

import psycopg
import redis

POSTGRESQL = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True)
class Held:
    postgresql: int
    redis: int


class Connections:
    """Their peak since it was asked last: most of them come with a sync and go after it."""

    def __init__(self, database: str, broker: str) -> None:
        self._database = psycopg.connect(database, autocommit=True)
        self._broker = redis.Redis.from_url(broker)
        self._peak = Held(0, 0)
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def take(self) -> Held:
        """Looks once more itself, so that an interval without a look has a figure too."""
        with self._lock:
            taken, self._peak = _most(self._peak, self._held()), Held(0, 0)
        return taken

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._database.close()
        self._broker.close()

    def _look(self) -> None:
        while not self._stop.wait(1):
            with self._lock:
                self._peak = _most(self._peak, self._held())

    def _held(self) -> Held:
        found = self._database.execute(POSTGRESQL).fetchone()
        number = str(self._broker.connection_pool.connection_kwargs.get("db") or 0)
        clients = [one for one in self._broker.client_list() if one["db"] == number]
        return Held(int(found[0]) if found else 0, len(clients) - 1)


def _most(one: Held, other: Held) -> Held:
    return Held(max(one.postgresql, other.postgresql), max(one.redis, other.redis))
