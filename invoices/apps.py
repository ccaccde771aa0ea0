"""Invoice lines, from the Platform to Additions in ConnectWise."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "invoices"
