"""Where a log entry leads: to its line, run, load or mapping."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from integration.system_log.models import LogEntry

Link = tuple[str, str]


def links(entry: LogEntry) -> list[Link]:
    """Label and address of each thing the entry is about."""
    found: list[Link] = []
    if entry.line:
        found.append((f"Line {entry.line}", _address("invoices:lines", q=entry.line)))
    if entry.run is not None:
        found.append((f"Run {entry.run}", _address("invoices:lines", run=entry.run)))
    if entry.load is not None:
        found.append((f"Load {entry.load}", _address("invoices:lines", load=entry.load)))
    if entry.mapping:
        found.append((f"Mapping {entry.mapping}", _mapping(entry.mapping)))
    return [link for link in found if link[1]]


def _mapping(about: str) -> str:
    kind, _, platform_id = about.rpartition(":")
    page = "mapping:products" if kind == "offer" else "mapping:organizations"
    return _address(page, q=platform_id)


def _address(name: str, **params: object) -> str:
    try:
        return f"{reverse(name)}?{urlencode(params)}"
    except NoReverseMatch:
        return ""
