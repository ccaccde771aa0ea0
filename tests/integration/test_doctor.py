"""Test connection: each fault has its line (P5)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import requests
import responses
import time_machine
from django.conf import LazySettings
from django.core.management import call_command

from integration.checks import Check
from integration.doctor import agreement_type, check_connections, clock
from integration.probes import note_knock
from integration.system_log.models import LogEntry
from integration.tasks import hear_beat
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.schemas import AgreementType as RemoteType
from tests.factories import make_agreement, make_agreement_type, make_line

PLATFORM = "https://platform.example"
CONNECTWISE = "https://cw.example"
API = f"{CONNECTWISE}/v4_6_release/apis/3.0"
NOW = datetime(2026, 5, 18, 9, 30, tzinfo=UTC)
LISTS = {
    "companies": "/company/companies",
    "products": "/procurement/catalog",
    "agreements": "/finance/agreements",
    "types": "/finance/agreements/types",
}
ADDED = ("/finance/agreements", "/finance/agreements/4/additions")


@pytest.fixture(autouse=True)
def at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker answers, and beat was heard just now."""
    monkeypatch.setattr("integration.probes.ask_workers", lambda: True)
    note_knock()


@pytest.fixture
def remotes() -> Iterator[responses.RequestsMock]:
    """Both sides well; a test puts its fault over it with `replace`."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        seller = {"sellerId": "S-1", "sellerName": "Kontor", "serverTime": _now()}
        mock.get(f"{PLATFORM}/api/v1/ping", json=seller)
        mock.get(f"{PLATFORM}/api/v1/organizations", json={"items": [], "nextCursor": None})
        mock.get(f"{CONNECTWISE}/login/companyinfo/acme", json=None)
        mock.get(f"{API}/system/info", json={"version": "v2026.4", "isCloud": False})
        for path in LISTS.values():
            mock.get(f"{API}{path}", json=[])
        agreement = {"id": 4, "name": "Managed", "company": {"id": 1}, "type": {"id": 7}}
        mock.replace("GET", f"{API}{LISTS['agreements']}", json=[agreement])
        for path in ADDED:
            mock.post(f"{API}{path}", status=400, json={"code": "InvalidObject", "message": "no"})
        mock.replace("GET", f"{API}{LISTS['types']}", json=[{"id": 7, "name": "Managed"}])
        yield mock


@pytest.fixture(autouse=True)
def connected(db: None, settings: LazySettings) -> ConnectWiseSettings:
    """Credentials from the environment, the type from the database."""
    settings.PLATFORM_URL, settings.PLATFORM_API_KEY = PLATFORM, "planted-platform-key"
    settings.CONNECTWISE_URL, settings.CONNECTWISE_COMPANY_ID = CONNECTWISE, "acme"
    settings.CONNECTWISE_PUBLIC_KEY = "planted-public-key"
    settings.CONNECTWISE_PRIVATE_KEY = "planted-private-key"
    settings.CONNECTWISE_CLIENT_ID = "planted-client-id"
    saved = ConnectWiseSettings.load()
    saved.default_agreement_type = make_agreement_type(connectwise_id=7, name="Managed")
    saved.save()
    return saved


def failed(checks: list[Check]) -> list[tuple[str, str]]:
    return [(f"{check.side}: {check.name}", check.words) for check in checks if _failed(check)]


def test_when_all_is_well_every_line_is_green(remotes: responses.RequestsMock) -> None:
    checks = check_connections()
    assert [f"{check.side}: {check.name}" for check in checks] == [
        "Platform: Address and key",
        "Platform: Clock",
        "Platform: Right to read",
        "ConnectWise: Address and keys",
        "ConnectWise: Right to companies",
        "ConnectWise: Right to the catalog",
        "ConnectWise: Right to agreements",
        "ConnectWise: Right to add agreements",
        "ConnectWise: Right to add Additions",
        "ConnectWise: Default Agreement Type",
        "Linebridge: Broker and rate limiter",
        "Linebridge: Workers",
        "Linebridge: Beat",
    ]
    assert failed(checks) == []


@pytest.mark.parametrize(
    ("url", "status", "line", "words"),
    [
        (f"{PLATFORM}/api/v1/ping", 401, "Platform: Address and key", "refused the API key"),
        (f"{PLATFORM}/api/v1/organizations", 403, "Platform: Right to read", "has no right"),
        (f"{API}/system/info", 401, "ConnectWise: Address and keys", "refused the keys"),
        (f"{API}/company/companies", 403, "ConnectWise: Right to companies", "denied access"),
        (f"{API}/procurement/catalog", 403, "ConnectWise: Right to the catalog", "denied access"),
        (f"{API}/finance/agreements", 403, "ConnectWise: Right to agreements", "denied access"),
        (f"{API}/finance/agreements/types", 403, "ConnectWise: Agreement types", "denied access"),
    ],
)
def test_a_refusal_has_its_own_line(
    remotes: responses.RequestsMock, url: str, status: int, line: str, words: str
) -> None:
    remotes.replace("GET", url, status=status, json={"code": "Security", "message": "no"})
    ((name, told),) = failed(check_connections())
    assert name == line
    assert words in told


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (ADDED[0], "ConnectWise: Right to add agreements"),
        (ADDED[1], "ConnectWise: Right to add Additions"),
    ],
)
def test_a_missing_right_to_write_has_its_own_line(
    remotes: responses.RequestsMock, path: str, line: str
) -> None:
    remotes.replace("POST", f"{API}{path}", status=403, json={"code": "Security", "message": "no"})
    ((name, told),) = failed(check_connections())
    assert name == line
    assert "denied access" in told


def test_without_an_agreement_there_is_nothing_to_ask_of(remotes: responses.RequestsMock) -> None:
    remotes.replace("GET", f"{API}{LISTS['agreements']}", json=[])
    told = {check.name: check.words for check in check_connections()}
    assert told["Right to add Additions"] == "There is no agreement yet to ask of."


def test_no_worker_has_its_line(
    remotes: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration.probes.ask_workers", lambda: False)
    ((name, told),) = failed(check_connections())
    assert (name, "celery -A integration worker" in told) == ("Linebridge: Workers", True)


def test_a_silent_beat_has_its_line(remotes: responses.RequestsMock) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=4)):
        hear_beat()
    ((name, told),) = failed(check_connections())
    assert (name, "celery -A integration beat" in told) == ("Linebridge: Beat", True)
    hear_beat()
    assert failed(check_connections()) == []


def test_no_broker_has_one_line(remotes: responses.RequestsMock, settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    ((name, told),) = failed(check_connections())
    assert (name, "Check REDIS_URL" in told) == ("Linebridge: Broker and rate limiter", True)


def test_a_currency_that_connectwise_lacks_is_a_warning(remotes: responses.RequestsMock) -> None:
    make_agreement(currency_code="EUR")
    make_line(currency="CHF")
    (warning,) = (check for check in check_connections() if check.state == "warning")
    assert (warning.name, "is in CHF" in warning.words) == ("Currencies", True)


@pytest.mark.parametrize(
    ("url", "side"),
    [(f"{PLATFORM}/api/v1/ping", "Platform"), (f"{API}/system/info", "ConnectWise")],
)
def test_a_side_that_cannot_be_reached_does_not_hide_the_other(
    remotes: responses.RequestsMock, url: str, side: str
) -> None:
    remotes.replace("GET", url, body=requests.ConnectionError(ConnectionRefusedError()))
    checks = check_connections()
    ((name, told),) = failed(checks)
    assert name.startswith(f"{side}: Address")
    assert "Check the address and the network" in told or "Try again later" in told
    assert {check.side for check in checks if not _failed(check)} == (
        {"Platform", "ConnectWise", "Linebridge"} - {side}
    )


def test_missing_credentials_are_named(
    remotes: responses.RequestsMock, settings: LazySettings
) -> None:
    settings.PLATFORM_API_KEY = settings.CONNECTWISE_CLIENT_ID = ""
    told = dict(failed(check_connections()))
    assert "API key missing" in told["Platform: Address and key"]
    assert "client ID missing" in told["ConnectWise: Address and keys"]


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ([], "Managed is no longer in ConnectWise"),
        ([{"id": 7, "name": "Managed", "inactiveFlag": True}], "Managed is inactive"),
    ],
)
def test_a_default_type_that_cannot_be_used_has_its_line(
    remotes: responses.RequestsMock, types: list[object], words: str
) -> None:
    remotes.replace("GET", f"{API}{LISTS['types']}", json=types)
    ((name, told),) = failed(check_connections())
    assert name == "ConnectWise: Default Agreement Type"
    assert words in told


def test_no_default_type_leads_to_configuration() -> None:
    check = agreement_type(None, [RemoteType(id=7, name="Managed")])
    assert check.words == "None is chosen. Choose one in Settings → Configuration."


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(minutes=10), "10 minutes ahead of"),
        (timedelta(minutes=-10), "10 minutes behind"),
        (timedelta(minutes=1), "agrees"),
    ],
)
def test_a_clock_that_is_off_is_named(off: timedelta, words: str) -> None:
    assert words in clock(NOW - off, now=NOW).words


def test_no_secret_is_told_or_logged(remotes: responses.RequestsMock) -> None:
    for url in (f"{PLATFORM}/api/v1/ping", f"{API}/system/info"):
        leak = "key planted-platform-key planted-public-key planted-private-key is wrong"
        remotes.replace("GET", url, status=401, json={"code": "x", "title": leak, "message": leak})
    told = str(failed(check_connections()))
    entry = LogEntry.objects.get()
    assert "checks failed" in entry.summary
    assert "planted" not in f"{told}{entry.summary}{entry.details}"


def test_the_command_says_the_same_and_ends_with_one(remotes: responses.RequestsMock) -> None:
    remotes.replace("GET", f"{PLATFORM}/api/v1/ping", status=401, json={})
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_connections", "--json", stdout=out)
    assert ended.value.code == 1
    lines = out.getvalue().splitlines()
    assert lines[0].startswith(
        "FAILED  Platform: Address and key: The Platform refused the API key"
    )
    assert json.loads(lines[-1])["failed"] == 1


def test_the_command_ends_well_when_all_is_well(remotes: responses.RequestsMock) -> None:
    out = StringIO()
    call_command("check_connections", stdout=out)
    assert out.getvalue().splitlines()[-1] == "All is well."


def _failed(check: Check) -> bool:
    return check.state == "failed"


def _now() -> str:
    return datetime.now(UTC).isoformat()
