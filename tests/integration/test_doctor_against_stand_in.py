"""Test connection against the stand-ins: each fault that is planted there is named (P5)."""

from collections.abc import Iterator
from datetime import date

import pytest
from pytest_django import Settings

from integration.doctor import check_connections
from integration.probes import note_knock
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.sandbox import ConnectWiseStandIn, start
from sandbox_kit.app import Running
from tests.factories import make_agreement_type
from tests.integration.stand_ins import use_connectwise

TODAY = date(2026, 5, 18)


@pytest.fixture
def connectwise(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running[ConnectWiseStandIn]]:
    # None is there, and each test would listen for one a second long.
    monkeypatch.setattr("integration.probes.ask_workers", lambda: True)
    with start(today=TODAY) as stand_in:
        settings.PLATFORM_URL = ""
        use_connectwise(settings, stand_in)
        note_knock()
        yield stand_in


def complaints() -> list[str]:
    """What fails at ConnectWise's side."""
    found = check_connections()
    return [one.name for one in found if one.side == "ConnectWise" and one.state != "ok"]


def test_all_is_well_and_nothing_is_written(connectwise: Running[ConnectWiseStandIn]) -> None:
    before = {kind: len(connectwise.app.store.all(kind)) for kind in ("agreements", "additions")}
    assert complaints() == []
    after = {kind: len(connectwise.app.store.all(kind)) for kind in ("agreements", "additions")}
    assert after == before


@pytest.mark.parametrize(
    ("denied", "line"),
    [
        ("companies", "Right to companies"),
        ("catalog", "Right to the catalog"),
        ("agreements:add", "Right to add agreements"),
        ("additions:add", "Right to add Additions"),
    ],
)
def test_a_right_that_was_taken_away_is_named(
    connectwise: Running[ConnectWiseStandIn], denied: str, line: str
) -> None:
    connectwise.faults.set(denied=[denied])
    assert complaints() == [line]


@pytest.mark.parametrize(
    "setting",
    ["CONNECTWISE_COMPANY_ID", "CONNECTWISE_PRIVATE_KEY", "CONNECTWISE_CLIENT_ID"],
)
def test_a_wrong_key_is_one_line(
    connectwise: Running[ConnectWiseStandIn], settings: Settings, setting: str
) -> None:
    setattr(settings, setting, "something-else")
    assert complaints() == ["Address and keys"]


def test_a_default_type_that_is_gone_is_named(connectwise: Running[ConnectWiseStandIn]) -> None:
    ConnectWiseSettings.objects.update(
        default_agreement_type=make_agreement_type(connectwise_id=987)
    )
    assert complaints() == ["Default Agreement Type"]


def test_a_connectwise_that_is_away_is_named(
    connectwise: Running[ConnectWiseStandIn], settings: Settings
) -> None:
    settings.CONNECTWISE_URL = "http://127.0.0.1:1"
    assert complaints() == ["Address and keys"]
