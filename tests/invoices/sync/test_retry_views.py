"""Retry of what was changed in ConnectWise, and the way to Undo (P41, P50)."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import RunState
from tests.factories import make_line
from tests.invoices.sync.world import MAY, World, fresh, let_time_pass, sync, work

HTMX = {"HX-Request": "true"}
LINES = "/mapping/invoices/lines/"


def changed_by_hand(world: World) -> InvoiceLine:
    """A line in Error: somebody gave its Addition another price."""
    may = world.monthly(MAY)
    sync()
    addition = fresh(may).addition_id
    assert addition
    InvoiceLine.objects.update(psa_status="not_synced")
    world.store.edit("additions", addition, quantity=9)
    sync()
    assert fresh(may).error_code == "changed_in_connectwise"
    return fresh(may)


# --- Retry of what was changed in ConnectWise ---------------------------------------------------------


def test_retry_shows_what_is_there_and_what_would_be_written(
    world: World, operator: Client, rung: list[int]
) -> None:
    line = changed_by_hand(world)
    writes = len(world.writes())

    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    draft = SyncRun.objects.get(pk=rung[0])
    text = operator.get(f"{LINES}{line.pk}/retry/{draft.pk}/", headers=HTMX).content.decode()
    assert "There now" in text and "Would be written" in text
    assert "<td>9</td><td>3</td>" in text
    assert "Write over it" in text
    assert len(world.writes()) == writes


def test_saying_yes_writes_over_it_and_the_line_is_synced(
    world: World, operator: Client, rung: list[int], user: User
) -> None:
    line = changed_by_hand(world)
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    answer = operator.post(f"{LINES}{line.pk}/retry/{rung[0]}/", headers=HTMX)

    assert "closeDialog" in answer.headers["HX-Trigger"]
    assert "runStarted" in answer.headers["HX-Trigger"]
    work(SyncRun.objects.get(pk=rung[0]))
    assert fresh(line).psa_status == InvoiceLine.Status.SYNCED
    assert fresh(line).synced_by == user
    assert world.addition(line)["quantity"] == 3


def test_what_was_deleted_by_hand_would_be_made_again(
    world: World, operator: Client, rung: list[int]
) -> None:
    line = changed_by_hand(world)
    assert line.addition_id
    world.store.remove("additions", line.addition_id)
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    text = operator.get(f"{LINES}{line.pk}/retry/{rung[0]}/", headers=HTMX).content.decode()

    assert "A new Addition to be made" in text
    assert "Make it again" in text


def test_while_connectwise_is_read_the_panel_asks_again(
    world: World, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = changed_by_hand(world)
    monkeypatch.setattr("invoices.views.preview.ring", lambda a_run: None)

    text = operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX).content.decode()

    assert "Reading ConnectWise…" in text
    assert 'hx-trigger="every 1s"' in text
    assert "Write over it" not in text


def test_a_connectwise_that_does_not_answer_is_waited_for_and_that_is_told(
    world: World, operator: Client, rung: list[int]
) -> None:
    line = changed_by_hand(world)
    world.connectwise.faults.set(read_script=["503"] * 4)
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)
    here = f"{LINES}{line.pk}/retry/{rung[0]}/"

    text = operator.get(here, headers=HTMX).content.decode()

    assert "ConnectWise has a problem of its own (server error 503); trying again at " in text
    assert "Nothing was sent." in text
    assert 'hx-trigger="every 1s"' in text
    let_time_pass(31)
    previews.plan_if_needed(rung[0], 1)
    assert "Write over it" in operator.get(here, headers=HTMX).content.decode()


def test_a_connectwise_that_refuses_the_keys_is_told(
    world: World, operator: Client, rung: list[int], settings: Settings
) -> None:
    line = changed_by_hand(world)
    settings.CONNECTWISE_PRIVATE_KEY = "wrong"
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    text = operator.get(f"{LINES}{line.pk}/retry/{rung[0]}/", headers=HTMX).content.decode()

    assert "Nothing was sent. Press Retry to ask again." in text
    assert "Write over it" not in text


def test_retry_leaves_the_preview_of_the_month_alone(
    world: World, operator: Client, rung: list[int], user: User
) -> None:
    month = previews.start_draft(period=MAY, user=user, scope=RunScope())
    line = changed_by_hand(world)

    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    drafts = SyncRun.objects.filter(state__in=[RunState.DRAFTING, RunState.DRAFT])
    assert set(drafts.values_list("pk", flat=True)) == {month.pk, rung[1]}


@pytest.mark.django_db
def test_a_line_that_nobody_changed_there_is_not_retried_so(
    operator: Client, rung: list[int]
) -> None:
    line = make_line(psa_status="error", error_code="product_inactive")

    answer = operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)

    assert answer.status_code == 204
    assert '"kind": "error"' in answer.headers["HX-Trigger"]
    assert rung == []


def test_only_the_retry_of_this_line_can_be_confirmed(
    world: World, operator: Client, rung: list[int], user: User
) -> None:
    line = changed_by_hand(world)
    other = previews.start_draft(period=MAY, user=user, scope=RunScope(lines=(line.pk,)))

    assert operator.post(f"{LINES}{line.pk}/retry/{other.pk}/").status_code == 404
    assert operator.post(f"{LINES}{line.pk}/retry/999999/").status_code == 404
    assert fresh(line).psa_status == InvoiceLine.Status.ERROR


def test_another_run_that_is_on_comes_first(
    world: World, operator: Client, rung: list[int]
) -> None:
    line = changed_by_hand(world)
    operator.post(f"{LINES}{line.pk}/retry/", headers=HTMX)
    SyncRun.objects.create(period=MAY, state=RunState.RUNNING, heartbeat=timezone.now())

    answer = operator.post(f"{LINES}{line.pk}/retry/{rung[0]}/", headers=HTMX)

    assert "A sync of May 2026 is running already" in answer.headers["HX-Trigger"]
    assert SyncRun.objects.get(pk=rung[0]).state == RunState.DRAFT


# --- Undo ----------------------------------------------------------------------------------------------


def test_undo_of_a_line_leads_to_its_preview_read_anew(
    world: World, operator: Client, rung: list[int], user: User
) -> None:
    line = world.line()
    sync()

    answer = operator.post(f"{LINES}{line.pk}/undo/", headers=HTMX)

    draft = SyncRun.objects.get(pk=rung[0])
    assert answer.headers["HX-Redirect"] == f"/mapping/invoices/runs/{draft.pk}/"
    assert RunScope.from_json(draft.scope) == RunScope(undo=UndoScope(line=line.pk), fresh=True)
    assert (draft.user, draft.state) == (user, RunState.DRAFT)
    assert fresh(line).psa_status == InvoiceLine.Status.SYNCED
    previews.confirm(draft, user=user)
    work(SyncRun.objects.get(pk=draft.pk))
    assert fresh(line).psa_status == InvoiceLine.Status.NOT_SYNCED
    assert world.additions() == []


def test_undo_of_a_run_leads_to_its_preview(
    world: World, operator: Client, rung: list[int]
) -> None:
    world.line()
    world.line()
    done = sync()

    answer = operator.post(f"/mapping/invoices/runs/{done.pk}/undo/")

    draft = SyncRun.objects.get(pk=rung[0])
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/mapping/invoices/runs/{draft.pk}/"
    assert draft.scope["undo"]["run"] == done.pk
    assert draft.operations.count() == 2


def test_what_can_not_be_undone_says_why(world: World, operator: Client, rung: list[int]) -> None:
    line = world.line()
    done = sync()
    undo = run.start_run(period=MAY, scope=RunScope(undo=UndoScope(run=done.pk)), user=None)

    assert "It is not over yet" in refused(operator, f"/mapping/invoices/runs/{undo.pk}/undo/")
    work(undo)
    assert "Nothing of it stands" in refused(operator, f"{LINES}{line.pk}/undo/")
    assert "Nothing of it stands" in refused(operator, f"/mapping/invoices/runs/{done.pk}/undo/")
    assert "An undo isn't undone" in refused(operator, f"/mapping/invoices/runs/{undo.pk}/undo/")
    assert rung == []


def refused(client: Client, path: str) -> str:
    answer = client.post(path, headers=HTMX)
    assert answer.status_code == 204
    return str(answer.headers["HX-Trigger"])
