"""The project as a Django app: dashboard, settings pages, roles and project-wide commands."""

from urllib.parse import urlsplit

from celery.signals import task_postrun
from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.signals import request_finished
from django.db.models.signals import post_migrate

# Loaded with the apps, so that every `shared_task` finds the project's Celery app.
from integration.celery import app as celery_app
from wire.redact import remember
from wire.watching import watch

__all__ = ["IntegrationConfig", "celery_app"]

# Shorter ones are made up for development, and are words that the log needs.
SHORTEST = 12


class IntegrationConfig(AppConfig):
    name = "integration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connects what has to be told of migrations, sign-ins, requests and tasks."""
        # Late: these import models, which are loaded only now.
        from integration.first_administrator import tell_setup_code
        from integration.metrics.requests import hand_over, note
        from integration.roles import make_roles_after_migrating
        from integration.sessions import note_sign_in

        post_migrate.connect(make_roles_after_migrating)
        # Once, and not by this app: the signal is sent for apps that have models.
        post_migrate.connect(tell_setup_code, sender=apps.get_app_config("auth"))
        user_logged_in.connect(note_sign_in)
        watch(note)
        request_finished.connect(hand_over)
        task_postrun.connect(hand_over)
        remember(*(secret for secret in environment_secrets() if len(secret) >= SHORTEST))


def environment_secrets() -> list[str]:
    """What must never be logged, by whichever library: known here before anyone logs."""
    database: str = settings.DATABASES["default"].get("PASSWORD") or ""
    broker: str = urlsplit(settings.REDIS_URL).password or ""
    return [
        settings.SECRET_KEY,
        *settings.FIELD_ENCRYPTION_KEYS,
        settings.PLATFORM_API_KEY,
        settings.CONNECTWISE_PUBLIC_KEY,
        settings.CONNECTWISE_PRIVATE_KEY,
        settings.METRICS_TOKEN,
        settings.SINGLE_SIGN_ON.client_secret if settings.SINGLE_SIGN_ON else "",
        database,
        broker,
        getattr(settings, "EMAIL_HOST_PASSWORD", ""),
    ]
