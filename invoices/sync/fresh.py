"""Reads ConnectWise's directory before a preview is planned anew (P39)."""

import time
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from invoices.models import SyncRun
from invoices.sync import remote
from mapping.models import DirectoryRefresh
from mapping.services import RefreshUnderWay, run_refresh, start_refresh
from mapping.services.directory_parts import Part
from wire.errors import PermanentError

# What a plan depends on; what the Platform says of customers and offers, it doesn't.
PARTS: tuple[Part, ...] = ("agreement_types", "companies", "products", "agreements")
POLL_SECONDS = 1.0
LONGEST_WAIT = timedelta(minutes=10)
READING = "Reading companies, products and agreements of ConnectWise"


def read_directory(run: SyncRun) -> None:
    """Companies, products and agreements as they are now; raises `wire.errors.RemoteError`.

    Where somebody else reads them just now, that is waited for.
    """
    tell(run, READING)
    # Is it there? Asked before a refresh is begun, which would show its failure everywhere.
    remote.client().system_info()
    deadline = timezone.now() + LONGEST_WAIT
    while True:
        tell(run, READING)
        try:
            refresh = start_refresh(parts=PARTS, user=run.user)
        except RefreshUnderWay as error:
            if timezone.now() > deadline:
                raise PermanentError(str(error), service="ConnectWise") from error
            time.sleep(POLL_SECONDS)
            continue
        done = run_refresh(
            refresh_id=refresh.pk,
            today=timezone.now().date(),
            on_progress=lambda part, read, total: tell(run, _words(part, read, total)),
        )
        if done and done.state == DirectoryRefresh.State.DONE:
            return
        told = done.message if done else "Another worker took it over."
        raise PermanentError(f"ConnectWise could not be read. {told}", service="ConnectWise")


def tell(run: SyncRun, words: str) -> None:
    """What its page says it is doing; says also that this worker is alive."""
    # On condition of its state: what was stopped or taken over meanwhile keeps its own words.
    SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=run.state).update(
        message=words, heartbeat=Now()
    )


def _words(part: Part, read: int, total: int | None) -> str:
    of = f" of {total:,}" if total else ""
    return f"Reading ConnectWise: {read:,}{of} {part.replace('_', ' ')}"
