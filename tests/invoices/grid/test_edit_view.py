"""Inline edit over HTTP: the row as inputs, the save, and every way it is refused."""

import json
import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invoices.models import InvoiceLine, Load
from mapping.models import MappingChange
from tests.factories import make_agreement, make_company, make_line, make_product, make_user

LINE = "/mapping/invoices/lines/{}/"


def edit_path(line: InvoiceLine) -> str:
    return f"{LINE.format(line.pk)}edit/"


def posted(line: InvoiceLine, **values: Any) -> dict[str, Any]:
    """The row's form as it stands, with `values`."""
    return {
        "version": line.version,
        "company": line.company_id or "",
        "agreement": line.agreement_id or "",
        "product": line.product_id or "",
        "charge_start_date": line.charge_start_date.isoformat(),
        "charge_end_date": line.charge_end_date.isoformat() if line.charge_end_date else "",
        **values,
    }


def test_the_pencil_turns_the_row_into_inputs(signed_in: Client, line: InvoiceLine) -> None:
    row = signed_in.get(edit_path(line)).content.decode()
    assert row.count('class="cell-input"') == 5
    assert 'type="date"' in row
    assert 'placeholder="Click to select"' in row
    assert "Choose a PSA Organization first" in row
    assert "<html" not in row


def test_a_click_to_select_opens_that_one_picker(signed_in: Client, line: InvoiceLine) -> None:
    row = signed_in.get(f"{edit_path(line)}?focus=product").content.decode()
    assert row.count("data-open") == 1


def test_saving_answers_with_the_row_and_the_new_totals(
    signed_in: Client, line: InvoiceLine
) -> None:
    company, product = make_company(), make_product()
    values = posted(line, company=company.pk, product=product.pk, agreement="new")
    response = signed_in.post(edit_path(line), values)
    assert response.status_code == 200
    row = response.content.decode()
    assert f'<tr id="line-{line.pk}" data-version="2"' in row
    assert "Create new agreement" in row
    assert "Mapped: <b>1</b>" in row
    line.refresh_from_db()
    assert (line.company, line.product, line.create_agreement) == (company, product, True)


def test_an_agreement_is_chosen_by_its_number(signed_in: Client, line: InvoiceLine) -> None:
    agreement = make_agreement()
    values = posted(line, company=agreement.company_id, agreement=agreement.pk)
    assert signed_in.post(edit_path(line), values).status_code == 200
    line.refresh_from_db()
    assert line.agreement == agreement


def test_emptying_the_end_returns_it_to_the_automatic_one(signed_in: Client) -> None:
    line = make_line()
    line = make_line(charge_end_date=date(2026, 5, 9), charge_end_date_source="user")
    signed_in.post(edit_path(line), posted(line, charge_end_date=""))
    line.refresh_from_db()
    assert (line.charge_end_date, line.charge_end_date_source) == (date(2026, 5, 31), "none")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"charge_start_date": ""}, "A charge needs a start date."),
        ({"charge_start_date": "0001-01-01"}, "Enter a date from 1900 on."),
        ({"charge_end_date": "9999-12-31"}, "Enter a date before 3000."),
        ({"charge_start_date": "31.5.2026"}, "Enter a date as YYYY-MM-DD."),
        ({"charge_end_date": "2026-04-01"}, "The end 2026-04-01 is before the start 2026-05-01."),
        ({"company": "999999"}, "in ConnectWise&#x27;s directory any more"),
        ({"agreement": "999999"}, "in ConnectWise&#x27;s directory any more"),
        ({"agreement": "1; DROP"}, "in ConnectWise&#x27;s directory any more"),
        ({"agreement": "9" * 19}, "in ConnectWise&#x27;s directory any more"),
        ({"product": "x"}, "in ConnectWise&#x27;s directory any more"),
        ({"agreement": "new"}, "Choose a PSA Organization first."),
    ],
)
def test_a_bad_form_answers_422_with_the_words_under_the_field(
    signed_in: Client, line: InvoiceLine, values: dict[str, str], said: str
) -> None:
    response = signed_in.post(edit_path(line), posted(line, **values))
    assert response.status_code == 422
    row = response.content.decode()
    assert said in row
    assert 'aria-invalid="true"' in row
    line.refresh_from_db()
    assert line.version == 1


def test_what_was_typed_is_kept_beside_the_error(signed_in: Client, line: InvoiceLine) -> None:
    company = make_company(name="Acme")
    values = posted(line, company=company.pk, charge_end_date="2020-01-01")
    row = signed_in.post(edit_path(line), values).content.decode()
    assert 'value="Acme"' in row
    assert 'value="2020-01-01"' in row


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ({"version": 2, "company_name": "By someone"}, "changed since you opened it"),
        ({"psa_status": "synced"}, "it was synced"),
        ({"in_flight": True}, "being sent to ConnectWise"),
    ],
)
def test_a_row_that_moved_on_is_refused_and_shown_fresh(
    signed_in: Client, line: InvoiceLine, meanwhile: dict[str, Any], reason: str
) -> None:
    InvoiceLine.objects.update(**meanwhile)
    response = signed_in.post(edit_path(line), posted(line, charge_start_date="2026-05-02"))
    assert response.status_code == 409
    assert reason in response["HX-Trigger"]
    assert "cell-input" not in response.content.decode()
    line.refresh_from_db()
    assert line.charge_start_date == date(2026, 5, 1)


@pytest.mark.parametrize("values", [{"psa_status": "synced"}, {"in_flight": True}])
def test_a_closed_row_never_turns_into_inputs(signed_in: Client, values: dict[str, Any]) -> None:
    line = make_line(**values)
    response = signed_in.get(edit_path(line))
    assert response.status_code == 409
    assert "cell-input" not in response.content.decode()


def test_cancelling_leads_back_to_the_row(signed_in: Client, line: InvoiceLine) -> None:
    row = signed_in.get(LINE.format(line.pk)).content.decode()
    assert f'<tr id="line-{line.pk}"' in row
    assert "cell-input" not in row


@pytest.mark.parametrize("path", [LINE, f"{LINE}edit/"])
def test_a_line_that_isnt_there_is_not_found(signed_in: Client, path: str) -> None:
    assert signed_in.get(path.format(999_999)).status_code == 404


def test_the_row_alone_is_only_read(signed_in: Client, line: InvoiceLine) -> None:
    assert signed_in.post(LINE.format(line.pk)).status_code == 405
    assert signed_in.delete(edit_path(line)).status_code == 405


def test_only_who_may_edit_lines_edits(viewer: Client, line: InvoiceLine) -> None:
    assert viewer.get(edit_path(line)).status_code == 403
    assert viewer.post(edit_path(line), posted(line)).status_code == 403
    assert viewer.get(LINE.format(line.pk)).status_code == 200


def test_two_users_who_edit_one_row_dont_overwrite_each_other(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    second = Client()
    second.force_login(make_user("invoices.edit_lines"))
    first_form = posted(line, charge_start_date="2026-05-02")
    second_form = posted(line, charge_start_date="2026-05-03")
    assert signed_in.post(edit_path(line), first_form).status_code == 200
    assert second.post(edit_path(line), second_form).status_code == 409
    line.refresh_from_db()
    assert line.charge_start_date == date(2026, 5, 2)


# --- Somebody else was faster: told with who and what, and offered again (P34) -----------------------


def opened_form(client: Client, line: InvoiceLine, **values: Any) -> dict[str, Any]:
    """What a browser posts that opened the row's edit now, and then changed `values`."""
    row = client.get(edit_path(line)).content.decode()
    hidden = {name: _hidden(row, name) for name in ("version", "opened", "was")}
    return {**posted(line, **values), **hidden}


def _hidden(row: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', row)
    assert found is not None
    return unescape(found[1])


def test_who_was_faster_is_named_with_what_they_did_and_mine_is_offered_again(
    signed_in: Client, line: InvoiceLine
) -> None:
    mine = opened_form(signed_in, line, charge_start_date="2026-05-03")
    anna = Client()
    anna.force_login(make_user("invoices.edit_lines", username="anna"))
    anna.post(edit_path(line), posted(line, charge_end_date="2026-05-20"))
    response = signed_in.post(edit_path(line), mine)
    assert response.status_code == 409
    answer = response.content.decode()
    assert "it was changed by anna just now: Charge End Date: 2026-05-20." in answer
    assert "2026-05-20" in answer.split("</tr>")[0]
    offered = re.search(r'hx-vals="([^"]*)"', answer)
    assert offered is not None
    mine_again = {"again": "yes", "charge_start_date": "2026-05-03"}
    assert json.loads(unescape(offered[1])) == mine_again


def test_mine_again_is_on_top_of_what_the_other_did(signed_in: Client, line: InvoiceLine) -> None:
    InvoiceLine.objects.update(charge_end_date=date(2026, 5, 20), version=2)
    row = signed_in.get(f"{edit_path(line)}?again=yes&charge_start_date=2026-05-03").content
    assert b'value="2026-05-03"' in row
    assert b'value="2026-05-20"' in row
    assert b'name="version" value="2"' in row
    assert b'data-touched="yes"' in row


def test_a_synced_row_offers_nothing_again(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    mine = opened_form(signed_in, line, charge_start_date="2026-05-03")
    anna = make_user(first_name="Anna")
    InvoiceLine.objects.update(psa_status="synced", synced_by=anna, synced_at=timezone.now())
    response = signed_in.post(edit_path(line), mine)
    assert "it was synced by Anna just now" in response["HX-Trigger"]
    assert "again" not in response.content.decode()


def test_a_change_of_nothing_is_offered_nothing(signed_in: Client, line: InvoiceLine) -> None:
    mine = opened_form(signed_in, line)
    InvoiceLine.objects.update(version=2)
    answer = signed_in.post(edit_path(line), mine)
    assert "changed since you opened it" in answer["HX-Trigger"]


@pytest.mark.parametrize("was", ["", "[]", "nonsense", '"x"'])
def test_a_form_that_says_nothing_good_about_before_is_refused_all_the_same(
    signed_in: Client, line: InvoiceLine, was: str
) -> None:
    InvoiceLine.objects.update(version=2)
    answer = signed_in.post(edit_path(line), posted(line, was=was, charge_start_date="2026-05-03"))
    assert answer.status_code in (409, 422)
    assert InvoiceLine.objects.get().charge_start_date == date(2026, 5, 1)


def test_a_load_and_a_mapping_are_named_too(signed_in: Client, line: InvoiceLine) -> None:
    mine = opened_form(signed_in, line, charge_start_date="2026-05-03")
    InvoiceLine.objects.update(version=2)
    Load.objects.create(month=line.period, state="done", finished_at=timezone.now())
    told = "the load of May 2026 just now brought new values from the Platform"
    assert told in signed_in.post(edit_path(line), mine).content.decode()
    user = make_user(first_name="Anna")
    after = {"id": 1, "connectwise_id": 2, "name": "Acme"}
    changed = {"kind": "organization", "origin": "picker", "after": after, "lines_affected": 3}
    MappingChange.objects.create(organization=line.organization, user=user, **changed)
    told = "Anna mapped its organization just now to Acme, which filled this row too"
    assert told in signed_in.post(edit_path(line), mine).content.decode()
