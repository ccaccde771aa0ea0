"""The project as a Django app: dashboard, settings pages, roles and project-wide commands."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

# Loaded with the apps, so that every `shared_task` finds the project's Celery app.
from integration.celery import app as celery_app

__all__ = ["IntegrationConfig", "celery_app"]


class IntegrationConfig(AppConfig):
    name = "integration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Late: roles import models, which are loaded only now.
        from integration.roles import make_roles_after_migrating

        post_migrate.connect(make_roles_after_migrating)
