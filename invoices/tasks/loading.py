"""Doorbells of loading: which load waits for a worker stands in its row."""

import logging
from collections.abc import Iterable

from celery import shared_task
from kombu.exceptions import OperationalError

from invoices.loading.claim import abandoned_loads
from invoices.loading.load import run_load
from invoices.models import Load

logger = logging.getLogger(__name__)


@shared_task
def load_invoice_lines(load_id: int) -> None:
    """However often it is rung for: whoever claims the load's row does it."""
    run_load(load_id=load_id)


@shared_task
def sweep_loads() -> None:
    """Ring again for loads that nobody has begun, or whose worker died."""
    for load_id in abandoned_loads():
        load_invoice_lines.delay(load_id)


def ring(loads: Iterable[Load]) -> None:
    """Ask workers to do these loads; where the broker is away, the sweep does it later."""
    try:
        for load in loads:
            load_invoice_lines.delay(load.pk)
    except OperationalError:
        logger.warning("Loading waits for a worker: the broker can't be reached")
