"""Asks an address as somebody in a role, with what its row says is sent there."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.factories import make_user
from tests.integration.access.rows import STAFF, STAFF_VIEWER, Method, Row

GROUPS = {VIEWER: VIEWER, STAFF_VIEWER: VIEWER, OPERATOR: OPERATOR}
GROUPS |= {ADMINISTRATOR: ADMINISTRATOR, STAFF: ADMINISTRATOR}


def user_as(role: str) -> User:
    return make_user(
        role=GROUPS.get(role, ""), is_staff=role in (STAFF, STAFF_VIEWER), password="battery staple"
    )


@contextmanager
def signed_in_again(client: Client) -> Iterator[None]:
    """Signing out is undone with the rest."""
    cookies = deepcopy(client.cookies)
    yield
    client.cookies = cookies


def send(client: Client, row: Row, method: str, things: dict[str, Any]) -> HttpResponse:
    known = row.methods.get(method) or Method("", 0)
    headers = {} if known.as_page or row.is_admin else {"HX-Request": "true"}
    data = {name: value.format(**things) for name, value in known.data.items()}
    sent = {"data": data} if method == "post" else {}
    made: HttpResponse = getattr(client, method)(row.path.format(**things), headers=headers, **sent)
    return made
