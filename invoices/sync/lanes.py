"""Lanes: how a run's work is spread over all workers (docs/posting.md).

There are CONNECTWISE_CONCURRENCY lanes in the whole installation, each held by a PostgreSQL
advisory lock: a lane whose worker dies is free at once, and no more requests than lanes are ever
under way. A lane works at most a minute and rings for itself again.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Lock

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from invoices.models import Operation, SyncRun
from invoices.sync import remote, run
from invoices.sync.call import perform
from invoices.sync.claim import RunOver, claim_next
from invoices.sync.locks import LANE, session_lock
from invoices.sync.outcomes import count_what_settled
from invoices.sync.recheck import recheck
from invoices.sync.remote import Reference
from invoices.sync.settle import Settled, settle
from invoices.sync.states import OperationState, RunState
from psa_connectwise.client import ConnectWiseClient
from wire.errors import ConfigError, RemoteError

logger = logging.getLogger(__name__)

# The sweep's own lane, far above any concurrency: it never takes one from a run.
SWEEP = 10_000
# Below the minute for which a worker that is shut down is waited for.
SECONDS = 45.0
# Between two looks for work that an agreement under way, or a short wait, still holds back.
PAUSE = 0.1
# What is put off for longer is no reason to keep the lane: the sweep rings for it.
SOON = timedelta(seconds=10)
HANDS = 2


def work_lane(
    run_id: int, epoch: int, lane: int, *, seconds: float = SECONDS, hands: int = 1
) -> bool:
    """Posts one operation after the other; True when its time is up and there is more to do."""
    with session_lock(LANE, lane) as held:
        a_run = SyncRun.objects.filter(pk=run_id, state=RunState.RUNNING).first() if held else None
        if a_run is None:
            return False
        until = time.monotonic() + seconds
        try:
            _work(a_run, epoch, lambda: time.monotonic() < until, hands)
        except ConfigError as error:
            run.fail_run(run_id, str(error))
        # Every lane asks, for none knows whether it is the last one.
        return not run.finish_if_done(run_id) and time.monotonic() >= until


def _work(a_run: SyncRun, epoch: int, go_on: Callable[[], bool], hands: int) -> None:
    """With two hands, one takes and records in our database while the other's request is out."""
    # The lane's: however many hands, one request is under way.
    client = remote.client(turn=Lock())
    reference = _planned_reference(a_run)
    broken = Event()

    def post() -> None:
        try:
            while go_on() and not broken.is_set() and _post_next(a_run, epoch, client, reference):
                pass
        except RunOver:
            logger.debug("a lane leaves run %s", a_run.pk)
        except BaseException:
            # The lock of the lane may be gone: the other hand sends nothing more, either.
            broken.set()
            raise

    def post_apart() -> None:
        try:
            post()
        finally:
            # Django closes those of requests and tasks; this thread is neither.
            connection.close()

    with ThreadPoolExecutor(HANDS) as threads:
        others = [threads.submit(post_apart) for _ in range(hands - 1)]
        post()
    for other in others:
        other.result()


def _planned_reference(a_run: SyncRun) -> Reference:
    """Where the plan found that our keys stand; raises ConfigError where it was of another ConnectWise."""
    if not remote.is_here(a_run):
        raise ConfigError(
            "The ConnectWise Company ID was changed after this sync was planned. Sync again.",
            service="ConnectWise",
        )
    kept = a_run.plan["reference"]
    return Reference(kept["field"], kept["id"])


def _post_next(a_run: SyncRun, epoch: int, client: ConnectWiseClient, reference: Reference) -> bool:
    """False when there is nothing more to do for now; raises `RunOver`, `ConfigError`."""
    claim = claim_next(a_run.pk, epoch)
    if claim:
        perform(client, claim, reference)
        return True
    coming = more_comes(a_run.pk)
    if coming:
        time.sleep(PAUSE)
    return coming


def more_comes(run_id: int) -> bool:
    """Something planned waits for an agreement on its way, or for a few seconds to pass."""
    coming = Q(waits_for__state=OperationState.CLAIMED) | Q(
        not_before__gt=Now(), not_before__lt=Now() + SOON
    )
    return Operation.objects.filter(coming, run_id=run_id, state=OperationState.PLANNED).exists()


def sweep(*, seconds: float = SECONDS) -> Settled:
    """Settles what is due; raises `wire.errors.RemoteError` when ConnectWise can't be asked."""
    with session_lock(LANE, SWEEP) as held:
        if not held:
            return Settled()
        until = time.monotonic() + seconds

        def go_on() -> bool:
            return time.monotonic() < until

        try:
            done = settle(go_on=go_on)
            recheck(go_on=go_on)
        finally:
            count_what_settled()
        return done


def lanes_for(a_run: SyncRun) -> range:
    """As many lanes as there is work for, at most the installation's concurrency."""
    planned = a_run.operations.filter(state=OperationState.PLANNED)
    return range(max(1, planned[: settings.CONNECTWISE_CONCURRENCY].count()))


def sweep_or_log() -> None:
    """As the schedule does it: what can't be settled now is said and tried again."""
    try:
        sweep()
    except RemoteError as error:
        logger.warning("Unconfirmed postings can't be checked now: %s", error)
    except Exception:
        # Whatever broke, runs are still to be woken.
        logger.exception("the sweep of unconfirmed postings broke off")
