"""A run that is over: what came of it, what may still come of it, and how to go on (P40, P50)."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.sync import run as sync
from invoices.views.run_context import signature
from tests.factories import make_user
from tests.invoices.views.runs_world import (
    begun,
    live_run,
    mapped_line,
    page,
    preview,
    refused_line,
)

pytestmark = pytest.mark.usefixtures("seller")
RUNS = "/mapping/invoices/runs/"
STOP = "/mapping/invoices/run/stop/"
UNDO, REST = "Undo this run", "Preview the rest"


def ended(state: str, outcome: str, *lines: InvoiceLine) -> SyncRun:
    """One of these lines, of all of which came the same."""
    run = preview(*lines)
    run.operations.update(state=outcome)
    return begun(run, state, total=len(lines))


def test_what_is_not_confirmed_is_explained(operator: Client) -> None:
    text = page(operator, ended("finished", "unknown", mapped_line()))

    assert "1 line is not confirmed." in text
    assert "It was sent, and the answer was lost." in text


def test_an_open_page_shows_what_is_confirmed_after_the_end(operator: Client) -> None:
    run = ended("finished", "unknown", mapped_line())
    row = run.operations.get()
    run.operations.update(state="done")

    address = f"{RUNS}{run.pk}/watch/?was={signature(run)}&row={row.pk}"
    answer = operator.get(address, headers={"HX-Request": "true"})

    text = answer.content.decode()
    assert "not confirmed" not in text.partition('id="run-outcomes"')[0]
    assert "Not confirmed" not in text.partition('id="run-outcomes"')[2]
    assert f'id="outcome-{row.pk}" hx-swap-oob="true" class="badge-status is-synced"' in text
    assert "every" not in text.partition('id="run-watch"')[2].partition(">")[0]


def test_a_row_that_is_confirmed_on_an_open_page_no_longer_says_it_is_not(
    operator: Client,
) -> None:
    run = ended("finished", "unknown", mapped_line())
    row = run.operations.get()
    run.operations.update(last_error="It answered with a server error (502).")
    assert "server error (502)" in page(operator, run)

    run.operations.update(state="done", reason="Found in ConnectWise.")
    address = f"{RUNS}{run.pk}/watch/?was={signature(run)}&row={row.pk}"
    text = operator.get(address, headers={"HX-Request": "true"}).content.decode()

    why = text.partition(f'<div id="why-{row.pk}" hx-swap-oob="true">')[2].partition("</div>")[0]
    assert "Found in ConnectWise." in why
    assert "server error (502)" not in text


@pytest.mark.parametrize(
    ("outcome", "offered"), [("done", True), ("unknown", True), ("withdrawn", False)]
)
def test_undo_is_offered_where_something_may_stand_in_connectwise(
    client: Client, outcome: str, offered: bool
) -> None:
    client.force_login(make_user("invoices.undo_sync"))

    text = page(client, ended("stopped", outcome, mapped_line()))

    assert (UNDO in text) is offered


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_the_agreements_that_were_made_are_told_wherever_it_broke_off(
    operator: Client, state: str
) -> None:
    run = ended(state, "withdrawn", mapped_line())
    Operation.objects.create(run=run, kind="create_agreement", intent="agreement", state="done")

    assert "1 left Not Synced; 1 agreement made." in page(operator, run)


def test_the_rest_of_a_stopped_run_is_previewed_at_once(operator: Client, user: User) -> None:
    posted, left = mapped_line(), mapped_line()
    run = ended("stopped", "withdrawn", posted, left)
    mapped_line()  # not among those that were ticked
    InvoiceLine.objects.filter(pk=posted.pk).update(psa_status="synced")
    assert REST in page(operator, run)

    answer = operator.post(f"{RUNS}{run.pk}/rest/", headers={"HX-Request": "true"})

    again = SyncRun.objects.latest("pk")
    assert answer["HX-Redirect"] == f"{RUNS}{again.pk}/"
    assert again.user == user
    assert again.state == "drafting"
    assert again.scope["lines"] == [posted.pk, left.pk]


@pytest.mark.parametrize("state", ["finished", "running", "draft"])
def test_only_what_broke_off_has_a_rest(operator: Client, state: str) -> None:
    run = ended(state, "withdrawn", mapped_line())

    assert REST not in page(operator, run)
    assert operator.post(f"{RUNS}{run.pk}/rest/").status_code == 404


@pytest.mark.parametrize("how", ["stopped", "failed"])
def test_what_was_only_shown_as_failing_is_no_error_of_a_run_that_did_not_get_to_it(
    operator: Client, how: str
) -> None:
    lines = [mapped_line(), refused_line(), refused_line()]
    run = begun(preview(*lines), "planning")

    if how == "stopped":
        operator.post(STOP)
    else:
        sync.fail_run(run.pk, "ConnectWise refused the keys.")

    run.refresh_from_db()
    assert (run.state, run.outcomes) == (how, {"left": 3})
    assert "3 left Not Synced." in page(operator, run)
    assert set(InvoiceLine.objects.values_list("psa_status", flat=True)) == {"not_synced"}


def test_an_undo_that_broke_off_is_begun_again_where_it_began(operator: Client) -> None:
    run = ended("stopped", "withdrawn", mapped_line())
    SyncRun.objects.filter(pk=run.pk).update(scope={"undo": {"run": 7}})

    assert REST not in page(operator, run)
    assert operator.post(f"{RUNS}{run.pk}/rest/").status_code == 403


def test_the_log_says_who_stopped_it_and_that_it_was_stopped(
    operator: Client, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    live_run()

    operator.post(STOP)

    assert caplog.messages[0] == f"{user} stopped the sync of May 2026"
    assert caplog.messages[1].startswith("Sync stopped: ")


@pytest.mark.parametrize(("outcome", "sign"), [("done", "#success"), ("failed", "#warning")])
def test_a_result_with_errors_does_not_look_like_success(
    operator: Client, outcome: str, sign: str
) -> None:
    ended("finished", outcome, mapped_line())

    bar = operator.get("/mapping/invoices/run/").content.decode()

    assert sign in bar.partition("Done.")[0]


def test_over_it_tells_the_result_and_the_problems_in_connectwise_s_words(
    operator: Client,
) -> None:
    line = mapped_line()
    run = preview()
    InvoiceLine.objects.filter(pk=line.pk).update(error_code="refused_by_connectwise")
    run.operations.update(state="failed", last_error="Quantity must be at least 1.")
    begun(run, "finished", total=1)

    text = page(operator, run)

    assert "Done.</strong> 1 with an error." in text
    assert f'href="/mapping/invoices/runs/{run.pk}/?outcome=error">Show the error</a>' in text
    assert "Quantity must be at least 1." in text
    assert "Open the line" in text
    assert "every" not in text.partition('id="run-watch"')[2].partition(">")[0]


def test_over_it_tells_the_agreements_that_were_made(operator: Client) -> None:
    mapped_line()
    run = preview()
    Operation.objects.create(run=run, kind="create_agreement", intent="agreement", state="done")
    run.operations.update(state="done")
    begun(run, "finished", total=1)

    assert "1 posted; 1 agreement made." in page(operator, run)


def test_what_was_not_as_shown_leads_to_the_preview_that_plans_it_again(
    operator: Client,
) -> None:
    line = mapped_line()
    run = preview()
    reason = "Planned again: quantity is 4, not 3."
    run.operations.update(state="skipped", reason_code="planned_again", reason=reason)
    begun(run, "finished", total=1)
    again = preview(line)
    SyncRun.objects.filter(pk=again.pk).update(follows=run)

    text = page(operator, run)

    assert "1 row was not as shown" in text
    assert f'href="/mapping/invoices/runs/{again.pk}/">Look at it' in text
    assert reason in page(operator, again)
