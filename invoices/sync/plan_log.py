"""Tells the System Log of a plan: what is refused, and what nobody has seen in a preview (P41, P45)."""

import logging
from collections.abc import Iterable

from django.db import transaction

from invoices.models import SyncRun
from invoices.sync import plan
from invoices.sync.cautions import CautionCode
from invoices.sync.states import OperationState, Origin

logger = logging.getLogger(__name__)

BATCH = 1000


def log_refused(run: SyncRun, planned: Iterable[plan.Planned]) -> None:
    """One ERROR for each line or subscription, with its reason (P41)."""
    refused = [one for one in planned if one.state == OperationState.REFUSED]
    for start in range(0, len(refused), BATCH):
        # The System Log is written at the end of a transaction: once, not line by line.
        with transaction.atomic():
            for one in refused[start : start + BATCH]:
                _log_refused(run, one)


def _log_refused(run: SyncRun, one: plan.Planned) -> None:
    if one.line:
        links = {"line": one.line.platform_id, "run": run.pk}
        what = "undone" if one.undoes else "posted"
        logger.error("%s was not %s: %s", one.line.platform_id, what, one.reason, extra=links)
    else:
        links = {"run": run.pk}
        logger.error("Subscription %s: %s", one.subscription_id, one.reason, extra=links)


def log_warnings(run: SyncRun, planned: Iterable[plan.Planned]) -> None:
    """What a person would have seen in the preview, for runs that nobody looks at (P45)."""
    if run.origin == Origin.PERSON:
        return
    for one in planned:
        long = (told for told in one.warnings if told.code == CautionCode.LONG_CYCLE)
        if one.line and one.state == OperationState.PLANNED:
            links = {"line": one.line.platform_id, "run": run.pk}
            for told in long:
                logger.warning("%s: %s", one.line.platform_id, told, extra=links)
