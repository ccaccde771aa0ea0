"""Refreshing the directory: what is read, what a failing remote leaves, who works on it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

import platform_client.conf
import psa_connectwise.conf
from mapping import tasks
from mapping.models import DirectoryRefresh, Offer, Organization
from mapping.services import RefreshUnderWay, run_refresh, start_refresh, waiting_refreshes
from mapping.services.directory_parts import PARTS, window
from platform_client import schemas as platform
from psa_connectwise import schemas as connectwise
from psa_connectwise.models import Agreement, Company
from tests.factories import make_company, make_line, make_offer, make_organization, make_product
from wire.errors import ConfigError, RemoteError, TransientError
from wire.items import BadItem, Page

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 18)
BUSY = TransientError("ConnectWise is busy: try again in a minute.", service="ConnectWise")
WRONG_KEY = ConfigError("The Platform refused the API key: check it.", service="the Platform")


class FakePlatform:
    """Lists what stands in it; `failing` raises after the first page."""

    def __init__(self) -> None:
        self.organization_pages: list[Page[platform.Organization]] = []
        self.offer_pages: list[Page[platform.Offer]] = []
        self.failing: RemoteError | None = None
        self.windows: list[tuple[date, date]] = []

    def organizations(self) -> Iterator[Page[platform.Organization]]:
        yield from self.organization_pages
        self._fail()

    def offers(self, *, date_from: date, date_to: date) -> Iterator[Page[platform.Offer]]:
        self.windows.append((date_from, date_to))
        yield from self.offer_pages
        self._fail()

    def _fail(self) -> None:
        if self.failing:
            raise self.failing


class FakeConnectWise:
    """Likewise for ConnectWise."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page[Any]]] = {}
        self.failing: RemoteError | None = None

    def _list(self, what: str) -> Iterator[Page[Any]]:
        yield from self.pages.get(what, [])
        if self.failing:
            raise self.failing

    def companies(self) -> Iterator[Page[Any]]:
        return self._list("companies")

    def products(self) -> Iterator[Page[Any]]:
        return self._list("products")

    def agreement_types(self) -> Iterator[Page[Any]]:
        return self._list("agreement_types")

    def agreements(self) -> Iterator[Page[Any]]:
        return self._list("agreements")


@pytest.fixture
def the_platform(monkeypatch: pytest.MonkeyPatch) -> FakePlatform:
    fake = FakePlatform()
    monkeypatch.setattr(platform_client.conf, "get_client", lambda: fake)
    return fake


@pytest.fixture
def the_psa(monkeypatch: pytest.MonkeyPatch) -> FakeConnectWise:
    fake = FakeConnectWise()
    monkeypatch.setattr(psa_connectwise.conf, "get_client", lambda: fake)
    return fake


def refresh(**given: Any) -> DirectoryRefresh:
    started = start_refresh(**{"user": None, **given})
    done = run_refresh(refresh_id=started.pk, today=TODAY)
    assert done is not None
    return done


def company(number: int, name: str, **given: Any) -> connectwise.Company:
    return connectwise.Company(id=number, identifier=f"C{number}", name=name, **given)


def organization(number: int, name: str, **given: Any) -> platform.Organization:
    return platform.Organization(
        **{"id": f"ORG-{number}", "name": name, "status": "Active", **given}
    )


def test_everything_is_read_in_order_and_told_in_one_sentence(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [
        Page((organization(1, "One"), organization(2, "Two", status="Closed"))),
        Page((organization(3, "Three", reference_number="R3"),)),
    ]
    the_platform.offer_pages = [
        Page((platform.Offer(id="OFF-1", name="Seats", vendor_name="V", sku=None),), total=1)
    ]
    the_psa.pages = {
        "companies": [Page((company(7, "Contoso"),))],
        "agreement_types": [Page((connectwise.AgreementType(id=1, name="Cloud"),))],
        "products": [Page((connectwise.Product(id=5, identifier="P", description="Seats"),))],
        "agreements": [
            Page((connectwise.Agreement(id=8, name="A", company_id=7, status="Cancelled"),))
        ],
    }

    done = refresh(months=2)

    assert done.state == "done"
    assert done.message == (
        "3 organizations (3 new), 1 offer (1 new), 1 agreement type (1 new), "
        "1 company (1 new), 1 product (1 new), 1 agreement (1 new)."
    )
    assert done.counts.keys() == set(PARTS)
    assert the_platform.windows == [(date(2026, 3, 18), date(2026, 5, 31))]
    assert Organization.objects.get(platform_id="ORG-2").status == "Closed"
    assert Agreement.objects.get().company == Company.objects.get()


@pytest.mark.parametrize(
    ("today", "months", "expected"),
    [
        (date(2026, 5, 18), 1, (date(2026, 4, 18), date(2026, 5, 31))),
        (date(2026, 3, 31), 1, (date(2026, 2, 28), date(2026, 3, 31))),
        (date(2024, 3, 31), 1, (date(2024, 2, 29), date(2024, 3, 31))),
        (date(2026, 1, 1), 1, (date(2025, 12, 1), date(2026, 1, 31))),
        (date(2026, 2, 28), 12, (date(2025, 2, 28), date(2026, 2, 28))),
        (date(2026, 5, 18), 16, (date(2025, 1, 18), date(2026, 5, 31))),
    ],
)
def test_the_window_ends_with_this_month(
    today: date, months: int, expected: tuple[date, date]
) -> None:
    assert window(today=today, months=months) == expected


def test_a_second_refresh_changes_nothing(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    refresh()
    before = Organization.objects.values().get()

    again = refresh()

    assert again.message.startswith("1 organization, ")
    assert Organization.objects.values().get() == before


def test_new_names_reach_the_lines(the_platform: FakePlatform, the_psa: FakeConnectWise) -> None:
    known = make_organization(platform_id="ORG-1", name="Old")
    offer = make_offer(platform_id="OFF-1", name="Old offer")
    contoso, product = make_company(connectwise_id=7), make_product(connectwise_id=5)
    given: dict[str, Any] = {
        "organization": known,
        "offer": offer,
        "company": contoso,
        "product": product,
    }
    line = make_line(**given)
    synced = make_line(**given, psa_status="synced")
    custom = make_line(
        **given, invoice_source="custom", subscription_id="", offer_name="Fixed name"
    )
    the_platform.organization_pages = [Page((organization(1, "New", reference_number="N1"),))]
    the_platform.offer_pages = [
        Page((platform.Offer(id="OFF-1", name="New offer", vendor_name="New vendor"),))
    ]
    the_psa.pages = {
        "companies": [Page((company(7, "New company"),))],
        "products": [Page((connectwise.Product(id=5, identifier="P", description="New product"),))],
    }

    refresh()

    for one in (line, synced, custom):
        one.refresh_from_db()
        assert (one.organization_name, one.organization_reference) == ("New", "N1")
        assert (one.vendor_name, one.company_name) == ("New vendor", "New company")
        assert one.product_name == "New product"
    assert (line.offer_name, custom.offer_name) == ("New offer", "Fixed name")
    assert line.version > 1
    assert synced.version == 1


def test_a_bad_item_is_told_and_the_rest_goes_on(
    the_platform: FakePlatform, the_psa: FakeConnectWise, caplog: pytest.LogCaptureFixture
) -> None:
    the_platform.organization_pages = [
        Page((organization(1, "One"),), bad=(BadItem(item_id="ORG-X", reason="name: missing"),)),
        Page((organization(2, "Two"),)),
    ]

    done = refresh()

    assert done.state == "done"
    assert "1 record could not be read: see System Logs." in done.message
    assert "ORG-X can't be read: name: missing" in caplog.text
    assert Organization.objects.count() == 2


def test_a_failing_platform_keeps_what_was_read_and_connectwise_goes_on(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    the_platform.failing = WRONG_KEY
    the_psa.pages = {"companies": [Page((company(7, "Contoso"),))]}

    done = refresh()

    assert done.state == "failed"
    assert done.message.startswith(
        f"{WRONG_KEY.message} Still read: 0 agreement types, 1 company (1 new)"
    )
    assert the_platform.windows == []
    assert Organization.objects.exists()
    assert Company.objects.exists()


def test_a_busy_connectwise_leaves_a_response_error_until_it_answers(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    mapped = make_organization(company=make_company(connectwise_id=7))
    offer = make_offer(product=make_product(connectwise_id=5))
    unmapped = make_organization()
    the_psa.failing = BUSY

    refresh()

    for one in (mapped, offer, unmapped):
        one.refresh_from_db()
    assert mapped.response_error == offer.response_error == BUSY.message
    assert unmapped.response_error == ""
    assert mapped.company is not None

    the_psa.failing = None
    the_psa.pages = {"companies": [Page((company(7, "Contoso"),))]}
    refresh(parts=["companies"])

    mapped.refresh_from_db()
    offer.refresh_from_db()
    assert (mapped.response_error, offer.response_error) == ("", BUSY.message)


def test_wrong_keys_are_no_response_error(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    mapped = make_organization(company=make_company())
    the_psa.failing = ConfigError("Wrong keys.", service="ConnectWise")

    refresh()

    mapped.refresh_from_db()
    assert mapped.response_error == ""


def test_a_mistake_of_ours_ends_the_refresh_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(platform_client.conf, "get_client", lambda: None)

    done = refresh()

    assert done.state == "failed"
    assert done.message.startswith("Something went wrong; what had been read is kept.")
    assert "Traceback" in caplog.text


# --- Who works on it -----------------------------------------------------------------------------


def under_way(**given: Any) -> DirectoryRefresh:
    made = DirectoryRefresh.objects.create(
        **{"state": "running", "parts": ["organizations"], "token": uuid4(), **given}
    )
    DirectoryRefresh.objects.filter(pk=made.pk).update(
        heartbeat=given.get("heartbeat"), created_at=given.get("created_at", timezone.now())
    )
    return made


LONG_AGO = timedelta(minutes=10)


def test_only_one_is_under_way() -> None:
    start_refresh(user=None)

    with pytest.raises(RefreshUnderWay, match="under way"):
        start_refresh(user=None)


def test_a_dead_one_does_not_stand_in_the_way() -> None:
    dead = under_way(heartbeat=timezone.now() - LONG_AGO)

    start_refresh(user=None)

    dead.refresh_from_db()
    assert (dead.state, dead.message[:14]) == ("failed", "Its worker die")


def test_two_workers_never_do_the_same(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    alive = under_way(heartbeat=timezone.now())

    assert run_refresh(refresh_id=alive.pk, today=TODAY) is None


def test_a_dead_workers_refresh_is_resumed_where_it_was(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    dead = under_way(
        parts=["offers", "organizations"],
        counts={"offers": {"read": 9, "done": True}},
        heartbeat=timezone.now() - LONG_AGO,
    )

    done = run_refresh(refresh_id=dead.pk, today=TODAY)

    assert done is not None
    assert done.message == "9 offers, 1 organization (1 new)."
    assert the_platform.windows == []


def test_a_worker_whose_refresh_was_taken_over_gives_up(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    started = start_refresh(user=None)
    the_platform.organization_pages = [Page((organization(1, "One"),)), Page(())]

    def take_over(*_: object) -> None:
        DirectoryRefresh.objects.filter(pk=started.pk).update(token=uuid4())

    assert run_refresh(refresh_id=started.pk, today=TODAY, on_progress=take_over) is None

    started.refresh_from_db()
    assert started.state == "running"


def test_the_sweep_rings_for_what_nobody_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.refresh_directory, "delay", rung.append)
    dead = under_way(heartbeat=timezone.now() - LONG_AGO)

    tasks.sweep_directory_refreshes()

    assert rung == [dead.pk] == waiting_refreshes()


@pytest.mark.parametrize(
    ("state", "age", "waits"),
    [
        ("queued", timedelta(seconds=5), False),
        ("queued", LONG_AGO, True),
        ("done", LONG_AGO, False),
        ("failed", LONG_AGO, False),
    ],
)
def test_what_waits_for_a_worker(state: str, age: timedelta, waits: bool) -> None:
    made = under_way(state=state, created_at=timezone.now() - age)

    assert waiting_refreshes() == ([made.pk] if waits else [])


def test_the_task_does_the_refresh(the_platform: FakePlatform, the_psa: FakeConnectWise) -> None:
    started = start_refresh(user=None)

    tasks.refresh_directory(started.pk)

    started.refresh_from_db()
    assert started.state == "done"


# --- The command ---------------------------------------------------------------------------------


def test_the_command_does_it_inline(
    the_platform: FakePlatform, the_psa: FakeConnectWise, capsys: pytest.CaptureFixture[str]
) -> None:
    the_platform.offer_pages = [Page((platform.Offer(id="O", name="Seats", vendor_name="V"),))]

    call_command("refresh_directory", "--months", "3", "--json")

    *_, sentence, data = capsys.readouterr().out.splitlines()
    assert "1 offer (1 new)" in sentence
    assert json.loads(data)["offers"]["new"] == 1
    assert Offer.objects.exists()


def test_the_command_ends_with_1_when_records_were_bad(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.offer_pages = [Page((), bad=(BadItem(item_id=None, reason="broken"),))]

    with pytest.raises(SystemExit) as ended:
        call_command("refresh_directory")

    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--months", "0"], "--months 0: give a number from 1 to 120."),
        ([], WRONG_KEY.message),
    ],
)
def test_the_command_ends_with_2_and_one_sentence(
    the_platform: FakePlatform, the_psa: FakeConnectWise, arguments: list[str], told: str
) -> None:
    the_platform.failing = WRONG_KEY

    with pytest.raises(CommandError) as refused:
        call_command("refresh_directory", *arguments)

    assert refused.value.returncode == 2
    assert told in str(refused.value)


def test_the_command_refuses_while_another_is_under_way() -> None:
    start_refresh(user=None)

    with pytest.raises(CommandError, match="under way"):
        call_command("refresh_directory")
