"""Where a log entry leads: to its line, run, load or mapping.

A page of entries asks the database for none of them: an entry links to an address of the log
itself, which looks the thing up once somebody follows it.
"""

from urllib.parse import urlencode

from django.urls import reverse

from integration.system_log.models import LogEntry
from invoices.models import InvoiceLine, Load, SyncRun
from mapping.numbers import is_number

Link = tuple[str, str]


def links(entry: LogEntry) -> list[Link]:
    """Label and address of each thing the entry is about; queries nothing."""
    about = (
        ("Line", "line", entry.line),
        ("Run", "run", entry.run),
        ("Load", "load", entry.load),
        ("Mapping", "mapping", entry.mapping),
    )
    return [
        (f"{label} {key}", reverse("system_log:about", args=[kind, key]))
        for label, kind, key in about
        if key not in ("", None)
    ]


def address(kind: str, key: str) -> str | None:
    """The page that shows it now; None when it isn't here (a line that could not be loaded)."""
    if "\0" in key:  # PostgreSQL's text has none
        return None
    if kind == "mapping":
        return _mapping(key)
    if kind == "line":
        return _line(key)
    if not is_number(key):
        return None
    if kind == "run":
        known = SyncRun.objects.filter(pk=int(key)).exists()
        return reverse("invoices:run_page", args=[int(key)]) if known else None
    load = Load.objects.filter(pk=int(key)).first()
    return _invoices(period=f"{load.month:%Y-%m}") if load else None


def _line(platform_id: str) -> str | None:
    """Its receipt: why it stands where it stands, and all that was done for it."""
    line = InvoiceLine.objects.filter(platform_id=platform_id).only("pk").first()
    return reverse("invoices:receipt", args=[line.pk]) if line else None


def _mapping(about: str) -> str:
    """`offer:ID` leads to Products, `organization:ID` and a bare ID to Organizations."""
    kind, _, platform_id = about.rpartition(":")
    page = "mapping:products" if kind == "offer" else "mapping:organizations"
    return f"{reverse(page)}?{urlencode({'q': platform_id})}"


def _invoices(**params: str) -> str:
    return f"{reverse('invoices:lines')}?{urlencode(params)}"
