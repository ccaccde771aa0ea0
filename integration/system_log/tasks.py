"""Retention of the System Log."""

from celery import shared_task
from django.utils import timezone

from integration.system_log.services import prune


@shared_task
def prune_logs() -> None:
    prune(now=timezone.now())
