"""What an open page asks for, the customers' table, the CSV, and the list of all runs."""

import codecs
import csv
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoices.models import SyncRun
from invoices.sync import previews
from invoices.sync.scope import RunScope
from invoices.views.run_context import signature
from tests.factories import make_organization, make_user
from tests.invoices.views.runs_world import (
    MAY,
    add_end,
    begun,
    mapped_line,
    preview,
    refused_line,
)

pytestmark = pytest.mark.usefixtures("seller")
RUNS = "/mapping/invoices/runs/"
JUNE = date(2026, 6, 1)


def watch(client: Client, run: SyncRun, **values: Any) -> object:
    asked = {"was": signature(run), **values}
    return client.get(f"{RUNS}{run.pk}/watch/", asked, headers={"HX-Request": "true"})


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_while_nothing_moves_only_what_stands_above_is_swapped(operator: Client) -> None:
    mapped_line()
    draft = preview()

    text = text_of(watch(operator, draft))

    assert 'id="run-watch"' in text
    assert 'id="grid"' not in text


def test_once_the_run_has_moved_on_the_page_is_told(operator: Client) -> None:
    draft = previews.start_draft(period=MAY, user=None, scope=RunScope())
    seen = signature(draft)
    previews.plan_if_needed(draft.pk, draft.epoch)

    answer = watch(operator, draft, was=seen)

    assert "runMoved" in answer["HX-Trigger"]  # type: ignore[index]


def test_the_page_then_asks_for_all_of_itself_filters_included(operator: Client) -> None:
    mapped_line()
    refused_line()
    headers = {"HX-Request": "true", "HX-Target": "run-page"}

    answer = operator.get(f"{RUNS}{preview().pk}/?kind=refuse", headers=headers)

    text = text_of(answer)
    assert text.lstrip().startswith('<div id="run-page"')
    assert "Showing <b>1</b> of <b>2</b> rows" in text


def test_a_preview_that_was_dropped_is_asked_for_no_more(operator: Client) -> None:
    draft = preview()
    previews.drop(SyncRun.objects.filter(pk=draft.pk))

    answer = watch(operator, draft)

    assert answer.status_code == 286  # type: ignore[attr-defined]
    assert "no longer kept" in text_of(answer)


def test_at_work_the_shown_rows_are_brought_up_to_date(operator: Client) -> None:
    mapped_line()
    hidden = mapped_line()
    run = begun(preview(), total=2)
    run.operations.update(state="done")
    shown = run.operations.exclude(line=hidden).get()

    text = text_of(watch(operator, run, row=[shown.pk, "x", 999999999]))

    assert f'<span id="outcome-{shown.pk}" hx-swap-oob="true"' in text
    assert text.count("Synced</span>") == 1
    assert "2 of 2 lines" in text


def test_time_left_is_told_once_it_is_known(operator: Client) -> None:
    for _ in range(4):
        mapped_line()
    run = begun(preview(), total=4)
    done = run.operations.first()
    assert done
    with time_machine.travel(timezone.now(), tick=False):
        sent_at = timezone.now() - timedelta(seconds=20)
        run.operations.filter(pk=done.pk).update(state="done", sent_at=sent_at)

        assert "1 min 0 s left" in text_of(watch(operator, run))


def test_customers_are_sorted_by_money_and_lead_to_their_rows(operator: Client) -> None:
    small, large = make_organization(name="Small"), make_organization(name="Large")
    mapped_line(organization=small)
    mapped_line(organization=large, total_price=500, unit_price=500)
    refused_line(organization=large)
    draft = preview()

    down = text_of(operator.get(f"{RUNS}{draft.pk}/customers/"))
    up = text_of(operator.get(f"{RUNS}{draft.pk}/customers/?sort=revenue"))

    assert down.index(">Large<") < down.index(">Small<")
    assert up.index(">Small<") < up.index(">Large<")
    assert f"{RUNS}{draft.pk}/?customer={large.pk}" in down
    assert f"?customer={large.pk}&amp;kind=refuse" in down
    assert "500.00" in down  # what would fail adds nothing
    assert "510.00" not in down


def test_customers_are_counted_by_the_kinds_that_there_are(operator: Client) -> None:
    mapped_line()
    refused_line()

    text = text_of(operator.get(f"{RUNS}{preview().pk}/customers/"))

    assert 'class="num">Create</th>' in text
    assert 'class="num">Would fail</th>' in text
    assert ">Unchanged<" not in text


@pytest.mark.parametrize("sort", ["name", "-name", "rows", "-cost", "-margin", "nonsense"])
def test_every_sort_of_customers_answers(operator: Client, sort: str) -> None:
    mapped_line()
    add_end(preview())

    assert operator.get(f"{RUNS}{preview().pk}/customers/?sort={sort}").status_code == 200


def rows_of(answer: object) -> list[dict[str, str]]:
    # With its mark, Excel takes it for UTF-8.
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(content)))


def test_the_csv_has_the_rows_as_filtered(operator: Client) -> None:
    mapped_line(organization=make_organization(name="=cmd()"), platform_id="LINE-7")
    refused_line()
    draft = preview()

    answer = operator.get(f"{RUNS}{draft.pk}/rows.csv?kind=create")

    (row,) = rows_of(answer)
    assert row["Customer"] == "'=cmd()"
    assert (row["Kind"], row["Line"], row["Revenue"]) == ("Create", "LINE-7", "10.00")
    assert "Quantity: 1" in row["Changes"]
    assert answer["Content-Disposition"] == f'attachment; filename="preview-{draft.pk}-2026-05.csv"'
    whole = operator.get(f"{RUNS}{draft.pk}/rows.csv")
    assert b"".join(whole.streaming_content).startswith(codecs.BOM_UTF8)  # type: ignore[attr-defined]
    assert len(rows_of(operator.get(f"{RUNS}{draft.pk}/rows.csv"))) == 2


def test_the_csv_of_a_run_has_its_outcomes(operator: Client) -> None:
    mapped_line()
    run = begun(preview(), "finished")
    run.operations.update(state="done")

    (row,) = rows_of(operator.get(f"{RUNS}{run.pk}/rows.csv"))

    assert row["Outcome"] == "Synced"


def test_the_list_is_empty_before_the_first_sync(operator: Client) -> None:
    assert "Nothing has been synced yet" in text_of(operator.get(RUNS))


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

    text = text_of(operator.get(RUNS))

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

    text = text_of(operator.get(RUNS))

    assert text.index(f">Run {confirmed_late.pk}<") < text.index(f">Run {quick.pk}<")


def test_the_list_over_htmx_is_a_part(operator: Client) -> None:
    text = text_of(operator.get(RUNS, headers={"HX-Request": "true"}))

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
        text = text_of(operator.get(RUNS))

    assert "<b>10,000</b> posted" in text
    assert not [one["sql"] for one in asked if "invoices_operation" in one["sql"]]


def test_the_list_counts_the_run_that_is_at_work(operator: Client) -> None:
    mapped_line()
    run = begun(preview())
    run.operations.update(state="done")

    assert "<b>1</b> posted" in text_of(operator.get(RUNS))


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(make_user("invoices.undo_sync"))
    return client


def test_an_administrator_undoes_a_run_from_the_list_by_its_preview(administrator: Client) -> None:
    run = SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})

    text = text_of(administrator.get(RUNS))

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

    assert "/undo/" not in text_of(administrator.get(RUNS))


def test_a_run_that_was_taken_back_leads_to_its_undo_instead(administrator: Client) -> None:
    run = SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})
    scope = {"undo": {"run": run.pk, "line": None, "period": False}}
    in_part = SyncRun.objects.create(
        period=MAY, state="stopped", outcomes={"done": 1, "left": 2}, scope=scope
    )
    assert f'hx-post="{RUNS}{run.pk}/undo/"' in text_of(administrator.get(RUNS))

    SyncRun.objects.filter(pk=in_part.pk).update(state="finished", outcomes={"done": 3})

    text = text_of(administrator.get(RUNS))
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

    text = text_of(administrator.get(RUNS))

    assert text.count(f"Undone in run {undo.pk}<") == 1
    assert f'hx-post="{RUNS}{before.pk}/undo/"' not in text
    assert f'hx-post="{RUNS}{after.pk}/undo/"' in text
    assert f'hx-post="{RUNS}{other.pk}/undo/"' in text


def test_an_operator_is_offered_no_undo(operator: Client) -> None:
    SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 3})

    assert "Undo…" not in text_of(operator.get(RUNS))


def test_everyone_may_look_at_the_list_and_nobody_posts_to_it(client: Client) -> None:
    assert client.get(RUNS)["Location"].startswith("/accounts/login/")
    client.force_login(make_user())
    assert client.get(RUNS).status_code == 200
    assert client.post(RUNS).status_code == 405
