"""The Platform: its client, its connection settings and its stand-in server."""

from django.apps import AppConfig


class PlatformClientConfig(AppConfig):
    name = "platform_client"
