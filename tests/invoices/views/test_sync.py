"""Sync begins a preview; one line is posted at once (P38, P39)."""

from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, Posting, SyncRun
from invoices.services.selection import select_lines
from invoices.sync.states import RunState
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_agreement_type, make_user
from tests.invoices.views.runs_world import add_end, live_run, mapped_line, preview

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seller")]

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


def line_for_a_new_agreement() -> InvoiceLine:
    ConnectWiseSettings.load()
    ConnectWiseSettings.objects.update(default_agreement_type=make_agreement_type())
    line = mapped_line()
    line.agreement, line.create_agreement = None, True
    line.save(update_fields=["agreement", "create_agreement"])
    assert line.company
    line.company.default_contact_id = 5
    line.company.save(update_fields=["default_contact_id"])
    return line


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


def test_the_preview_says_that_it_is_of_ticked_lines_and_of_how_many(operator: Client) -> None:
    draft = preview(mapped_line(), mapped_line())
    mapped_line()

    page = operator.get(f"/mapping/invoices/runs/{draft.pk}/").content.decode()

    assert "Only 2 ticked lines. Nothing is sent before you say so." in page


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


def test_one_line_that_would_end_an_addition_asks_first(operator: Client, rung: list[int]) -> None:
    """Its subscription's Addition stands in another agreement since April."""
    april = mapped_line(period=date(2026, 4, 1), psa_status="synced")
    add_end(preview(april), line=april)
    Posting.objects.update(line=april, subscription_id="SUB-A", agreement=april.agreement)
    line = mapped_line(subscription_id="SUB-A")

    asked = operator.post(f"/mapping/invoices/lines/{line.pk}/sync/")

    assert "It moves: its Addition ends or goes, and a new one is made." in asked.content.decode()
    assert "Post 1 line</button>" in asked.content.decode()
    assert not SyncRun.objects.filter(state=RunState.PLANNING).exists()


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

    assert "A sync of May 2026 is running already." in answer["HX-Trigger"]


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
