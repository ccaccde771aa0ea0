"""Bulk Update over HTTP: its card, the question, the answer, and who may (P36)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, LineEdit
from invoices.services import bulk
from invoices.tasks.bulk import sweep_bulk_updates, update_lines_in_bulk
from tests.factories import make_agreement, make_company, make_line, make_user

BULK = "/mapping/invoices/bulk/"
PERIOD = f"{BULK}?period=2026-05"
TICK = "/mapping/invoices/tick/"


@pytest.fixture
def ticked(signed_in: Client, line: InvoiceLine) -> InvoiceLine:
    signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    return line


@pytest.fixture
def asked(signed_in: Client, ticked: InvoiceLine) -> LineEdit:
    signed_in.post(PERIOD, {"charge_start_date": "2026-05-04"})
    return LineEdit.objects.get()


def confirm_path(edit: LineEdit) -> str:
    return f"{BULK}{edit.pk}/confirm/"


def test_the_card_has_three_fields_and_apply_is_off(signed_in: Client, ticked: InvoiceLine) -> None:
    card = signed_in.get(PERIOD).content.decode()
    for label in ("Charge Start Date", "Charge End Date", "PSA Agreement Name"):
        assert label in card
    assert 'class="btn btn-primary" disabled>Apply' in card
    assert "For the 1 selected invoice line." in card
    assert "<html" not in card


@pytest.mark.parametrize(
    ("companies", "said"),
    [
        (0, "These have none."),
        (2, "These have Company 00, Company 01, and some none."),
        (5, "These have Company 00, Company 01, Company 02 and 2 more, and some none."),
        (25, "These have Company 00, Company 01, Company 02 and others, and some none."),
    ],
)
def test_the_card_tells_whose_the_lines_are_and_no_number_that_was_not_counted(
    signed_in: Client, ticked: InvoiceLine, companies: int, said: str
) -> None:
    names = (f"Company {number:02}" for number in range(companies))
    lines = [make_line(company=make_company(name=name)) for name in names]
    signed_in.post(TICK, {"line": [line.pk for line in lines], "on": "yes"})
    assert said in signed_in.get(PERIOD).content.decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Enter a date or choose an agreement."),
        ({"charge_start_date": "4.5.2026"}, "Enter a date as YYYY-MM-DD."),
        (
            {"charge_start_date": "2026-05-04", "charge_end_date": "2026-05-03"},
            "The end 2026-05-03 is before the start 2026-05-04.",
        ),
        ({"agreement": "99999"}, "in ConnectWise&#x27;s directory any more"),
        ({"agreement": "²"}, "in ConnectWise&#x27;s directory any more"),
        ({"charge_start_date": "2026-05-01"}, "have these values already"),
    ],
)
def test_a_bad_card_answers_422_and_asks_nothing(
    signed_in: Client, ticked: InvoiceLine, values: dict[str, str], said: str
) -> None:
    response = signed_in.post(PERIOD, values)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not LineEdit.objects.exists()


def test_the_question_lists_only_what_changes(signed_in: Client, ticked: InvoiceLine) -> None:
    response = signed_in.post(PERIOD, {"charge_start_date": "2026-05-04"})
    question = response.content.decode()
    assert response["HX-Retarget"] == "#dialog-body"
    assert "You are about to update 1 selected invoice line." in question
    assert "Charge Start Date:</span> <b>2026-05-04</b>" in question
    assert "Charge End Date" not in question
    assert InvoiceLine.objects.get().version == 1


def test_confirm_updates_few_lines_at_once(signed_in: Client, asked: LineEdit) -> None:
    response = signed_in.post(confirm_path(asked))
    events = json.loads(response["HX-Trigger"])
    assert events["toast"]["text"] == "1 invoice line updated: Charge Start Date: 2026-05-04."
    assert {"closeDialog", "closeBulk", "linesChanged"} <= events.keys()
    assert InvoiceLine.objects.get().charge_start_date.day == 4


def test_confirm_leaves_many_lines_to_a_worker(
    signed_in: Client,
    asked: LineEdit,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    monkeypatch.setattr(update_lines_in_bulk, "delay", rung.append)
    with django_capture_on_commit_callbacks(execute=True):
        response = signed_in.post(confirm_path(asked))
    assert "bulkStarted" in response["HX-Trigger"]
    assert rung == [asked.pk]
    sweep_bulk_updates()
    assert rung == [asked.pk, asked.pk]
    bar = signed_in.get(f"{BULK}progress/").content.decode()
    assert "Checking 1 line of May 2026" in bar
    update_lines_in_bulk(asked.pk)
    answer = signed_in.get(f"{BULK}progress/?since=2026-05-18T11:59:00%2B00:00&told=")
    assert "1 invoice line updated" in answer.content.decode()
    assert "linesChanged" in answer["HX-Trigger"]
    again = signed_in.get(f"{BULK}progress/?since=2026-05-18T11:59:00%2B00:00&told={asked.pk}")
    assert "HX-Trigger" not in again


def test_a_refusal_is_shown_whole_and_can_be_seen_later(
    signed_in: Client, asked: LineEdit, line: InvoiceLine
) -> None:
    InvoiceLine.objects.update(psa_status="synced", version=2)
    refusal = signed_in.post(confirm_path(asked)).content.decode()
    assert f"({line.platform_id})" in refusal
    assert "It was synced" in refusal
    assert "Leave it out" not in refusal  # nothing would be left
    later = signed_in.get(f"{BULK}{asked.pk}/refused/").content.decode()
    assert f"({line.platform_id})" in later


def test_leaving_out_what_stood_in_the_way_asks_again(
    signed_in: Client, ticked: InvoiceLine
) -> None:
    bad = make_line()
    signed_in.post(TICK, {"line": [bad.pk], "on": "yes"})
    signed_in.post(PERIOD, {"charge_start_date": "2026-05-04"})
    edit = LineEdit.objects.get()
    InvoiceLine.objects.filter(pk=bad.pk).update(in_flight=True)
    assert "Leave it out" in signed_in.post(confirm_path(edit)).content.decode()
    question = signed_in.post(f"{BULK}{edit.pk}/leave-out/").content.decode()
    assert "update 1 selected invoice line." in question
    InvoiceLine.objects.update(charge_start_date="2026-05-04")
    done = signed_in.post(f"{BULK}{edit.pk}/leave-out/")
    assert "have these values already" in done["HX-Trigger"]


def test_a_confirmation_is_good_once_and_for_who_asked(signed_in: Client, asked: LineEdit) -> None:
    stranger = Client()
    stranger.force_login(make_user("invoices.edit_lines"))
    assert "no longer good" in stranger.post(confirm_path(asked))["HX-Trigger"]
    signed_in.post(confirm_path(asked))
    assert "no longer good" in signed_in.post(confirm_path(asked))["HX-Trigger"]
    assert stranger.post(f"{BULK}{asked.pk}/leave-out/").status_code == 404


def test_the_agreements_are_those_of_the_selected_lines(
    signed_in: Client, operator: User, ticked: InvoiceLine
) -> None:
    path = f"{BULK}agreements/?period=2026-05"
    assert "Choose a PSA Organization first" in signed_in.get(path).content.decode()
    acme, beta = make_company(name="Acme"), make_company(name="Beta")
    InvoiceLine.objects.update(company=acme, company_name="Acme")
    make_agreement(company=acme, name="Annual")
    make_agreement(company=beta, name="Of Beta")
    options = signed_in.get(path).content.decode()
    assert "Annual" in options
    assert "Create new agreement" in options
    assert "Of Beta" not in options
    other = make_line(company=beta)
    signed_in.post(TICK, {"line": [other.pk], "on": "yes"})
    assert "Of Beta" in signed_in.get(path).content.decode()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", BULK),
        ("post", BULK),
        ("get", f"{BULK}agreements/"),
        ("post", f"{BULK}1/confirm/"),
        ("post", f"{BULK}1/leave-out/"),
        ("get", f"{BULK}1/refused/"),
    ],
)
def test_only_who_may_edit_lines_updates_them(
    client: Client, viewer: Client, method: str, path: str
) -> None:
    assert getattr(viewer, method)(path).status_code == 403
    assert getattr(Client(), method)(path).status_code == 302


@pytest.mark.parametrize("path", [BULK, f"{BULK}agreements/"])
def test_without_a_loaded_period_there_is_nothing_to_update(
    client: Client, operator: User, path: str
) -> None:
    client.force_login(operator)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("since", ["x", "2026-05-18", "2026-13-45T00:00"])
def test_the_progress_bears_any_moment(signed_in: Client, since: str) -> None:
    assert signed_in.get(f"{BULK}progress/?since={since}").status_code == 200


def test_wrong_methods_are_refused(signed_in: Client) -> None:
    assert signed_in.get(f"{BULK}1/confirm/").status_code == 405
    assert signed_in.post(f"{BULK}progress/").status_code == 405
