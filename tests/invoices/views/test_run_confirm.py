"""What a person does with a preview: a yes, a second yes, once more, an end for what bills too long."""

from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, InvoiceSettings, Period, SyncRun
from invoices.queries.ends import mark_of
from invoices.sync.states import RunState
from tests.factories import make_agreement, make_user
from tests.invoices.views.runs_world import (
    MAY,
    add_end,
    begun,
    mapped_line,
    preview,
)

pytestmark = pytest.mark.usefixtures("seller", "may", "rung")
Committing = Callable[..., object]


@pytest.fixture
def may(db: None) -> None:
    Period.objects.create(month=MAY, complete=True)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The runs a worker was asked to take up, and in which state."""
    asked: list[tuple[int, str]] = []
    monkeypatch.setattr(
        "invoices.views.preview.ring", lambda run: asked.append((run.pk, run.state))
    )
    return asked


def confirm(client: Client, draft: SyncRun, **values: object) -> object:
    url = f"/mapping/invoices/runs/{draft.pk}/confirm/"
    return client.post(url, {"epoch": draft.epoch, **values}, headers={"HX-Request": "true"})


def test_a_yes_makes_it_the_live_run(
    operator: Client,
    user: User,
    rung: list[tuple[int, str]],
    django_capture_on_commit_callbacks: Committing,
) -> None:
    mapped_line()
    draft = preview()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        answer = confirm(operator, draft)

    draft.refresh_from_db()
    assert (draft.state, draft.user) == (RunState.PLANNING, user)
    assert rung == [(draft.pk, RunState.PLANNING)]
    assert answer["HX-Redirect"] == f"/mapping/invoices/runs/{draft.pk}/"  # type: ignore[index]


def test_what_was_planned_anew_meanwhile_is_looked_at_again(operator: Client) -> None:
    mapped_line()
    draft = preview()

    answer = confirm(operator, draft, epoch=draft.epoch - 1)

    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT
    assert "planned anew meanwhile" in answer["HX-Trigger"]  # type: ignore[index]


def test_while_another_run_is_on_it_waits(operator: Client) -> None:
    mapped_line()
    draft = preview()
    SyncRun.objects.create(period=MAY, state=RunState.RUNNING)

    answer = confirm(operator, draft)

    assert "A sync of May 2026 is running already" in answer["HX-Trigger"]  # type: ignore[index]
    assert "Nothing was sent." in answer["HX-Trigger"]  # type: ignore[index]


def test_what_is_ticked_goes_into_the_run(operator: Client) -> None:
    draft = preview()
    ends = [add_end(draft, ticked=number == 3) for number in range(10)]

    confirm(operator, draft, ends=mark_of([ends[3].key]))

    draft.refresh_from_db()
    assert draft.scope["ends"] == [ends[3].key]
    assert draft.scope["force"] is False


def test_a_yes_is_to_the_ticks_that_were_shown(operator: Client) -> None:
    draft = preview()
    shown, ticked_by_another = add_end(draft, ticked=True), add_end(draft, ticked=True)

    answer = confirm(operator, draft, ends=mark_of([shown.key]))

    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT
    assert "The ticks were changed meanwhile" in answer["HX-Trigger"]  # type: ignore[index]
    assert "runMoved" in answer["HX-Trigger"]  # type: ignore[index]
    assert ticked_by_another.ticked


def test_more_than_the_usual_share_takes_a_second_yes(operator: Client) -> None:
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_share=20)
    mapped_line()
    draft = preview()
    keys = sorted(add_end(draft, ticked=True).key for _ in range(3))
    for _ in range(7):
        add_end(draft)

    asked = confirm(operator, draft, ends=mark_of(keys))

    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT
    assert asked["HX-Retarget"] == "#dialog-body"  # type: ignore[index]
    text = asked.content.decode()  # type: ignore[attr-defined]
    assert "End 3 Additions in ConnectWise?" in text
    assert 'class="btn btn-danger">Post 1 line and end 3<' in text
    confirm(operator, draft, ends=mark_of(keys), force="yes")
    draft.refresh_from_db()
    assert draft.state == RunState.PLANNING
    assert (draft.scope["ends"], draft.scope["force"]) == (keys, True)


@pytest.mark.parametrize(("values", "fresh"), [({}, False), ({"fresh": "yes"}, True)])
def test_it_is_planned_once_more(
    operator: Client,
    rung: list[tuple[int, str]],
    values: dict[str, str],
    fresh: bool,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    draft = preview()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        operator.post(f"/mapping/invoices/runs/{draft.pk}/again/", values)

    before = draft.epoch
    draft.refresh_from_db()
    assert (draft.state, draft.epoch) == (RunState.DRAFTING, before + 1)
    assert draft.scope.get("fresh", False) is fresh
    assert rung == [(draft.pk, RunState.DRAFTING)]


def test_a_run_at_work_is_not_planned_once_more(operator: Client) -> None:
    run = begun(preview())

    operator.post(f"/mapping/invoices/runs/{run.pk}/again/")

    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def annual_line() -> InvoiceLine:
    return mapped_line(billing_cycle="Annual", agreement=make_agreement(billing_cycle="Monthly"))


def test_one_long_cycle_is_ended_after_one_period_and_planned_again(operator: Client) -> None:
    ended, left = annual_line(), annual_line()
    draft = preview()
    row = draft.operations.get(line=ended)
    page = operator.get(f"/mapping/invoices/runs/{draft.pk}/").content.decode()
    assert "2 lines are billed less often than their agreement bills." in page
    assert "End it on 2026-05-31" in page

    operator.post(f"/mapping/invoices/runs/{draft.pk}/end-long/", {"row": row.pk})

    for line in (ended, left):
        line.refresh_from_db()
    assert ended.charge_end_date == date(2026, 5, 31)
    assert ended.charge_end_date_source == "user"
    assert left.charge_end_date_source != "user"
    draft.refresh_from_db()
    assert draft.state == RunState.DRAFTING


def test_all_long_cycles_are_ended_at_once(operator: Client) -> None:
    lines = [annual_line(), annual_line()]
    mapped_line()
    draft = preview()

    operator.post(f"/mapping/invoices/runs/{draft.pk}/end-long/")

    for line in lines:
        line.refresh_from_db()
    assert {line.charge_end_date for line in lines} == {date(2026, 5, 31)}
    assert InvoiceLine.objects.filter(charge_end_date_source="user").count() == 2


def test_a_line_that_changed_meanwhile_is_not_ended(operator: Client) -> None:
    line = annual_line()
    draft = preview()
    InvoiceLine.objects.filter(pk=line.pk).update(version=line.version + 5)

    answer = operator.post(f"/mapping/invoices/runs/{draft.pk}/end-long/")

    assert "Nothing was changed" in answer["HX-Trigger"]
    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT


@pytest.mark.parametrize("address", ["confirm/", "again/", "end-long/"])
@pytest.mark.parametrize("undo", [False, True])
def test_without_the_right_nothing_is_changed(client: Client, address: str, undo: bool) -> None:
    draft = preview()
    if undo:
        SyncRun.objects.filter(pk=draft.pk).update(scope={"undo": {"run": 1}})
    rights = ["invoices.edit_lines", *(["invoices.sync_invoices"] if undo else [])]
    client.force_login(make_user(*rights))

    answer = client.post(f"/mapping/invoices/runs/{draft.pk}/{address}", {"epoch": draft.epoch})

    assert answer.status_code == 403
    draft.refresh_from_db()
    assert draft.state == RunState.DRAFT


@pytest.mark.parametrize("address", ["confirm/", "again/", "end-long/"])
def test_only_a_post_changes_anything(operator: Client, address: str) -> None:
    assert operator.get(f"/mapping/invoices/runs/{preview().pk}/{address}").status_code == 405
    assert operator.post(f"/mapping/invoices/runs/999999/{address}").status_code == 404
