"""Single sign-on as a Django app: it keeps which person of the provider is which user."""

from django.apps import AppConfig


class SingleSignOnConfig(AppConfig):
    name = "integration.single_sign_on"
    label = "single_sign_on"
    default_auto_field = "django.db.models.BigAutoField"
