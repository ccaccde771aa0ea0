"""A run's page in its states: being planned, a preview, at work, over (P39, P40)."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import previews
from invoices.sync.scope import RunScope
from invoices.views.run_context import signature
from tests.factories import make_organization, make_user
from tests.invoices.views.runs_world import (
    MAY,
    add_end,
    begun,
    mapped_line,
    page,
    preview,
    refused_line,
)

pytestmark = pytest.mark.usefixtures("seller")


def test_while_it_is_planned_the_page_says_so_and_asks_again(operator: Client) -> None:
    draft = previews.start_draft(period=MAY, user=None, scope=RunScope())

    text = page(operator, draft)

    assert "Planning…" in text
    assert "every 200ms, nudge" in text or "every 1s, nudge" in text  # more slowly as it takes long
    assert 'id="confirm"' not in text


def test_a_preview_shows_what_would_happen(operator: Client) -> None:
    mapped_line(organization=make_organization(name="Adventure Works"), subscription_name="Backup")
    refused_line()

    text = page(operator, preview())

    assert "Preview · May 2026" in text
    assert (
        "All 2 Mapped lines that are Not Synced or Error, whatever the grid is filtered by." in text
    )
    assert "Adventure Works" in text
    assert "Backup" in text
    assert "Post 1 line<" in text
    assert "Product inactive: Old Backup" in text
    assert "Map the offer" in text
    assert "Showing <b>2</b> of <b>2</b> rows" in text


def test_it_shows_what_would_be_posted_and_earned_per_currency(operator: Client) -> None:
    mapped_line(total_price="100.00", total_cost="80.00", unit_price=100, unit_cost=80)
    draft = preview()
    draft.operations.update(currency="EUR")

    text = page(operator, draft)

    money = text.partition('id="run-money"')[2].partition("</table>")[0]
    cells = re.findall(r">([^<>]+)</(?:td|a)>", money)
    assert cells == ["EUR", "1", "100.00", "80.00", "20.00", "20.0 %"]


def test_it_says_how_many_lines_are_left_out_as_unmapped(operator: Client) -> None:
    mapped_line()
    mapped_line(product=None)

    assert "1 Unmapped line is not part of it" in page(operator, preview())


def test_of_ticked_lines_it_counts_the_unmapped_ones(operator: Client) -> None:
    ticked = mapped_line()
    unmapped = mapped_line(product=None)
    mapped_line(product=None)

    assert "1 Unmapped line is not part of it" in page(operator, preview(ticked, unmapped))


@pytest.mark.parametrize("ticked", [False, True])
def test_with_unmapped_lines_only_it_says_what_is_missing(operator: Client, ticked: bool) -> None:
    unmapped = mapped_line(product=None)

    text = page(operator, preview(unmapped) if ticked else preview())

    assert "Only Mapped lines are posted, and 1 is Unmapped" in text
    assert "Synced already" not in text
    assert "Show Unmapped lines" in text


def test_a_plan_that_could_not_be_made_says_why_and_offers_to_try_again(
    operator: Client,
) -> None:
    draft = previews.start_draft(period=MAY, user=None, scope=RunScope(fresh=True))
    SyncRun.objects.filter(pk=draft.pk).update(state="draft", message="ConnectWise is away.")

    text = page(operator, draft)

    assert "ConnectWise is away. Nothing was sent." in text
    assert "Try again" in text
    assert 'id="confirm"' not in text


def test_it_tells_how_old_what_it_knows_is(operator: Client) -> None:
    mapped_line()
    draft = preview()
    SyncRun.objects.filter(pk=draft.pk).update(known_at=timezone.now() - timedelta(hours=3))

    text = page(operator, draft)

    assert "ConnectWise was last read 3 hours ago; it is read again" in text
    assert "Read again" in text


def test_it_tells_what_changed_since(operator: Client) -> None:
    changed, _ = mapped_line(), mapped_line()
    draft = preview()
    InvoiceLine.objects.filter(pk=changed.pk).update(version=changed.version + 1)
    mapped_line()

    text = page(operator, draft)

    assert "1 line changed since this plan was made." in text
    assert "1 more line could be posted now" in text
    assert "Plan again" in text


def test_of_a_large_plan_that_is_asked_for_once_the_page_is_there(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoices.views.run_context.MOST_AT_ONCE", 0)
    changed = mapped_line()
    draft = preview()
    InvoiceLine.objects.filter(pk=changed.pk).update(version=changed.version + 1)

    assert 'hx-trigger="load, nudge"' in page(operator, draft)
    later = operator.get(
        f"/mapping/invoices/runs/{draft.pk}/watch/", {"was": signature(draft)}
    ).content.decode()
    assert "1 line changed since" in later


def test_while_another_run_is_on_it_can_not_be_confirmed(operator: Client) -> None:
    mapped_line()
    draft = preview()
    SyncRun.objects.create(period=MAY, state="running", heartbeat=timezone.now())

    text = page(operator, draft)

    assert "A sync of May 2026 is running." in text
    assert 'id="confirm" class="btn btn-primary" form="run-form" disabled' in text


def test_with_nothing_to_do_the_button_is_off(operator: Client) -> None:
    text = page(operator, preview())

    assert "Nothing to post" in text
    assert 'form="run-form" disabled' in text


def test_where_everything_would_fail_the_button_says_what_it_does(operator: Client) -> None:
    refused_line()

    assert "Mark 1 line as Error" in page(operator, preview())


def test_an_undo_is_red_and_says_what_it_takes_back(client: Client) -> None:
    client.force_login(make_user("invoices.undo_sync"))
    draft = SyncRun.objects.create(
        period=MAY,
        state="draft",
        scope={"undo": {"run": 7, "line": None, "period": False}},
        planned_at=timezone.now(),
    )
    add_end(draft, state="planned", line=mapped_line(), intent="remove", kind="delete")

    text = page(client, draft)

    assert "Preview of an undo · May 2026" in text
    assert 'class="btn btn-danger" form="run-form"' in text
    assert "Take back 1 line<" in text


@pytest.mark.parametrize(
    ("undo", "told"),
    [
        ({"run": None, "line": 1, "period": False}, "Undo of 1 line."),
        ({"run": None, "line": None, "period": True}, "Undo of the month."),
    ],
)
def test_an_undo_says_of_what_it_is(operator: Client, undo: dict[str, object], told: str) -> None:
    draft = SyncRun.objects.create(
        period=MAY, state="draft", scope={"undo": undo}, planned_at=timezone.now()
    )

    assert told in page(operator, draft)


@pytest.mark.parametrize("undo", [False, True])
def test_who_may_not_change_it_only_looks(client: Client, undo: bool) -> None:
    mapped_line()
    draft = preview()
    right = "invoices.sync_invoices"
    if undo:
        SyncRun.objects.filter(pk=draft.pk).update(scope={"undo": {"run": 1}})
    client.force_login(make_user(*([right] if undo else [])))

    text = page(client, draft)

    assert 'id="confirm"' not in text
    assert "Read again" not in text


def test_at_work_it_shows_how_far_it_is_and_each_outcome(operator: Client) -> None:
    mapped_line()
    run = begun(preview(), total=1)

    text = page(operator, run)

    assert "0 of 1 lines" in text
    assert "every 1s" in text
    assert "To be sent" in text
    assert "Stop</button>" in text


@pytest.mark.parametrize("address", ["", "customers/", "rows.csv"])
def test_an_unknown_run_is_not_found(operator: Client, address: str) -> None:
    assert operator.get(f"/mapping/invoices/runs/999999/{address}").status_code == 404


@pytest.mark.parametrize("address", ["", "watch/", "customers/", "rows.csv"])
def test_other_methods_and_strangers_are_refused(operator: Client, address: str) -> None:
    url = f"/mapping/invoices/runs/{preview().pk}/{address}"

    assert operator.post(url).status_code == 405
    assert Client().get(url)["Location"].startswith("/accounts/login/")
