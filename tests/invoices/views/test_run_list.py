"""The list of all runs: who, what, how long, what came of it, and the way to undo it (P40, P50)."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoices.models import SyncRun
from tests.factories import make_user
from tests.invoices.views.runs_world import (
    MAY,
    begun,
    mapped_line,
    preview,
    refused_line,
)

pytestmark = pytest.mark.usefixtures("seller")
RUNS = "/mapping/invoices/runs/"
JUNE = date(2026, 6, 1)


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(make_user("invoices.undo_sync"))
    return client


def listed(client: Client, **headers: str) -> str:
    return client.get(RUNS, headers=headers).content.decode()


def test_the_list_is_empty_before_the_first_sync(operator: Client) -> None:
    assert "Nothing has been synced yet" in listed(operator)


def test_the_list_tells_who_what_how_long_and_what_came_of_it(operator: Client, user: User) -> None:
    mapped_line()
    refused_line()
    run = begun(preview(user=user), "finished", outcomes={"done": 1, "error": 1})
    SyncRun.objects.filter(pk=run.pk).update(
        finished_at=run.confirmed_at + timedelta(seconds=200)  # type: ignore[operator]
    )
    SyncRun.objects.create(period=MAY, state="failed", origin="schedule", message="401")
    SyncRun.objects.create(
        period=MAY, state="finished", origin="command", scope={"undo": {"run": 1}}
    )

    text = listed(operator)

    assert f'href="{RUNS}{run.pk}/">Run {run.pk}<' in text
    assert "olivia" in text
    assert "3 min 20 s" in text
    assert "<b>1</b> posted" in text
    assert "<b>1</b> in error" in text
    assert "Undo of run 1" in text
    assert "schedule" in text
    assert "command" in text


def test_the_list_begins_with_the_run_that_began_last_not_with_the_newest_preview(
    operator: Client,
) -> None:
    confirmed_late = preview()
    quick = SyncRun.objects.create(period=MAY, state="finished")
    begun(confirmed_late, "finished", confirmed_at=timezone.now() + timedelta(minutes=1))

    text = listed(operator)

    assert text.index(f">Run {confirmed_late.pk}<") < text.index(f">Run {quick.pk}<")


def test_the_list_over_htmx_is_a_part(operator: Client) -> None:
    text = listed(operator, **{"HX-Request": "true"})

    assert "<html" not in text
    assert 'id="grid"' in text


def test_ten_more_runs_take_no_more_statements(operator: Client) -> None:
    def runs(number: int) -> None:
        for _ in range(number):
            SyncRun.objects.create(period=MAY, state="finished", finished_at=timezone.now())

    runs(1)
    operator.get(RUNS)
    with CaptureQueriesContext(connection) as few:
        operator.get(RUNS)
    runs(10)
    with CaptureQueriesContext(connection) as many:
        operator.get(RUNS)
    assert len(many) == len(few)


def test_the_list_counts_no_rows_of_runs_that_are_over(operator: Client) -> None:
    mapped_line()
    begun(preview(), "finished", outcomes={"done": 10_000})

    with CaptureQueriesContext(connection) as asked:
        text = listed(operator)

    assert "<b>10,000</b> posted" in text
    assert not [one["sql"] for one in asked if "invoices_operation" in one["sql"]]


def test_the_list_counts_the_run_that_is_at_work(operator: Client) -> None:
    mapped_line()
    run = begun(preview())
    run.operations.update(state="done")

    assert "<b>1</b> posted" in listed(operator)


def test_an_administrator_undoes_a_run_from_the_list_by_its_preview(administrator: Client) -> None:
    run = SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})

    text = listed(administrator)

    assert f'hx-post="{RUNS}{run.pk}/undo/"' in text
    assert f'Undo…<span class="visually-hidden"> run {run.pk}</span>' in text


@pytest.mark.parametrize(
    "values",
    [
        {"state": "finished", "outcomes": {"error": 3}},
        {"state": "finished", "outcomes": {"done": 3}, "scope": {"undo": {"run": 1}}},
        {"state": "running"},
        {"state": "draft"},
    ],
)
def test_what_can_not_be_undone_is_not_offered(
    administrator: Client, values: dict[str, object]
) -> None:
    SyncRun.objects.create(period=MAY, **values)

    assert "/undo/" not in listed(administrator)


def test_a_run_that_was_taken_back_leads_to_its_undo_instead(administrator: Client) -> None:
    run = SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})
    scope = {"undo": {"run": run.pk, "line": None, "period": False}}
    in_part = SyncRun.objects.create(
        period=MAY, state="stopped", outcomes={"done": 1, "left": 2}, scope=scope
    )
    assert f'hx-post="{RUNS}{run.pk}/undo/"' in listed(administrator)

    SyncRun.objects.filter(pk=in_part.pk).update(state="finished", outcomes={"done": 3})

    text = listed(administrator)
    assert f'href="{RUNS}{in_part.pk}/">Undone in run {in_part.pk}<' in text
    assert f'hx-post="{RUNS}{run.pk}/undo/"' not in text


def test_a_months_undo_took_back_what_was_posted_before_it_only(administrator: Client) -> None:
    now = timezone.now()
    before, undo, after, other = (
        SyncRun.objects.create(
            period=period, state="finished", outcomes={"done": 3}, scope=scope,
            finished_at=now + timedelta(minutes=minute),
        )
        for minute, period, scope in (
            (0, MAY, {}),
            (1, MAY, {"undo": {"run": None, "line": None, "period": True}}),
            (2, MAY, {}),
            (0, JUNE, {}),
        )
    )  # fmt: skip

    text = listed(administrator)

    assert text.count(f"Undone in run {undo.pk}<") == 1
    assert f'hx-post="{RUNS}{before.pk}/undo/"' not in text
    assert f'hx-post="{RUNS}{after.pk}/undo/"' in text
    assert f'hx-post="{RUNS}{other.pk}/undo/"' in text


def test_an_operator_is_offered_no_undo(operator: Client) -> None:
    SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})

    assert "Undo…" not in listed(operator)


def test_everyone_may_look_at_the_list_and_nobody_posts_to_it(client: Client) -> None:
    assert client.get(RUNS)["Location"].startswith("/accounts/login/")
    client.force_login(make_user())
    assert client.get(RUNS).status_code == 200
    assert client.post(RUNS).status_code == 405
