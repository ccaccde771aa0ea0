"""The System Log: a logging handler that keeps records in the database, and their page."""

from django.apps import AppConfig


class SystemLogConfig(AppConfig):
    name = "integration.system_log"
    label = "system_log"
