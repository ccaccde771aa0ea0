"""Who works on a load: taken by conditional update, kept by a token, taken over when left alone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from invoices.loading.queries import WORKER_LOCK, abandoned
from invoices.models import Load


class LoadLost(Exception):
    """Another worker took the load over; whatever this one has read is dropped."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a load: good as long as the token stands in its row."""

    load_id: int
    token: uuid.UUID

    def update(self, **fields: Any) -> None:
        """A sign of life, with what else is known by now; raises LoadLost."""
        changed = Load.objects.filter(
            pk=self.load_id, token=self.token, state=Load.State.RUNNING
        ).update(heartbeat=timezone.now(), **fields)
        if not changed:
            raise LoadLost(f"load {self.load_id} is worked on by somebody else")


@contextmanager
def claimed(load_id: int) -> Iterator[Claim | None]:
    """Take the load if nobody works on it (None if somebody does), for as long as this lasts."""
    now = timezone.now()
    claim = Claim(load_id, uuid.uuid4())
    taken = (
        Load.objects.filter(pk=load_id)
        .filter(abandoned(now))
        .update(state=Load.State.RUNNING, token=claim.token, heartbeat=now)
    )
    if not taken:
        yield None
        return
    # The token keeps a worker out that was slow and is back; the session's lock tells at once that
    # one has died, where a heartbeat would tell only after ten minutes.
    _lock("pg_try_advisory_lock", load_id)
    try:
        yield claim
    finally:
        with suppress(Error):  # a session that broke has let go of it by itself
            _lock("pg_advisory_unlock", load_id)


def abandoned_loads() -> list[int]:
    """Loads that wait for a worker: queued, or left by one that died."""
    return list(Load.objects.filter(abandoned(timezone.now())).values_list("pk", flat=True))


def _lock(function: str, load_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [WORKER_LOCK, load_id])
