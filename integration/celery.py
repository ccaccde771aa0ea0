"""The Celery app: a doorbell for work whose truth is in PostgreSQL."""

from celery import Celery

from integration.startup import load_settings

load_settings()

app = Celery("integration")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()
