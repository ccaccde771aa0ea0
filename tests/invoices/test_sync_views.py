"""Sync begins a preview; one line at once, the bar everyone sees, and Stop (P38, P40, P41)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.services.selection import select_lines
from invoices.sync.states import RunState
from platform_client.models import PlatformSettings
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import (
    make_agreement,
    make_agreement_type,
    make_line,
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
    for view in ("preview", "sync"):
        monkeypatch.setattr(f"invoices.views.{view}.ring", lambda run: asked.append(run.pk))
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


def test_sync_begins_a_preview_and_leads_to_its_page(
    operator: Client,
    user: User,
    rung: list[int],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        answer = operator.post(SYNC, MAY, headers={"HX-Request": "true"})

    draft = SyncRun.objects.get()
    assert (draft.user, draft.scope, draft.state) == (user, {}, RunState.DRAFTING)
    assert rung == [draft.pk]
    assert answer["HX-Redirect"] == f"/mapping/invoices/runs/{draft.pk}/"


def test_without_a_script_it_leads_there_too(operator: Client, rung: list[int]) -> None:
    answer = operator.post(SYNC, MAY)

    assert answer["Location"] == f"/mapping/invoices/runs/{SyncRun.objects.get().pk}/"


def test_with_ticked_lines_it_takes_only_those(
    operator: Client, user: User, rung: list[int]
) -> None:
    ticked = mapped_line()
    mapped_line()
    select_lines(user=user, period=ticked.period, lines=InvoiceLine.objects.filter(pk=ticked.pk))

    operator.post(SYNC, MAY)

    assert SyncRun.objects.get().scope == {"lines": [ticked.pk]}


def test_pressed_again_it_leaves_one_preview(operator: Client, rung: list[int]) -> None:
    operator.post(SYNC, MAY)
    SyncRun.objects.update(state=RunState.DRAFT)
    operator.post(SYNC, MAY)

    assert SyncRun.objects.count() == 1


def test_while_a_run_is_on_it_leads_to_that_one(operator: Client, rung: list[int]) -> None:
    run = live_run()

    answer = operator.post(SYNC, MAY)

    assert answer["Location"] == f"/mapping/invoices/runs/{run.pk}/"
    assert SyncRun.objects.count() == 1
    assert rung == []


@pytest.mark.parametrize("period", ["", "2026-13", "May", "0000-00"])
def test_an_unknown_period_is_not_found(operator: Client, period: str) -> None:
    assert operator.post(SYNC, {"period": period}).status_code == 404


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
    assert "1 agreement will be made first." in asked.content.decode()
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


def test_a_page_that_is_opened_meanwhile_has_its_button_off(operator: Client) -> None:
    live_run()

    text = operator.get(RUN).content.decode()  # what it asks for as it opens

    button = text.partition('id="sync-invoices"')[2].partition("</button>")[0]
    assert " disabled" in button
    assert "In progress" in button


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


def test_a_run_that_began_and_ended_between_two_looks_is_told_to_the_grid(
    operator: Client,
) -> None:
    unseen = SyncRun.objects.create(
        period="2026-05-01", state=RunState.FINISHED, finished_at=timezone.now()
    )

    first = operator.get(RUN, {"was": "quiet", "told": "0"})
    again = operator.get(RUN, {"was": "quiet", "told": str(unseen.pk)})

    assert "linesChanged" in first["HX-Trigger"]
    assert f"told={unseen.pk}" in first.content.decode()
    assert "HX-Trigger" not in again


def test_a_result_that_was_dismissed_stays_away(operator: Client) -> None:
    run = SyncRun.objects.create(
        period="2026-05-01", state=RunState.FINISHED, finished_at=timezone.now()
    )
    assert f"seen={run.pk}" in operator.get(RUN).content.decode()

    text = operator.get(RUN, {"seen": run.pk}).content.decode()

    assert "Done." not in text
    assert f"seen={run.pk}" in text


def test_the_result_above_the_grid_is_of_the_run_that_ended_last(operator: Client) -> None:
    """Its preview may have been made before that of another one."""
    now = timezone.now()
    last = SyncRun.objects.create(period="2026-05-01", state=RunState.FINISHED, finished_at=now)
    before = SyncRun.objects.create(
        period="2026-05-01", state=RunState.FINISHED, finished_at=now - timedelta(minutes=1)
    )

    assert f"seen={last.pk}" in operator.get(RUN).content.decode()
    assert "Done." in operator.get(RUN, {"seen": before.pk}).content.decode()
    assert "Done." not in operator.get(RUN, {"seen": last.pk}).content.decode()


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

    answer = operator.post(STOP)

    run.refresh_from_db()
    assert run.state == RunState.STOPPED
    assert "runStarted" in answer["HX-Trigger"]
    assert not answer.content  # the run's own page has no bar that could be swapped


def test_a_stopped_undo_does_not_call_its_lines_not_synced(operator: Client) -> None:
    run = live_run()
    run.scope = {"undo": {"run": 1}}
    run.save()
    Operation.objects.create(run=run, line=mapped_line(), kind="delete", state="withdrawn")
    SyncRun.objects.update(state=RunState.STOPPED, finished_at=timezone.now())

    assert "Stopped.</strong> May 2026: 1 not taken back." in operator.get(RUN).content.decode()


@pytest.mark.parametrize(("method", "url"), [("post", SYNC), ("post", STOP), ("post", "line")])
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


@pytest.mark.parametrize(("url", "method"), [(STOP, "get"), (RUN, "post"), (SYNC, "get")])
def test_other_methods_are_refused(operator: Client, url: str, method: str) -> None:
    assert getattr(operator, method)(url).status_code == 405


def test_an_unknown_line_is_not_found(operator: Client) -> None:
    assert operator.post("/mapping/invoices/lines/999999999/sync/").status_code == 404


def test_an_undo_is_stopped_by_who_may_undo(client: Client) -> None:
    run = live_run()
    SyncRun.objects.filter(pk=run.pk).update(scope={"undo": {"run": 1}})
    client.force_login(make_user("invoices.sync_invoices"))
    assert client.post(STOP).status_code == 403

    client.force_login(make_user("invoices.undo_sync"))
    client.post(STOP)

    run.refresh_from_db()
    assert run.state == RunState.STOPPED


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
