"""Who may open what: every address of the project × every role × every method (P3).

The table is `access/table.py` and `access/admin_table.py`; what its examples are about is made by
`access/world.py`. Each request is undone again, so that one answer never depends on another.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver

from psa_connectwise.models import ConnectWiseSettings
from tests.integration.access import world
from tests.integration.access.admin_table import ADMIN
from tests.integration.access.asking import send, signed_in_again, user_as
from tests.integration.access.rows import (
    LOGIN,
    NOBODY,
    ROLES,
    STAFF,
    Answer,
    Row,
)
from tests.integration.access.table import PAGES

TABLE = [*PAGES, *ADMIN]
METHODS = ("get", "post", "put")
# What PostgreSQL counted for this transaction; a session and the log are nobody's data.
WRITTEN = """
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables
    WHERE relname NOT IN ('django_session', 'system_log_logentry', 'system_log_logcount')
    AND schemaname NOT LIKE 'pg_temp%'
"""


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address that the project answers, as its patterns spell it."""
    for pattern in resolver.url_patterns:
        here = f"{before}{pattern.pattern}"
        # The admin lists its apps in an order of its own.
        here = re.sub(r"(<app_label>)[^)]+", r"\1…", here)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, here)
        else:
            yield here


def test_every_address_has_a_row() -> None:
    known, there = {row.route for row in TABLE}, set(routes(get_resolver()))
    missing = sorted(there - known)
    assert not missing, f"say in tests/integration/access who may open: {', '.join(missing)}"
    assert known <= there, f"rows without an address: {sorted(known - there)}"


@pytest.fixture(autouse=True)
def no_remotes(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "a-token-of-prometheus"
    monkeypatch.setattr("integration.views.settings.check_connections", list)
    monkeypatch.setattr("integration.views.settings.fetch_agreement_types", lambda: 0)
    monkeypatch.setattr("integration.views.health.ask_workers", lambda: True)
    monkeypatch.setattr("invoices.views.loading.ring", lambda loads: None)


@pytest.mark.parametrize("role", ROLES)
def test_access(open_gate: ConnectWiseSettings, role: str) -> None:
    user = user_as(role)
    client, things = Client(), world.build(user)
    if role != NOBODY:
        client.force_login(user)
    wrong = [
        f"{method} {row.path}: {told}"
        for row in TABLE
        for method in METHODS
        if (told := asked(client, row, method, things, row.answers_for(role, method)))
    ]
    assert not wrong, f"{role}:\n" + "\n".join(wrong)


def test_every_form_needs_its_token(open_gate: ConnectWiseSettings) -> None:
    user = user_as(STAFF)
    client, things = Client(enforce_csrf_checks=True), world.build(user)
    client.force_login(user)
    wrong = [
        f"{row.path}: {told}"
        for row in TABLE
        if "post" in row.methods and (told := asked(client, row, "post", things, (403,)))
    ]
    assert not wrong, "\n".join(wrong)


def asked(
    client: Client, row: Row, method: str, things: dict[str, Any], expected: tuple[Answer, ...]
) -> str:
    """What is wrong with the answer; "" when nothing is."""
    known = row.methods.get(method)
    with transaction.atomic(), signed_in_again(client):
        before = written()
        response = send(client, row, method, things)
        changed = written() - before
        transaction.set_rollback(True)
    answer = answer_of(response)
    if answer not in expected:
        return f"answered {answer} instead of {' or '.join(map(str, expected))}"
    may_write = known is not None and answer == known.answer and (method == "post" or known.tries)
    if changed and not may_write:
        return f"answered {answer}, and wrote {changed} rows nevertheless"
    return ""


def answer_of(response: HttpResponse) -> Answer:
    to = response.headers.get("Location", "")
    is_login = to.startswith(("/accounts/login/?next=", "/admin/login/?next="))
    return LOGIN if is_login else response.status_code


def written() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return int(cursor.fetchone()[0])
