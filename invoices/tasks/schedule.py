"""The schedule's knock: what is due, and what is to be told of it, stands in the rows."""

from celery import shared_task

from invoices.services.mailed_reports import send_due_reports
from invoices.services.schedule import do_due_jobs
from invoices.tasks import loading, sync


@shared_task
def do_schedule() -> None:
    """Beat's knock: begins what is due, and mails what has ended since."""
    started = do_due_jobs()
    loading.ring(started.loads)
    for run in started.runs:
        sync.ring(run)
    send_due_reports()
