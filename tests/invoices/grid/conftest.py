"""Fixtures of the Invoices grid: a loaded May 2026, searchable lines, users with roles."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from invoices.models import InvoiceLine, Period
from invoices.services.mapping_port import SEARCH_TEXT
from tests.factories import make_line, make_user

MAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def today() -> Any:
    """18 May 2026: May is the current month."""
    with time_machine.travel("2026-05-18T12:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def may(db: None) -> Period:
    return Period.objects.create(month=MAY, complete=True, loaded_at=timezone.now())


@pytest.fixture
def operator(db: None) -> User:
    return make_user(
        "invoices.edit_lines", "invoices.load_invoices", "invoices.sync_invoices", username="olivia"
    )


@pytest.fixture
def signed_in(client: Client, operator: User, may: Period) -> Client:
    """A browser in which the operator is signed in."""
    client.force_login(operator)
    return client


@pytest.fixture
def viewer(client: Client, may: Period) -> Client:
    client.force_login(make_user(username="viktor"))
    return client


@pytest.fixture
def line(may: Period) -> InvoiceLine:
    return make_line()


@pytest.fixture
def searchable(may: Period) -> Callable[..., InvoiceLine]:
    """Makes a line that the search finds, as a load leaves it."""

    def make(**values: Any) -> InvoiceLine:
        made = make_line(**values)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO invoices_linesearch (line_id, period, text)"
                f" SELECT line.id, line.period, {SEARCH_TEXT}"
                " FROM invoices_invoiceline line WHERE line.id = %s",
                [made.pk],
            )
        return made

    return make
