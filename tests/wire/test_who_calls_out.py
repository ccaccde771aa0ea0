"""Requests leave by one door, `wire.session`, which follows no redirect and asks no proxy.

Single sign-on has the same door on Authlib's own session: tests/integration/single_sign_on shows
that it leads to no host which nobody named.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("integration", "invoices", "mapping", "platform_client", "psa_connectwise", "wire")
OUT = {
    "requests",
    "urllib3",
    "httpx",
    "aiohttp",
    "http.client",
    "urllib.request",
    "socket",
    "smtplib",
    "authlib",
}
# The launcher and the stand-ins are no part of what is installed in production.
APART = ("integration/launch/", "/sandbox/")
DOOR = {
    "wire/session.py",
    "wire/transport.py",
    "wire/failures.py",
    "integration/single_sign_on/provider.py",
}
# It reads a header with a parser of that library, and sends nothing.
PARSES = {"psa_connectwise/rest.py": "requests.utils"}


def sources() -> Iterator[str]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not any(part in name for part in APART):
                yield name


def imported(name: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_only_wire_opens_connections() -> None:
    for name in sources():
        out = {module for module in imported(name) if _is_out(module)} - {PARSES.get(name)}
        assert not out or name in DOOR, f"{name} imports {out}"


@pytest.mark.parametrize("name", sorted(DOOR))
def test_the_door_is_where_it_was(name: str) -> None:
    assert (ROOT / name).exists()


def _is_out(module: str) -> bool:
    return module in OUT or module.split(".")[0] in OUT
