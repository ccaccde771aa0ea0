"""The bar below the grid that everyone sees while a run is on, its result, and Stop (P40)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from invoices.models import Operation, SyncRun
from invoices.sync import run as sync
from invoices.sync.states import RunState
from tests.factories import make_agreement, make_user
from tests.invoices.views.runs_world import (
    MAY,
    begun,
    live_run,
    mapped_line,
    preview,
    refused_line,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seller")]

RUN = "/mapping/invoices/run/"
STOP = "/mapping/invoices/run/stop/"


def test_everyone_sees_the_run(client: Client) -> None:
    client.force_login(make_user())
    live_run()

    answer = client.get(RUN)

    text = answer.content.decode()
    assert "In progress" in text
    assert "0 of 10 lines of May 2026" in text
    assert "Stop</button>" not in text  # a viewer only looks
    assert "runTick" in answer["HX-Trigger"]


@pytest.mark.parametrize("previewed", [True, False])
def test_it_says_of_how_many_lines_also_while_connectwise_is_read(
    operator: Client, previewed: bool
) -> None:
    lines = [mapped_line(), refused_line()]
    run = begun(preview(*lines), "planning") if previewed else sync.start_run(period=MAY, user=None)

    for address in (RUN, f"/mapping/invoices/runs/{run.pk}/"):
        text = operator.get(address).content.decode()
        assert "0 of 2 lines" in text
        assert "reading ConnectWise" in text


def test_a_page_that_is_opened_meanwhile_has_its_button_off(operator: Client) -> None:
    live_run()

    text = operator.get(RUN).content.decode()  # what it asks for as it opens

    button = text.partition('id="sync-invoices"')[2].partition("</button>")[0]
    assert " disabled" in button
    assert "In progress" in button


def test_a_page_without_that_button_is_sent_none_for_as_long_as_it_asks(operator: Client) -> None:
    live_run()

    text = operator.get(RUN, {"alone": "1"}).content.decode()

    assert 'id="sync-invoices"' not in text
    assert "&amp;alone=1" in text.partition("hx-trigger")[0]


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


def test_the_result_says_what_was_posted_in_each_currency(operator: Client) -> None:
    in_francs = make_agreement(currency_code="CHF", currency_id=3)
    lines = [
        mapped_line(unit_price=Decimal("1200.50"), total_price=Decimal("1200.50")),
        mapped_line(agreement=in_francs, currency="CHF", unit_price=7, total_price=7),
        refused_line(),
    ]
    run = begun(preview(*lines), "finished")
    Operation.objects.filter(run=run, state="planned").update(state="done")

    text = operator.get(RUN).content.decode()

    assert "2 posted, 1 with an error." in text
    assert strip_tags(text).count("Revenue posted: 1,200.50&nbsp;USD and 7.00&nbsp;CHF.") == 1


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


def test_the_result_below_the_grid_is_of_the_run_that_ended_last(operator: Client) -> None:
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
