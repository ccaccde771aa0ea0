"""Both stand-ins in this process, each test with fresh ones, and callers that speak to them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests

from platform_client import sandbox as platform_sandbox
from psa_connectwise import sandbox as connectwise_sandbox
from psa_connectwise.sandbox import Keys

TODAY = date(2026, 11, 22)
KEYS = Keys()
NOVEMBER = {"invoiceDateFrom": "2026-11-01", "invoiceDateTo": "2026-11-30"}
ACTIVE, ENDED, INVOICED, PRORATING = 1403, 1446, 803, 1454  # agreements
PRODUCT, OTHER_PRODUCT, BUNDLE, INACTIVE = 602, 604, 732, 716


class Caller:
    """A session with the right headers and a root; answers are plain `requests` responses."""

    def __init__(self, running: Any, root: str, session: requests.Session) -> None:
        self.running, self.session = running, session
        self.base, self.root = running.url, running.url + root

    def get(self, path: str, headers: Any = None, **query: Any) -> requests.Response:
        return self.session.get(self.root + path, params=query, headers=headers, timeout=5)

    def send(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.root + path, json=body, timeout=5)

    def admin(self, path: str, body: Any = None) -> requests.Response:
        method = "GET" if body is None else "POST"
        return self.session.request(method, self.base + path, json=body, timeout=5)

    def count(self, agreement: int = ACTIVE) -> int:
        return len(self.running.app.store.all("additions", agreement))

    def ledger(self) -> list[dict[str, Any]]:
        return list(self.running.app.store.ledger)


def addition(**overrides: Any) -> dict[str, Any]:
    """The body of a POST that is accepted as it is."""
    return {
        "product": {"id": PRODUCT}, "quantity": 3, "billCustomer": "Billable", "unitPrice": 11.70,
        "unitCost": 9.36, "effectiveDate": "2026-11-01T00:00:00Z", "taxableFlag": True,
        "invoiceDescription": "Subscription - Cycle Fee", "serialNumber": "key-1", **overrides,
    }  # fmt: skip


ADDITIONS = f"/finance/agreements/{ACTIVE}/additions"


@pytest.fixture
def platform() -> Iterator[Caller]:
    session = requests.Session()
    session.headers["X-Api-Key"] = "sandbox-key"
    with platform_sandbox.start(today=TODAY) as running:
        yield Caller(running, "/api/v1", session)
    session.close()


def connectwise_session() -> requests.Session:
    session = requests.Session()
    session.auth = (f"{KEYS.company_id}+{KEYS.public}", KEYS.private)
    session.headers["clientId"] = KEYS.client_id
    session.headers["Accept"] = "application/vnd.connectwise.com+json; version=2026.4"
    return session


@pytest.fixture
def connectwise() -> Iterator[Caller]:
    session = connectwise_session()
    with connectwise_sandbox.start(today=TODAY) as running:
        yield Caller(running, "/v4_6_release/apis/3.0", session)
    session.close()
