"""Doorbells of bulk updates: which one waits for a worker stands in its row."""

import logging
from collections.abc import Iterable

from celery import shared_task
from kombu.exceptions import OperationalError

from invoices.services.bulk import apply_update, waiting_updates

logger = logging.getLogger(__name__)


@shared_task
def update_lines_in_bulk(edit_id: int) -> None:
    """However often it is rung for: whoever locks the update's row does it."""
    apply_update(edit_id=edit_id)


@shared_task
def sweep_bulk_updates() -> None:
    """Ring again for updates that nobody has begun, or whose worker died."""
    ring(waiting_updates())


def ring(edit_ids: Iterable[int]) -> None:
    """Ask workers to do these; where the broker is away, the sweep does it later."""
    try:
        for edit_id in edit_ids:
            update_lines_in_bulk.delay(edit_id)
    except OperationalError:
        logger.warning("A bulk update waits for a worker: the broker can't be reached")
