"""Organizations and offers, and what they are called in ConnectWise."""

from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "mapping"
