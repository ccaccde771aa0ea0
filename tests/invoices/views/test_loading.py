"""The dialog "Load Invoice Lines" and the progress that everyone sees (P15, P15a, P18)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from invoices.models import InvoiceSettings, Load
from invoices.tasks.loading import load_invoice_lines
from tests.factories import make_user

pytestmark = pytest.mark.django_db

LOAD, PROGRESS = "/mapping/invoices/load/", "/mapping/invoices/load/progress/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The loads that a worker was asked to do."""
    asked: list[int] = []
    monkeypatch.setattr(load_invoice_lines, "delay", asked.append)
    return asked


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user("invoices.load_invoices", username="olga"))
    return client


@pytest.fixture
def on_18_may() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 5, 18, 12, tzinfo=UTC), tick=False):
        yield


def ended(**overrides: Any) -> Load:
    values = {
        "month": date(2026, 5, 1),
        "state": "done",
        "complete": True,
        "finished_at": timezone.now(),
        "message": "May 2026 loaded: 3 new.",
    }
    return Load.objects.create(**{**values, **overrides})


def triggers(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.headers.get("HX-Trigger", "{}"))
    return found


@pytest.mark.usefixtures("on_18_may")
def test_the_dialog_offers_two_months_with_their_ranges(operator: Client) -> None:
    response = operator.get(LOAD, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert '<h2 id="dialog-title">Load Invoice Lines</h2>' in page
    assert "Select which periods to load invoice lines for." in page
    assert "Current Month" in page
    assert "2026-05-01 – 2026-05-31" in page
    assert "Previous Month" in page
    assert "2026-04-01 – 2026-04-30" in page
    assert '<button type="submit" class="btn btn-primary" disabled>Load</button>' in page


def test_months_are_those_of_the_business_day(operator: Client) -> None:
    InvoiceSettings.objects.create(pk=1, time_zone="Europe/Berlin")
    with time_machine.travel(datetime(2025, 12, 31, 23, 30, tzinfo=UTC)):
        page = operator.get(LOAD, headers=HTMX).content.decode()
    assert "2026-01-01 – 2026-01-31" in page
    assert "2025-12-01 – 2025-12-31" in page


@pytest.mark.usefixtures("on_18_may")
@pytest.mark.parametrize(
    ("ticked", "months"),
    [
        (["2026-05"], [date(2026, 5, 1)]),
        (["2026-04"], [date(2026, 4, 1)]),
        (["2026-05", "2026-04"], [date(2026, 4, 1), date(2026, 5, 1)]),
    ],
)
def test_either_month_or_both_are_loaded_by_a_worker(
    operator: Client, rung: list[int], ticked: list[str], months: list[date]
) -> None:
    response = operator.post(LOAD, {"periods": ticked}, headers=HTMX)
    assert (response.status_code, set(triggers(response))) == (204, {"closeDialog", "loadStarted"})
    loads = Load.objects.order_by("month")
    assert [load.month for load in loads] == months
    assert {str(load.user) for load in loads} == {"olga"}
    assert rung == [load.pk for load in loads]


@pytest.mark.usefixtures("on_18_may")
@pytest.mark.parametrize(
    ("ticked", "said"),
    [
        ([], "Tick at least one period."),
        (["2026-03"], "The month has changed since this was opened. Choose again."),
        (["2026-05", "x"], "The month has changed since this was opened. Choose again."),
    ],
)
def test_a_bad_choice_is_told_in_the_dialog(
    operator: Client, rung: list[int], ticked: list[str], said: str
) -> None:
    response = operator.post(LOAD, {"periods": ticked}, headers=HTMX)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert (rung, Load.objects.count()) == ([], 0)


@pytest.mark.usefixtures("on_18_may")
def test_a_period_that_is_being_loaded_is_refused_in_the_dialog(
    operator: Client, rung: list[int]
) -> None:
    Load.objects.create(month=date(2026, 5, 1))
    response = operator.post(LOAD, {"periods": ["2026-04", "2026-05"]}, headers=HTMX)
    page = response.content.decode()
    assert (response.status_code, rung, Load.objects.count()) == (422, [], 1)
    assert "May 2026 is being loaded already. Wait until that load has ended." in page
    assert 'value="2026-05" checked' in page
    assert '<button type="submit" class="btn btn-primary">Load</button>' in page


@pytest.mark.usefixtures("on_18_may")
def test_a_broker_that_is_away_only_delays(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(load_id: int) -> None:
        raise OperationalError

    monkeypatch.setattr(load_invoice_lines, "delay", away)
    assert operator.post(LOAD, {"periods": ["2026-05"]}, headers=HTMX).status_code == 204
    assert Load.objects.get().state == "queued"


def test_loading_needs_its_permission_and_looking_does_not(client: Client) -> None:
    assert client.get(LOAD, headers=HTMX).status_code == 302  # to the sign-in page
    client.force_login(make_user())
    assert client.get(LOAD, headers=HTMX).status_code == 403
    assert client.post(LOAD, {"periods": ["2026-05"]}, headers=HTMX).status_code == 403
    assert client.get(PROGRESS, headers=HTMX).status_code == 200


def test_other_methods_are_refused(operator: Client) -> None:
    assert operator.put(LOAD, headers=HTMX).status_code == 405
    assert operator.post(PROGRESS, headers=HTMX).status_code == 405


def test_without_htmx_the_dialogs_address_leads_to_the_page(operator: Client) -> None:
    response = operator.get(LOAD)
    assert (response.status_code, response.headers["Location"]) == (302, "/mapping/invoices/")


def test_progress_is_shown_to_everyone_and_asked_for_each_second(client: Client) -> None:
    olga = make_user(username="olga")
    Load.objects.create(month=date(2026, 5, 1), state="running", user=olga, read=1200, total=4300)
    client.force_login(make_user())
    page = client.get(PROGRESS, headers=HTMX).content.decode()
    assert "Loading May 2026" in page
    assert "1,200 of 4,300 lines" in page
    assert "started by olga" in page
    assert '<progress max="4300" value="1200" aria-label="Lines read">' in page
    assert 'hx-trigger="every 1s, nudge"' in page


@pytest.mark.parametrize(
    ("state", "read", "total", "shown"),
    [
        ("queued", 0, None, "Waiting for a worker…"),
        ("running", 0, None, "Asking the Platform…"),
        ("running", 0, 0, "0 lines read, bringing them in…"),
        ("running", 4300, 4300, "4,300 lines read, bringing them in…"),
    ],
)
def test_progress_says_what_is_happening(
    operator: Client, state: str, read: int, total: int | None, shown: str
) -> None:
    Load.objects.create(month=date(2026, 5, 1), state=state, read=read, total=total)
    assert shown in operator.get(PROGRESS, headers=HTMX).content.decode()


def test_the_time_left_is_told_once_it_can_be_known(operator: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        Load.objects.create(month=date(2026, 5, 1), state="running", read=1000, total=3000)
        assert "s left" not in operator.get(PROGRESS, headers=HTMX).content.decode()
        clock.shift(timedelta(seconds=10))
        assert "about 20 s left" in operator.get(PROGRESS, headers=HTMX).content.decode()


def test_the_end_is_one_sentence_and_tells_the_period_chooser_once(operator: Client) -> None:
    since = (timezone.now() - timedelta(minutes=5)).isoformat()
    load = ended()
    first = operator.get(PROGRESS, {"since": since, "told": ""}, headers=HTMX)
    page = first.content.decode()
    assert "May 2026 loaded: 3 new." in page
    assert '<a href="/mapping/invoices/?period=2026-05">Show May 2026</a>' in page
    assert "every 10s" in page
    assert set(triggers(first)) == {"periodsChanged"}
    again = operator.get(PROGRESS, {"since": since, "told": f"{load.pk}"}, headers=HTMX)
    assert "May 2026 loaded: 3 new." in again.content.decode()
    assert triggers(again) == {}


def test_whoever_opens_the_page_just_after_the_end_reads_the_result(operator: Client) -> None:
    ended()
    response = operator.get(PROGRESS, headers=HTMX)
    assert "May 2026 loaded: 3 new." in response.content.decode()
    assert triggers(response) == {}  # the page is newer than the load


def test_old_results_are_not_shown(operator: Client) -> None:
    ended(finished_at=timezone.now() - timedelta(minutes=10))
    page = operator.get(PROGRESS, headers=HTMX).content.decode()
    assert "loaded" not in page


def test_only_the_newest_result_of_a_month_is_shown(operator: Client) -> None:
    ended(message="May 2026 was not loaded.", state="failed", complete=False)
    ended(message="May 2026 loaded: 3 new.")
    page = operator.get(PROGRESS, headers=HTMX).content.decode()
    assert "May 2026 loaded: 3 new." in page
    assert "was not loaded" not in page


def test_a_failed_load_leads_to_the_log_and_not_to_the_period(operator: Client) -> None:
    ended(message="May 2026 was not loaded.", state="failed", complete=False)
    page = operator.get(PROGRESS, headers=HTMX).content.decode()
    assert "May 2026 was not loaded." in page
    assert 'href="/logs/"' in page
    assert "Show May" not in page


@pytest.mark.parametrize(
    "since", ["", "x", "2026-05-18", "2026-99-99T00:00", "2026-05-18T10:00:00"]
)
def test_nonsense_in_the_address_is_ignored(operator: Client, since: str) -> None:
    response = operator.get(PROGRESS, {"since": since, "told": "x_1_"}, headers=HTMX)
    assert response.status_code == 200


def test_messages_are_text_not_markup(operator: Client) -> None:
    ended(message="<script>alert(1)</script>")
    page = operator.get(PROGRESS, headers=HTMX).content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
