"""Invoice lines, from the Platform to Additions in ConnectWise."""

from django.apps import AppConfig

from mapping.ports import register_lines


class InvoicesConfig(AppConfig):
    name = "invoices"

    def ready(self) -> None:
        # Models exist only now.
        from invoices.services.mapping_port import InvoiceLines

        register_lines(InvoiceLines())
