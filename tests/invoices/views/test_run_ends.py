"""Subscriptions that are gone, as a preview lists them: pages, ticks, and what the button then says (P49)."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoices.models import Operation, SyncRun
from invoices.queries import ends
from invoices.sync import previews
from tests.factories import make_user
from tests.invoices.views.runs_world import add_end, begun, mapped_line, preview

pytestmark = pytest.mark.usefixtures("seller")
RUNS = "/mapping/invoices/runs/"


@pytest.fixture
def draft(db: None, seller: None) -> SyncRun:
    """One line to post, beside what ends."""
    mapped_line()
    return preview()


def text_of(client: Client, address: str) -> str:
    return client.get(f"{RUNS}{address}").content.decode()


def tick(client: Client, draft: SyncRun, **values: object) -> str:
    url = f"{RUNS}{draft.pk}/ends/tick/"
    answer = client.post(url, {"epoch": draft.epoch, **values}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def ticked() -> set[int]:
    return set(Operation.objects.filter(ticked=True).values_list("pk", flat=True))


def test_they_are_listed_with_what_they_bill_and_unticked(operator: Client, draft: SyncRun) -> None:
    end = add_end(draft)

    text = text_of(operator, f"{draft.pk}/")

    assert "1 subscription no longer invoiced" in text
    assert f'id="end-{end.pk}" name="ticked" value="yes" autocomplete="off" hx-post' in text
    assert "Gone Ltd" in text
    assert "20.00" in text  # what it bills
    assert "Post 1 line<" in text


def test_what_they_bill_is_rounded_as_on_an_invoice(operator: Client, draft: SyncRun) -> None:
    end = add_end(draft)
    end.before = (end.before or {}) | {"quantity": "1", "unit_price": "0.125"}
    end.save()

    assert "0.13" in text_of(operator, f"{draft.pk}/")


def test_what_is_ticked_already_stands_on_the_page_and_on_the_button(
    operator: Client, draft: SyncRun
) -> None:
    add_end(draft, ticked=True)

    text = text_of(operator, f"{draft.pk}/")

    assert "checked hx-post" in text
    assert "Post 1 line and end 1<" in text


def test_a_tick_is_kept_and_the_button_says_what_a_yes_would_do(
    operator: Client, draft: SyncRun
) -> None:
    one, _ = add_end(draft), add_end(draft)

    text = tick(operator, draft, row=one.pk, ticked="yes")

    assert ticked() == {one.pk}
    assert "1 ticked" in text
    assert "Post 1 line and end 1<" in text
    assert 'id="confirm" class="btn btn-primary" form="run-form" hx-swap-oob="true"' in text
    assert "Post 1 line<" in tick(operator, draft, row=one.pk)
    assert ticked() == set()


def test_all_are_ticked_at_once_also_those_on_other_pages(
    operator: Client, draft: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "PAGE_SIZE", 2)
    listed = [add_end(draft) for _ in range(5)]

    text = tick(operator, draft, ticked="yes", page=2)

    assert ticked() == {one.pk for one in listed}
    assert "All ticked" in text
    assert "Post 1 line and end 5<" in text
    assert "3–4 of 5" in text
    tick(operator, draft, row=listed[0].pk)
    assert ticked() == {one.pk for one in listed[1:]}
    assert "None ticked" in tick(operator, draft)


def test_every_one_of_many_stands_on_some_page(
    operator: Client, draft: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "PAGE_SIZE", 2)
    listed = [add_end(draft) for _ in range(5)]

    pages = [text_of(operator, f"{draft.pk}/ends/?page={number}") for number in (1, 2, 3)]

    assert all(sum(f'id="end-{one.pk}"' in page for page in pages) == 1 for one in listed)
    assert text_of(operator, f"{draft.pk}/ends/?page=99") == pages[2]
    assert text_of(operator, f"{draft.pk}/ends/?page=x") == pages[0]


def test_ten_more_take_no_more_statements(operator: Client, draft: SyncRun) -> None:
    add_end(draft)
    text_of(operator, f"{draft.pk}/")
    with CaptureQueriesContext(connection) as few:
        text_of(operator, f"{draft.pk}/")
    for _ in range(10):
        add_end(draft)
    with CaptureQueriesContext(connection) as many:
        text_of(operator, f"{draft.pk}/")

    assert len(many) == len(few)


def test_ticks_survive_planning_anew(operator: Client, draft: SyncRun) -> None:
    yes, no = add_end(draft, ticked=True), add_end(draft)

    previews.plan_anew(draft, fresh=False)

    draft.refresh_from_db()
    assert draft.plan["ticks"] == {yes.key: True, no.key: False}


@pytest.mark.parametrize("moved", ["planned anew", "confirmed"])
def test_a_tick_on_what_has_moved_on_shows_the_page_as_it_is_now(
    operator: Client, draft: SyncRun, moved: str
) -> None:
    end = add_end(draft)
    seen = draft.epoch
    if moved == "confirmed":
        begun(draft)
    else:
        SyncRun.objects.filter(pk=draft.pk).update(epoch=seen + 1)

    answer = operator.post(
        f"{RUNS}{draft.pk}/ends/tick/", {"epoch": seen, "row": end.pk, "ticked": "yes"}
    )

    assert (answer.status_code, "runMoved" in answer["HX-Trigger"]) == (204, True)
    assert ticked() == set()


def test_a_row_that_is_no_end_is_not_ticked(operator: Client, draft: SyncRun) -> None:
    line = draft.operations.get()

    for row in (line.pk, "x"):
        answer = operator.post(
            f"{RUNS}{draft.pk}/ends/tick/", {"epoch": draft.epoch, "row": row, "ticked": "yes"}
        )
        assert answer.status_code == 204

    assert ticked() == set()


def test_who_may_not_sync_sees_them_and_ticks_nothing(client: Client, draft: SyncRun) -> None:
    end = add_end(draft)
    client.force_login(make_user())

    text = text_of(client, f"{draft.pk}/ends/")
    answer = client.post(f"{RUNS}{draft.pk}/ends/tick/", {"epoch": draft.epoch, "row": end.pk})

    assert f'id="end-{end.pk}" name="ticked" value="yes" autocomplete="off" disabled' in text
    assert "hx-post" not in text
    assert answer.status_code == 403
    assert ticked() == set()


@pytest.mark.parametrize(("address", "other"), [("ends/", "post"), ("ends/tick/", "get")])
def test_other_methods_unknown_runs_and_strangers_are_refused(
    operator: Client, draft: SyncRun, address: str, other: str
) -> None:
    right = "get" if other == "post" else "post"

    assert getattr(operator, other)(f"{RUNS}{draft.pk}/{address}").status_code == 405
    assert getattr(operator, right)(f"{RUNS}999999/{address}").status_code == 404
    stranger = getattr(Client(), right)(f"{RUNS}{draft.pk}/{address}")
    assert stranger["Location"].startswith("/accounts/login/")
