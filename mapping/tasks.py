"""The directory's background work; what there is to do stands in the database."""

from celery import shared_task
from django.utils import timezone

from mapping import services


@shared_task
def refresh_directory(refresh_id: int) -> None:
    """However often it is rung for: whoever holds the row's token does it."""
    services.run_refresh(refresh_id=refresh_id, today=timezone.now().date())


@shared_task
def sweep_directory_refreshes() -> None:
    """Rings again for a refresh whose task was lost, and resumes one whose worker died."""
    for refresh_id in services.waiting_refreshes():
        refresh_directory.delay(refresh_id)
