"""The System Log: a logging handler that keeps records in the database, and their page."""

from celery.signals import task_postrun
from django.apps import AppConfig
from django.core.signals import request_finished


class SystemLogConfig(AppConfig):
    name = "integration.system_log"
    label = "system_log"
    verbose_name = "System Logs"

    def ready(self) -> None:
        """Connects what writes the records that are still waiting."""
        from integration.system_log.handler import flush

        # What a rolled back transaction left waiting is written at the end of its request or task.
        request_finished.connect(flush)
        task_postrun.connect(flush)
