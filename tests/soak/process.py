"""One process of the soak: a database of its own, and seeds one after the other."""

import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tests.soak.stage import Stage

Result = tuple[int, float, dict[str, int], str]
# Rows that were deleted make scans slower and slower until somebody tidies up.
TIDY_EVERY = 25


@contextmanager
def soak_database(number: int) -> Iterator[None]:
    """A fresh test database, so that a soak disturbs nobody; gone afterwards."""
    django.setup()
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"soak_{name}_{number}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def soak_seeds(seeds: Iterable[int], *, real_every: int = 0) -> Iterator[Result]:
    """Each seed's seconds, hits and failure ("" where there is none)."""
    from tests.soak.stage import stage

    with stage() as on:
        for turn, seed in enumerate(seeds, start=1):
            began = time.monotonic()
            failure = _failure(on, seed, real=bool(real_every) and seed % real_every == 0)
            hits = {one.value: count for one, count in on.weather.tally.items()}
            yield seed, time.monotonic() - began, hits, failure
            if turn % TIDY_EVERY == 0:
                _tidy_up()


def _failure(on: "Stage", seed: int, *, real: bool) -> str:
    from tests.soak.play import play
    from tests.soak.real import play_for_real

    try:
        (play_for_real if real else play)(on, seed)
    except AssertionError as wrong:
        return f"{type(wrong).__name__}: {wrong}"
    except Exception:
        return traceback.format_exc()
    return on.complaints[0] if on.complaints else ""


def _tidy_up() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
