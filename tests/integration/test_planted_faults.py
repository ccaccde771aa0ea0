"""Test connection as an Administrator reads it: each planted fault is a sentence on the page.

Both stand-ins answer; the page is the one that a browser without JavaScript gets.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from integration.probes import note_knock
from platform_client.sandbox import PlatformStandIn
from platform_client.sandbox import start as start_platform
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.sandbox import ConnectWiseStandIn
from psa_connectwise.sandbox import start as start_connectwise
from sandbox_kit.app import Running
from tests.factories import make_agreement_type
from tests.integration.stand_ins import use_connectwise

TODAY = date(2026, 5, 18)
KEY = "the-platforms-key"


@dataclass
class World:
    """What a test breaks."""

    settings: Settings
    platform: Running[PlatformStandIn]
    connectwise: Running[ConnectWiseStandIn]
    monkeypatch: pytest.MonkeyPatch

    def deny(self, right: str) -> None:
        self.connectwise.faults.set(denied=[right])

    def set(self, name: str, value: str) -> None:
        setattr(self.settings, name, value)

    def lose_the_type(self) -> None:
        gone = make_agreement_type(connectwise_id=987, name="Old contracts")
        ConnectWiseSettings.objects.update(default_agreement_type=gone)

    def silence_beat(self) -> None:
        with time_machine.travel(datetime.now(UTC) - timedelta(minutes=5)):
            note_knock()

    def put_the_clock_ahead(self) -> None:
        ahead = SimpleNamespace(now=lambda: datetime.now(UTC) + timedelta(minutes=10))
        self.monkeypatch.setattr("integration.doctor.timezone", ahead)


@pytest.fixture
def world(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with (
        start_platform(api_key=KEY, today=TODAY) as platform,
        start_connectwise(today=TODAY) as connectwise,
    ):
        settings.PLATFORM_URL, settings.PLATFORM_API_KEY = platform.url, KEY
        use_connectwise(settings, connectwise)
        monkeypatch.setattr("integration.probes.ask_workers", lambda: True)
        note_knock()
        yield World(settings, platform, connectwise, monkeypatch)


def complaints(client: Client) -> list[str]:
    """The page's lines that are not green, as they read."""
    page = client.post("/settings/test/").text
    lines = re.findall(r'<li class="is-(?:failed|warning)">(.*?)</li>', page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in lines]


def test_when_all_is_well_nothing_is_complained_of(world: World, administrator: Client) -> None:
    assert complaints(administrator) == []
    assert re.search(r"All \d+ checks are well\.", administrator.post("/settings/test/").text)


def test_how_many_need_somebody_stands_above_them(world: World, administrator: Client) -> None:
    world.deny("catalog")
    told = administrator.post("/settings/test/").text
    assert re.search(r"1 of \d+ checks needs you:", told)


Fault = Callable[[World], object]
FAULTS: dict[str, tuple[Fault, str]] = {
    "a wrong Platform key": (
        lambda world: world.set("PLATFORM_API_KEY", "something-else"),
        r"Platform: Address and key failed .*refused the API key",
    ),
    "a wrong ConnectWise key": (
        lambda world: world.set("CONNECTWISE_PRIVATE_KEY", "something-else"),
        r"ConnectWise: Address and keys failed .*refused the keys",
    ),
    "a wrong company id": (
        lambda world: world.set("CONNECTWISE_COMPANY_ID", "elsewhere"),
        r"ConnectWise: Address and keys failed .*Check the API URL and the Company ID",
    ),
    "no client id": (
        lambda world: world.set("CONNECTWISE_CLIENT_ID", ""),
        r"ConnectWise: Address and keys failed .*client ID missing",
    ),
    "no right on agreements": (
        lambda world: world.deny("agreements"),
        r"ConnectWise: Right to agreements failed .*Tick there: Finance → Agreements: inquire, all",
    ),
    "no right to add Additions": (
        lambda world: world.deny("additions:add"),
        r"ConnectWise: Right to add Additions failed .*Tick there: Finance → Agreements: add and edit, all",
    ),
    "no right on the catalog": (
        lambda world: world.deny("catalog"),
        r"ConnectWise: Right to the catalog failed .*Tick there: Procurement → Product Catalog: inquire, all",
    ),
    "the default agreement type is gone": (
        World.lose_the_type,
        r"Default Agreement Type failed Old contracts is no longer in ConnectWise\. Choose one",
    ),
    "ConnectWise is unreachable": (
        lambda world: world.set("CONNECTWISE_URL", "http://127.0.0.1:1"),
        r"ConnectWise: Address and keys failed .*could not be reached at 127\.0\.0\.1:1",
    ),
    "the clock is ten minutes off": (
        World.put_the_clock_ahead,
        r"Platform: Clock failed This server's clock is 10 minutes ahead of the Platform's",
    ),
    "no worker": (
        lambda world: world.monkeypatch.setattr("integration.probes.ask_workers", lambda: False),
        r"Linebridge: Workers failed No worker answers: loads and syncs wait",
    ),
    "no beat": (
        World.silence_beat,
        r"Linebridge: Beat failed Beat was not heard for minutes: nothing runs by itself",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_on_the_page(
    world: World, administrator: Client, fault: str
) -> None:
    plant, words = FAULTS[fault]
    plant(world)
    told = complaints(administrator)
    assert any(re.search(words, one) for one in told), told
    assert len(told) == 1, told
