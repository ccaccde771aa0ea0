"""The client against the stand-in: over a real socket, through its faults."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from platform_client.client import PlatformClient
from platform_client.sandbox.server import start
from wire.errors import ConfigError, TransientError

TODAY = dt.date(2026, 5, 18)
MONTH: dict[str, Any] = {"date_from": dt.date(2026, 4, 1), "date_to": dt.date(2026, 4, 30)}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Any]:
    with start(today=TODAY) as running:
        yield running


@pytest.fixture
def client(stand_in: Any) -> Iterator[PlatformClient]:
    yield make_client(stand_in)
    stand_in.faults.reset()


def make_client(stand_in: Any, **options: Any) -> PlatformClient:
    defaults: dict[str, Any] = {"api_key": "sandbox-key", "sleep": lambda seconds: None}
    return PlatformClient(base_url=stand_in.url, **(defaults | options))


def test_a_month_is_read_whole_however_it_is_cut_into_pages(client: PlatformClient) -> None:
    whole = list(client.invoice_lines(**MONTH))
    parts = list(client.invoice_lines(**MONTH, limit=50))
    lines = [line for page in whole for line in page.items]
    assert len(parts) > len(whole)
    assert [line for page in parts for line in page.items] == lines
    assert [bad for page in whole for bad in page.bad] == []
    assert whole[0].total == len(lines) > 100


def test_every_offer_and_organization_of_the_lines_is_listed(client: PlatformClient) -> None:
    lines = [line for page in client.invoice_lines(**MONTH) for line in page.items]
    offers = {offer.id for page in client.offers(**MONTH) for offer in page.items}
    organizations = {one.id for page in client.organizations() for one in page.items}
    assert {line.offer.id for line in lines} == offers
    assert {line.organization.id for line in lines} <= organizations


def test_ping_names_the_seller(client: PlatformClient) -> None:
    assert client.ping().seller_id


def test_reads_survive_its_faults(stand_in: Any, client: PlatformClient) -> None:
    expected = list(client.organizations())
    stand_in.faults.set(read_script=["429", "503_before_write", "drop", "ok"])
    assert list(client.organizations()) == expected


def test_a_wrong_key_is_said_so(stand_in: Any) -> None:
    with pytest.raises(ConfigError, match=r"refused the API key \(401\)"):
        make_client(stand_in, api_key="another-key").ping()


def test_a_platform_that_stays_down_is_said_so(stand_in: Any, client: PlatformClient) -> None:
    stand_in.faults.set(share_5xx_before=1)
    with pytest.raises(TransientError, match="Try again later"):
        client.ping()
