"""ConnectWise PSA: its client, the local directory of its records and its stand-in server."""

from django.apps import AppConfig


class PsaConnectwiseConfig(AppConfig):
    name = "psa_connectwise"
