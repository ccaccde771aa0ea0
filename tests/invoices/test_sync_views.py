"""Sync's dialog, one line at once, the bar everyone sees, and Stop (P38, P40, P41)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invoices.models import InvoiceLine, SyncRun
from invoices.services.selection import clear_selection, select_lines
from invoices.sync.states import RunState
from platform_client.models import PlatformSettings
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import (
    make_agreement,
    make_agreement_type,
    make_line,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

SYNC = "/mapping/invoices/sync/"
RUN = "/mapping/invoices/run/"
STOP = "/mapping/invoices/run/stop/"
MAY = {"period": "2026-05"}


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs a worker was asked to take up."""
    asked: list[int] = []
    monkeypatch.setattr("invoices.views.sync.ring", lambda run: asked.append(run.pk))
    return asked


@pytest.fixture(autouse=True)
def known_seller(db: None) -> None:
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-1")


@pytest.fixture
def user(db: None) -> User:
    return make_user("invoices.sync_invoices")


@pytest.fixture
def operator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def mapped_line(**overrides: object) -> InvoiceLine:
    agreement = make_agreement()
    values: dict[str, object] = {
        "company": agreement.company,
        "agreement": agreement,
        "product": make_product(product_class="Agreement"),
    }
    return make_line(**values | overrides)


def line_for_a_new_agreement() -> InvoiceLine:
    ConnectWiseSettings.load()
    ConnectWiseSettings.objects.update(default_agreement_type=make_agreement_type())
    line = mapped_line(agreement=None, create_agreement=True)
    assert line.company
    line.company.default_contact_id = 5
    line.company.save(update_fields=["default_contact_id"])
    return line


def live_run() -> SyncRun:
    return SyncRun.objects.create(
        period="2026-05-01", state=RunState.RUNNING, total=10, heartbeat=timezone.now()
    )


def test_the_dialog_says_what_would_happen_in_lines_and_money(operator: Client) -> None:
    mapped_line()
    mapped_line()
    make_line()  # unmapped

    text = operator.get(SYNC, MAY).content.decode()

    assert (
        "All Mapped lines of May 2026 that are Not Synced or Error, whatever is filtered." in text
    )
    assert "Post 2 lines" in text
    assert "20.00" in text  # revenue
    assert "4.00" in text  # margin


def test_with_ticked_lines_it_takes_only_those(operator: Client, user: User) -> None:
    ticked = mapped_line()
    mapped_line()
    select_lines(user=user, period=ticked.period, lines=InvoiceLine.objects.filter(pk=ticked.pk))

    text = operator.get(SYNC, MAY).content.decode()

    assert "Only the 1 ticked line of May 2026." in text
    assert "Post 1 line<" in text


def test_ticks_that_went_meanwhile_never_become_the_whole_period(
    operator: Client, user: User, rung: list[int]
) -> None:
    ticked = mapped_line()
    mapped_line()
    select_lines(user=user, period=ticked.period, lines=InvoiceLine.objects.filter(pk=ticked.pk))
    assert 'name="ticked" value="1"' in operator.get(SYNC, MAY).content.decode()
    clear_selection(user=user)  # another tab showed another period

    answer = operator.post(SYNC, {**MAY, "ticked": "1"})

    assert "ticked lines have changed" in answer["HX-Trigger"]
    assert not SyncRun.objects.exists()
    assert rung == []


def test_it_groups_what_would_fail_by_cause(operator: Client) -> None:
    product = make_product(inactive=True, name="Old <b>Backup</b>")
    mapped_line(product=product)
    mapped_line(product=product, organization=make_organization())

    text = operator.get(SYNC, MAY).content.decode()

    assert "2 would fail" in text
    assert "Product inactive" in text
    assert "2 lines, 2 customers" in text
    assert "Old &lt;b&gt;Backup&lt;/b&gt;" in text


def test_when_the_platform_is_not_configured_the_dialog_says_so(
    operator: Client, settings: Settings
) -> None:
    PlatformSettings.objects.update(seller_id="")
    settings.PLATFORM_URL = ""

    text = operator.get(SYNC, MAY).content.decode()

    assert "Nothing was sent." in text
    assert 'type="submit"' not in text


def test_posting_it_starts_a_run_and_rings_for_a_worker(
    operator: Client,
    user: User,
    rung: list[int],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        answer = operator.post(SYNC, MAY)

    run = SyncRun.objects.get()
    assert (run.user, run.scope, run.state) == (user, {}, RunState.PLANNING)
    assert rung == [run.pk]
    assert "closeDialog" in answer["HX-Trigger"]


def test_a_second_run_is_refused_with_a_sentence(operator: Client, rung: list[int]) -> None:
    live_run()

    answer = operator.post(SYNC, MAY)

    assert "A sync is running already" in answer["HX-Trigger"]
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize("period", ["", "2026-13", "May", "0000-00"])
def test_an_unknown_period_is_not_found(operator: Client, period: str) -> None:
    assert operator.get(SYNC, {"period": period}).status_code == 404


def test_one_line_is_posted_at_once_without_asking(operator: Client, rung: list[int]) -> None:
    line = mapped_line()

    operator.post(f"/mapping/invoices/lines/{line.pk}/sync/")

    assert SyncRun.objects.get().scope == {"lines": [line.pk]}


def test_one_line_that_would_make_an_agreement_asks_first(
    operator: Client, rung: list[int]
) -> None:
    line = line_for_a_new_agreement()
    url = f"/mapping/invoices/lines/{line.pk}/sync/"

    asked = operator.post(url)

    assert (asked["HX-Retarget"], asked["HX-Reswap"]) == ("#dialog-body", "innerHTML")
    assert SyncRun.objects.count() == 0
    operator.post(url, {"confirmed": "yes"})
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"psa_status": "synced"}, "Synced already"),
        ({"in_flight": True}, "being posted or checked"),
        ({"product": None}, "Unmapped"),
    ],
)
def test_a_line_that_can_not_be_posted_says_why(
    operator: Client, overrides: dict[str, object], words: str
) -> None:
    line = mapped_line(**overrides)

    answer = operator.post(f"/mapping/invoices/lines/{line.pk}/sync/")

    assert words in answer["HX-Trigger"]
    assert SyncRun.objects.count() == 0


def test_no_line_is_posted_while_a_run_is_on(operator: Client) -> None:
    live_run()

    answer = operator.post(f"/mapping/invoices/lines/{mapped_line().pk}/sync/")

    assert "A sync is running already." in answer["HX-Trigger"]


def test_everyone_sees_the_run(client: Client) -> None:
    client.force_login(make_user())
    live_run()

    answer = client.get(RUN)

    text = answer.content.decode()
    assert "In progress" in text
    assert "0 of 10 lines of May 2026" in text
    assert "Stop</button>" not in text  # a viewer only looks
    assert "runTick" in answer["HX-Trigger"]


def test_when_it_has_ended_the_bar_says_with_what_and_the_grid_is_told(
    operator: Client,
) -> None:
    run = live_run()
    SyncRun.objects.filter(pk=run.pk).update(
        state=RunState.FINISHED, finished_at=timezone.now(), total=0
    )

    answer = operator.get(RUN, {"was": "live"})

    assert "Done." in answer.content.decode()
    assert "linesChanged" in answer["HX-Trigger"]
    assert 'hx-swap-oob="true"' in answer.content.decode()  # the button comes back


def test_a_result_that_was_dismissed_stays_away(operator: Client) -> None:
    run = SyncRun.objects.create(
        period="2026-05-01", state=RunState.FINISHED, finished_at=timezone.now()
    )
    assert f"seen={run.pk}" in operator.get(RUN).content.decode()

    text = operator.get(RUN, {"seen": run.pk}).content.decode()

    assert "Done." not in text
    assert f"seen={run.pk}" in text


def test_a_run_that_failed_says_why(operator: Client) -> None:
    SyncRun.objects.create(
        period="2026-05-01",
        state=RunState.FAILED,
        message="ConnectWise refused the keys (401).",
        finished_at=timezone.now(),
    )

    text = operator.get(RUN).content.decode()

    assert "ConnectWise refused the keys (401). What was not sent stays Not Synced." in text


def test_it_can_be_stopped(operator: Client) -> None:
    run = live_run()

    operator.post(STOP)

    run.refresh_from_db()
    assert run.state == RunState.STOPPED


@pytest.mark.parametrize(
    ("method", "url"), [("get", SYNC), ("post", SYNC), ("post", STOP), ("post", "line")]
)
def test_without_the_right_nothing_starts_or_stops(client: Client, method: str, url: str) -> None:
    client.force_login(make_user())
    line = mapped_line()
    address = f"/mapping/invoices/lines/{line.pk}/sync/" if url == "line" else url

    answer = getattr(client, method)(address, MAY)

    assert answer.status_code == 403
    assert SyncRun.objects.count() == 0


@pytest.mark.parametrize("url", [SYNC, RUN, STOP])
def test_sign_in_is_asked_for(client: Client, url: str) -> None:
    assert client.get(url)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("url", "method"), [(STOP, "get"), (RUN, "post"), (SYNC, "delete")])
def test_other_methods_are_refused(operator: Client, url: str, method: str) -> None:
    assert getattr(operator, method)(url).status_code == 405


def test_an_unknown_line_is_not_found(operator: Client) -> None:
    assert operator.post("/mapping/invoices/lines/999999999/sync/").status_code == 404


def test_the_dialog_names_how_many_agreements_come_first(operator: Client) -> None:
    line_for_a_new_agreement()

    text = operator.get(SYNC, MAY).content.decode()

    assert "1 agreement will be made first." in text


def test_an_undo_says_that_it_took_back(operator: Client) -> None:
    SyncRun.objects.create(
        period="2026-05-01",
        state=RunState.FINISHED,
        scope={"undo": {"run": 1, "line": None, "period": False}},
        finished_at=timezone.now(),
    )

    text = operator.get(RUN).content.decode()

    assert "Undone." in text
    assert "Done." not in text
