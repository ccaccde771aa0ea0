"""Editing a row in place: by keyboard, with pickers, saved, cancelled, refused at the field (P30, P31, P34, P55)."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from invoices.models import InvoiceLine
from tests.browser.conftest import MakeLine, SignIn
from tests.browser.row_editing import Edited, begin_edit, choose, pencil, row_of
from tests.factories import make_agreement, make_company, make_product


def test_a_row_is_mapped_by_keyboard_alone(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    company = make_company(name="Nordwind Logistik", connectwise_id=4711)
    make_agreement(company=company, name="Managed Cloud")
    product = make_product(name="Microsoft 365 E3")
    line = seed()
    page = sign_in(operator)
    pencil(page, line).focus()
    page.keyboard.press("Enter")
    row = row_of(page, line)
    expect(row.get_by_label("Charge Start Date")).to_be_focused()
    row.get_by_label("Charge Start Date").fill(month.replace(day=2).isoformat())
    choose(page, row, "PSA Organization", "nordwind")
    expect(row.locator("[data-id-of=company]")).to_have_text("4711")
    choose(page, row, "PSA Agreement", "managed")
    choose(page, row, "PSA Product", "365")
    page.keyboard.press("Enter")
    expect(row.get_by_text("Mapped", exact=True)).to_be_visible()
    expect(row).to_contain_text("User Updated")
    expect(pencil(page, line)).to_be_focused()
    expect(page.locator("#totals")).to_contain_text("Mapped: 1")
    line.refresh_from_db()
    assert (line.company, line.product, line.charge_start_date.day) == (company, product, 2)
    assert line.agreement_name == "Managed Cloud"


def test_p30_escape_restores_everything_and_the_focus(edited: Edited, month: date) -> None:
    page, line, row = edited
    row.get_by_label("Charge Start Date").fill(month.replace(day=9).isoformat())
    page.keyboard.press("Escape")
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(row).to_contain_text(month.isoformat())
    expect(pencil(page, line)).to_be_focused()
    assert InvoiceLine.objects.get(pk=line.pk).version == 1


def test_p30_the_red_cross_cancels_too(edited: Edited) -> None:
    page, line, row = edited
    colours = [
        row.get_by_role("button", name=name).evaluate("e => getComputedStyle(e).color")
        for name in ("Save", "Cancel")
    ]
    assert colours == ["rgb(11, 107, 63)", "rgb(179, 35, 42)"]  # green, red
    row.get_by_label("Charge End Date").fill("2020-01-01")
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(row).not_to_contain_text("2020-01-01")
    expect(pencil(page, line)).to_be_focused()
    assert InvoiceLine.objects.get(pk=line.pk).version == 1


def test_the_row_keeps_its_height(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    line = seed()
    page = sign_in(operator)
    before = row_of(page, line).bounding_box()
    after = begin_edit(page, line).bounding_box()
    assert before is not None
    assert after is not None
    assert (after["height"], after["y"]) == (before["height"], before["y"])


def test_p30_click_to_select_opens_that_one_picker(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    product = make_product(name="Azure Plan")
    line = seed()
    page = sign_in(operator)
    page.locator(".grid-scroll").evaluate("box => box.scrollTo(2000, 0)")
    select = row_of(page, line).get_by_role("button", name="Click to select", exact=True)
    select.nth(0).click()
    expect(page.get_by_role("listbox", name="PSA Organization")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(select).to_have_count(2)
    select.nth(1).click()
    expect(page.get_by_role("listbox", name="PSA Product")).to_be_visible()
    page.get_by_role("option", name="Azure Plan").click()
    row_of(page, line).get_by_role("button", name="Save").click()
    expect(row_of(page, line)).to_contain_text("Azure Plan")
    line.refresh_from_db()
    assert (line.product, line.product_source) == (product, "user")


def test_p31_another_organization_clears_the_agreement_and_fills_its_list(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    old, new = make_company(name="Old"), make_company(name="Newcomer")
    agreement = make_agreement(company=old, name="Of the old one")
    make_agreement(company=new, name="Of the newcomer")
    line = seed(company=old, agreement=agreement)
    page = sign_in(operator)
    row = begin_edit(page, line)
    expect(row.get_by_role("combobox", name="PSA Agreement")).to_have_value("Of the old one")
    choose(page, row, "PSA Organization", "newcomer")
    expect(row.get_by_role("combobox", name="PSA Agreement")).to_have_value("")
    row.get_by_role("combobox", name="PSA Agreement").click()
    options = page.get_by_role("listbox", name="PSA Agreement")
    expect(options).to_contain_text("Of the newcomer")
    expect(options).to_contain_text("Create new agreement")
    expect(options).not_to_contain_text("Of the old one")


def test_p31_without_an_organization_there_is_no_agreement_to_choose(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    line = seed()
    page = sign_in(operator)
    expect(begin_edit(page, line).get_by_role("combobox", name="PSA Agreement")).to_be_disabled()


def test_p34_an_end_before_the_start_is_refused_at_the_field(edited: Edited) -> None:
    page, row = edited.page, edited.row
    row.get_by_label("Charge End Date").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("The end 2020-01-01 is before the start")
    expect(row.get_by_label("Charge End Date")).to_be_focused()
    row.get_by_label("Charge End Date").fill("")
    page.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_p55_a_date_is_the_same_day_in_every_time_zone(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date, zone: str
) -> None:
    line = seed()
    page = sign_in(operator, timezone_id=zone)
    row = begin_edit(page, line)
    expect(row.get_by_label("Charge Start Date")).to_have_value(month.isoformat())
    row.get_by_label("Charge End Date").fill(month.replace(day=9).isoformat())
    page.keyboard.press("Enter")
    expect(row).to_contain_text(re.compile(f"{month}.*{month.replace(day=9)}"))
    line.refresh_from_db()
    assert (line.charge_start_date, line.charge_end_date) == (month, month.replace(day=9))
