"""Loads one period: read every page into staging, then bring all of it in by one transaction.

Nothing of the month changes until every page was read. So a worker that is killed leaves nothing
half done, and whoever takes over simply reads again; a broken page costs the lines it holds, since
what was staged is brought in all the same; nobody ever sees half a month; and this process never
holds more than one page.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import cast

from django.db import Error, IntegrityError, OperationalError, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected, UniqueViolation

from invoices.charge_dates import Rule, RuleTable, Slot, rule_table
from invoices.loading.apply import Counts, apply_lines
from invoices.loading.claim import Claim, LoadLost, claimed
from invoices.loading.outcome import incomplete_because, outcome
from invoices.loading.read import Reading, Tell, read_month
from invoices.loading.staging import drop_staging, finish_staging
from invoices.models import ChargeDateRule, Load, Period
from invoices.months import month_name
from mapping.services.suggesting import suggest_for_all_tabs
from platform_client.client import PlatformClient
from platform_client.conf import get_client
from wire.errors import RemoteError

logger = logging.getLogger(__name__)

# Who loses to an edit once, hardly loses again: by then the edit is committed.
APPLY_TRIES = 3


def run_load(
    *,
    load_id: int,
    make_client: Callable[[], PlatformClient] = get_client,
    tell: Tell | None = None,
) -> bool:
    """Do the load if nobody works on it (else False); how it went stands in its row.

    May be called any number of times, by any number of workers.
    """
    with claimed(load_id) as claim:
        if claim is None:
            return False
        load = Load.objects.get(pk=load_id)
        try:
            _read_and_apply(load, claim, make_client, tell)
        except RemoteError as error:
            _fail(load, claim, error.message)
        except LoadLost:
            logger.info("%s was taken over by another worker", load, extra={"load": load_id})
        except KeyboardInterrupt:
            _fail(load, claim, "It was stopped by hand.")
            raise
        except Exception:
            _fail(load, claim, "An error of ours: the details are in the server's log.")
            raise
        finally:
            with suppress(Error):  # a session that broke has dropped it by itself
                drop_staging()
    # A month may name customers and offers that were not here yet.
    suggest_for_all_tabs()
    return True


def _read_and_apply(
    load: Load, claim: Claim, make_client: Callable[[], PlatformClient], tell: Tell | None
) -> None:
    def page_read(read: int, total: int | None) -> None:
        claim.update(read=read, total=total)
        if tell:
            tell(read, total)

    reading = Reading(month=load.month, load_id=load.pk, rules=active_rules(), tell=page_read)
    read_month(make_client(), reading)
    finish_staging()
    for last_try in (*[False] * (APPLY_TRIES - 1), True):
        try:
            _apply(load, claim, reading)
            break
        except (OperationalError, IntegrityError) as error:
            # Editing takes rows in another order than loading, and PostgreSQL lets one of them win;
            # or another month's load has brought a line that moved between the two.
            if last_try or not isinstance(error.__cause__, DeadlockDetected | UniqueViolation):
                raise
    _log_outcome(load)


def active_rules(rows: Iterable[ChargeDateRule] | None = None) -> RuleTable:
    """The charge-date rules of now, or these, as plain values."""
    return rule_table(
        Rule(charge_type=row.charge_type, slot=cast(Slot, row.slot), kind=row.kind, day=row.day)
        for row in (ChargeDateRule.objects.all() if rows is None else rows)
    )


@transaction.atomic
def _apply(load: Load, claim: Claim, reading: Reading) -> None:
    """Also the load's own end: its result and its lines are seen together, or not at all."""
    claim.update()  # and so locks the load's row until the commit
    reading.seen.save()
    counts = apply_lines(month=load.month, complete=reading.complete)
    reading.seen.spread_names()
    _record(load, reading, counts)
    Period.objects.update_or_create(
        month=load.month,
        defaults={
            "complete": load.complete,
            "incomplete_because": incomplete_because(reading),
            "loaded_at": load.finished_at,
        },
    )
    claim.update(**{name: getattr(load, name) for name in RECORDED})


# Written under the claim's token: a worker that has lost the load leaves no result of its own.
RECORDED = (
    *("state", "finished_at", "complete", "message", "read", "bad"),
    *("new", "updated", "unchanged", "changed_after_sync", "gone", "not_final"),
)


def _record(load: Load, reading: Reading, counts: Counts) -> None:
    for name, value in asdict(counts).items():
        setattr(load, name, value)
    load.state = Load.State.DONE
    load.finished_at = timezone.now()
    load.complete = reading.complete
    load.bad = reading.bad
    load.read = sum(
        (
            *(load.new, load.updated, load.unchanged, load.changed_after_sync),
            *(load.not_final, load.bad),
        )
    )
    load.message = outcome(load, incomplete_because(reading))


def _log_outcome(load: Load) -> None:
    level = logging.INFO if load.complete else logging.WARNING
    logger.log(level, "%s", load.message, extra={"load": load.pk})


def _fail(load: Load, claim: Claim, sentence: str) -> None:
    """End it with nothing changed: what was loaded before stays as it was."""
    message = f"{month_name(load.month)} was not loaded, nothing has changed. {sentence}"
    with suppress(LoadLost, Error):  # then another worker does it, soon
        claim.update(state=Load.State.FAILED, finished_at=timezone.now(), message=message)
    logger.error("%s", message, extra={"load": load.pk})
