"""What an open page asks for, the customers' table, and the CSV."""

import codecs
import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from invoices.models import SyncRun
from invoices.sync import previews
from invoices.sync.scope import RunScope
from invoices.views.run_context import signature
from tests.factories import make_organization
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


def watch(client: Client, run: SyncRun, **values: Any) -> Any:
    asked = {"was": signature(run), **values}
    return client.get(f"{RUNS}{run.pk}/watch/", asked, headers={"HX-Request": "true"})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


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

    assert "runMoved" in answer["HX-Trigger"]


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

    assert answer.status_code == 286
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


def rows_of(answer: Any) -> list[dict[str, str]]:
    # With its mark, Excel takes it for UTF-8.
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
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
