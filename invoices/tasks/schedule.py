"""The schedule's knock: which job is due stands in its row (invoices/services/schedule.py)."""

from celery import shared_task

from invoices.services.schedule import do_due_jobs
from invoices.tasks import loading, sync


@shared_task
def do_schedule() -> None:
    started = do_due_jobs()
    loading.ring(started.loads)
    for run in started.runs:
        sync.ring(run)
