"""What the tests of loading look at: lines as the table holds them, and a load's counts."""

from typing import Any

from django.db import connection

from invoices.models import InvoiceLine, Load


def line(number: int = 1) -> InvoiceLine:
    return InvoiceLine.objects.get(platform_id=f"LINE-{number}")


def set_line(number: int = 1, **values: Any) -> None:
    InvoiceLine.objects.filter(platform_id=f"LINE-{number}").update(**values)


def counts(result: Load) -> dict[str, int]:
    """The counts that are not 0."""
    names = ("new", "updated", "unchanged", "gone", "changed_after_sync", "not_final", "bad")
    return {name: getattr(result, name) for name in names if getattr(result, name)}


def stored_rows() -> list[tuple[Any, ...]]:
    """Each line as the table holds it, with the transaction that wrote it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, ctid::text, l.* FROM invoices_invoiceline l ORDER BY id")
        return list(cursor.fetchall())
