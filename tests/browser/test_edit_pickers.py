"""The pickers and dates of a row under edit, by the sentences of the specification (P30–P32, P37)."""

import re
from datetime import date
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine, LineEdit
from invoices.services.lines import update_lines
from mapping.queries.pickers import Option, company_options
from tests.browser.conftest import MakeLine, SignIn
from tests.browser.row_editing import Edited, begin_edit, choose, pencil, row_of
from tests.factories import make_agreement, make_company, make_product

LEFT = "one => one.getBoundingClientRect().left"


def open_picker(page: Page, row: Locator, label: str) -> Locator:
    """Its list, once it has answered; opened as a keyboard does."""
    row.get_by_role("combobox", name=label).focus()
    page.keyboard.press("ArrowDown")
    options = page.get_by_role("listbox", name=label)
    expect(options.get_by_role("option").first).to_be_visible()
    return options


def test_p32_what_was_used_last_comes_first(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    for name in ("Aardvark", "Bear", "Zebra"):
        make_company(name=name)
    first, second = seed(), seed()
    page = sign_in(operator)
    options = open_picker(page, begin_edit(page, first), "PSA Organization")
    expect(options.get_by_role("option").first).to_contain_text("Aardvark")
    page.keyboard.press("Escape")
    choose(page, row_of(page, first), "PSA Organization", "zebra")
    page.keyboard.press("Enter")
    expect(row_of(page, first)).to_contain_text("Zebra")
    options = open_picker(page, begin_edit(page, second), "PSA Organization")
    expect(options.get_by_role("option").first).to_contain_text("Zebra")


def test_p32_its_list_goes_with_its_field(edited: Edited) -> None:
    page, _line, row = edited
    make_company(name="Nordwind")
    options = open_picker(page, row, "PSA Organization")
    field = row.get_by_role("combobox", name="PSA Organization")
    before = field.evaluate(LEFT)

    page.locator(".grid-scroll").evaluate("box => { box.scrollLeft -= 60; }")

    expect(options).to_have_css("left", re.compile(rf"^{int(before) + 60}\b"))
    assert field.evaluate(LEFT) == before + 60


def test_p32_twins_show_their_connectwise_id_and_the_id_follows_the_choice(edited: Edited) -> None:
    page, line, row = edited
    make_company(name="Nordwind", connectwise_id=101, city="Bremen")
    twin = make_company(name="Nordwind", connectwise_id=202, city="Kiel")
    options = open_picker(page, row, "PSA Organization").get_by_role("option")
    expect(options).to_have_text([re.compile("ID 101.*Bremen"), re.compile("ID 202.*Kiel")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row.locator("[data-id-of=company]")).to_have_text("202")
    page.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(row).to_contain_text("202")
    line.refresh_from_db()
    assert line.company == twin


def test_p32_matched_letters_are_marked_and_no_match_says_what_to_do(edited: Edited) -> None:
    page, line, row = edited
    make_product(name="Microsoft 365 E3")
    row.get_by_role("combobox", name="PSA Product").fill("365")
    options = page.get_by_role("listbox", name="PSA Product").get_by_role("option")
    expect(options.locator("mark")).to_have_text("365")
    row.get_by_role("combobox", name="PSA Product").fill("nothing like it")
    expect(options).to_contain_text("Load Products fetches new ones")
    page.keyboard.press("Enter")  # what isn't there can't be chosen
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator("input.cell-input")).to_have_count(0)
    line.refresh_from_db()
    assert line.product is None


def test_escape_closes_the_list_first_and_the_edit_second(edited: Edited) -> None:
    page, line, row = edited
    make_company(name="Acme")
    options = open_picker(page, row, "PSA Organization")
    page.keyboard.press("Escape")
    expect(options).to_be_hidden()
    expect(row.get_by_role("combobox", name="PSA Organization")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(pencil(page, line)).to_be_focused()


def test_p31_closed_agreements_are_shown_and_cant_be_chosen_and_children_name_their_parent(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    company = make_company(name="Acme")
    live = make_agreement(company=company, name="Umbrella")
    make_agreement(company=company, name="Child", parent=live)
    make_agreement(company=company, name="Ended", status="Expired", end_date=date(2025, 1, 31))
    make_agreement(company=company, name="Called off", cancelled=True)
    make_agreement(company=company, name="Asleep", status="Inactive")
    line = seed(company=company)
    page = sign_in(operator)
    options = open_picker(page, begin_edit(page, line), "PSA Agreement").get_by_role("option")
    expect(options).to_have_text(
        [
            re.compile("^Child.*child of Umbrella"),
            re.compile("^Umbrella"),
            re.compile("^Create new agreement"),
            re.compile("^Asleep.*inactive"),
            re.compile("^Called off.*cancelled"),
            re.compile("^Ended.*ended 2025-01-31"),
        ]
    )
    disabled = [options.nth(n).get_attribute("aria-disabled") for n in range(2, 6)]
    assert disabled == ["true"] * 4  # no default Agreement Type, so no new one either
    options.nth(5).click(force=True)
    expect(row_of(page, line).locator("[name=agreement]")).to_have_value("")


def test_p30_an_emptied_end_is_automatic_again_and_a_start_cant_be_emptied(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed(charge_end_date=month.replace(day=9), charge_end_date_source="user")
    page = sign_in(operator)
    row = begin_edit(page, line)
    row.get_by_label("Charge Start Date").fill("")
    row.get_by_label("Charge End Date").fill("")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("alert")).to_have_text("A charge needs a start date.")
    row.get_by_label("Charge Start Date").fill(month.isoformat())
    page.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(row).not_to_contain_text("User Updated")
    line.refresh_from_db()
    assert (line.charge_end_date, line.charge_end_date_source) == (month.replace(day=28), "none")


def test_p30_only_mappings_and_dates_become_inputs_and_the_pencil_turns_blue(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    line = seed()
    page = sign_in(operator)
    before = pencil(page, line).evaluate("e => getComputedStyle(e).color")
    pencil(page, line).hover()
    expect(pencil(page, line)).not_to_have_css("color", before)
    expect(pencil(page, line)).to_have_attribute("title", "Edit mapping")
    row = begin_edit(page, line)
    labels = row.locator("input.cell-input").evaluate_all(
        "inputs => inputs.map(input => input.getAttribute('aria-label'))"
    )
    assert labels == [
        "Charge Start Date",
        "Charge End Date",
        "PSA Organization",
        "PSA Agreement",
        "PSA Product",
    ]


def test_p37_a_synced_row_is_read_only_and_says_where_it_is_changed_now(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    synced = seed(psa_status="synced", addition_id=88)
    page = sign_in(operator)
    row = row_of(page, synced)
    expect(pencil(page, synced)).to_have_count(0)
    expect(row.locator(".tick")).to_be_disabled()
    closed = row.locator("[aria-label*='further changes are made in ConnectWise']")
    expect(closed).to_have_attribute("aria-label", re.compile("Addition 88"))
    closed.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("further changes are made in ConnectWise")


def test_p34_a_row_synced_meanwhile_says_by_whom(
    edited: Edited, operator: User, month: date
) -> None:
    page, row = edited.page, edited.row
    row.get_by_label("Charge Start Date").fill(month.replace(day=3).isoformat())
    InvoiceLine.objects.update(psa_status="synced", synced_by=operator, version=2)
    page.keyboard.press("Enter")
    expect(page.locator(".toast-item")).to_contain_text(
        "it was synced by olivia; further changes are made in ConnectWise"
    )
    expect(row).to_contain_text("Synced")
    expect(page.locator("#offer")).to_be_empty()


def test_p32_enter_that_is_quicker_than_the_answer_takes_the_best_match(edited: Edited) -> None:
    """Typed in one go, with the next field under the fingers before the list is there."""
    page, line, row = edited
    for name in ("Aardvark", "Zebra"):
        make_company(name=name)
    row.get_by_role("combobox", name="PSA Organization").focus()
    page.keyboard.type("zebra")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(row.get_by_role("combobox", name="PSA Organization")).to_have_value("Zebra")
    page.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)
    line.refresh_from_db()
    assert line.company_name == "Zebra"


@pytest.mark.parametrize(
    "keys", [("Enter", "Enter"), ("Enter", "Tab", "Enter"), ("Tab", "Enter")], ids="-".join
)
def test_p32_what_is_saved_before_the_answer_is_what_the_answer_brings(
    edited: Edited,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
) -> None:
    page, line, row = edited
    answered = Event()

    def slowly(**asked: Any) -> list[Option]:
        assert answered.wait(20)
        return company_options(**asked)

    monkeypatch.setattr("mapping.views.pickers.company_options", slowly)
    make_company(name="Zebra")
    row.get_by_role("combobox", name="PSA Organization").focus()
    page.keyboard.type("zebra")
    for key in keys:
        page.keyboard.press(key)
    answered.set()
    expect(row.locator("input.cell-input")).to_have_count(0)
    line.refresh_from_db()
    assert line.company_name == "Zebra"


def test_escape_after_enter_shows_what_the_slow_save_made(
    edited: Edited,
    month: date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, row = edited.page, edited.row
    pressed = Event()

    def slowly(**given: Any) -> LineEdit | None:
        assert pressed.wait(20)
        return update_lines(**given)

    monkeypatch.setattr("invoices.views.edit.update_lines", slowly)
    row.get_by_label("Charge Start Date").fill(month.replace(day=2).isoformat())
    page.keyboard.press("Enter")
    expect(row.locator("form.htmx-request")).to_have_count(1)
    page.keyboard.press("Escape")
    pressed.set()
    expect(row).to_contain_text("User Updated")
    expect(row.get_by_label("Charge Start Date")).to_have_count(0)
