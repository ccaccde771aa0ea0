"""Who looks at the pages of runs."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import make_user
from tests.invoices.views.runs_world import known_seller


@pytest.fixture
def seller(db: None) -> None:
    known_seller()


@pytest.fixture
def user(db: None) -> User:
    return make_user("invoices.sync_invoices", "invoices.edit_lines", username="olivia")


@pytest.fixture
def operator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client
