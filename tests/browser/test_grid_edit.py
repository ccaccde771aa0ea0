"""Editing a row in place: by keyboard, with pickers, against others, never losing work."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine
from tests.browser.conftest import OPERATOR, MakeLine, SignIn
from tests.factories import make_agreement, make_company, make_product, make_user
from tests.invoices.loading.fake_platform import FakePlatform, load, make_platform_line


def row_of(page: Page, line: InvoiceLine) -> Locator:
    return page.locator(f"#line-{line.pk}")


def pencil(page: Page, line: InvoiceLine) -> Locator:
    return row_of(page, line).get_by_role("button", name="Edit mapping")


def begin_edit(page: Page, line: InvoiceLine) -> Locator:
    pencil(page, line).click()
    expect(row_of(page, line).get_by_label("Charge Start Date")).to_be_focused()
    return row_of(page, line)


def choose(page: Page, row: Locator, label: str, typed: str) -> None:
    """Types into a picker and takes its best match, by keyboard."""
    box = row.get_by_role("combobox", name=label)
    box.focus()
    page.keyboard.type(typed)
    expect(page.get_by_role("option", name=re.compile(typed, re.IGNORECASE)).first).to_be_visible()
    page.keyboard.press("Enter")
    # What was shown may have answered the letters before: then it is taken with the answer to the last.
    expect(box).to_have_attribute("aria-expanded", "false")


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


def test_p30_escape_restores_everything_and_the_focus(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    page = sign_in(operator)
    row = begin_edit(page, line)
    row.get_by_label("Charge Start Date").fill(month.replace(day=9).isoformat())
    page.keyboard.press("Escape")
    expect(row.locator("input.cell-input")).to_have_count(0)
    expect(row).to_contain_text(month.isoformat())
    expect(pencil(page, line)).to_be_focused()
    assert InvoiceLine.objects.get(pk=line.pk).version == 1


def test_p30_the_red_cross_cancels_too(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    line = seed()
    page = sign_in(operator)
    row = begin_edit(page, line)
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


def test_p34_an_end_before_the_start_is_refused_at_the_field(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    line = seed()
    page = sign_in(operator)
    row = begin_edit(page, line)
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


def test_p34_the_second_of_two_users_is_told_who_and_what_and_keeps_their_work(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    first = sign_in(make_user(*OPERATOR, username="anna", first_name="Anna"))
    second = sign_in(operator)
    begin_edit(first, line)
    begin_edit(second, line)
    theirs, mine = month.replace(day=3).isoformat(), month.replace(day=20).isoformat()
    row_of(first, line).get_by_label("Charge Start Date").fill(theirs)
    first.keyboard.press("Enter")
    expect(row_of(first, line)).to_contain_text(theirs)
    row_of(second, line).get_by_label("Charge End Date").fill(mine)
    second.keyboard.press("Enter")
    offer = second.locator("#offer")
    expect(offer).to_contain_text(
        f"The row was not saved: it was changed by Anna just now: Charge Start Date: {theirs}."
    )
    row = row_of(second, line)
    expect(row).to_contain_text(theirs)
    expect(row).not_to_contain_text(mine)
    offer.get_by_role("button", name="Edit again with your values").click()
    expect(row.get_by_label("Charge Start Date")).to_have_value(theirs)
    expect(row.get_by_label("Charge End Date")).to_have_value(mine)
    expect(offer).to_be_empty()
    row.get_by_label("Charge End Date").focus()
    second.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)
    line.refresh_from_db()
    assert (line.charge_start_date.isoformat(), line.charge_end_date) == (
        theirs,
        date.fromisoformat(mine),
    )


def test_p33_a_saved_value_is_offered_to_the_other_lines(
    sign_in: SignIn, operator: User, seed: MakeLine, violations: Callable[[Page], list[str]]
) -> None:
    company = make_company(name="Acme")
    line = seed()
    others = [seed(organization=line.organization) for _ in range(2)]
    chosen = seed(organization=line.organization, company=make_company(), company_source="user")
    page = sign_in(operator)
    choose(page, begin_edit(page, line), "PSA Organization", "acme")
    page.keyboard.press("Enter")
    offer = page.locator("#offer")
    expect(offer).to_contain_text(
        "2 other unsynced lines of the same customer could take PSA Organization Name: Acme too"
    )
    expect(pencil(page, line)).to_be_focused()
    assert violations(page) == []
    offer.get_by_role("button", name="Apply to 2 other unsynced lines").click()
    expect(page.locator(".toast-item")).to_contain_text("2 other lines have now")
    expect(row_of(page, others[0])).to_contain_text("Acme")
    expect(offer).to_be_empty()
    assert InvoiceLine.objects.filter(company=company).count() == 3
    chosen.refresh_from_db()
    assert chosen.version == 1


def test_p33_what_was_saved_is_what_new_lines_get_without_a_badge_and_without_dates(
    sign_in: SignIn, operator: User, month: date
) -> None:
    company = make_company(name="Acme")
    make_agreement(company=company, name="Annual")
    make_product(name="Seat")
    platform = FakePlatform().put(make_platform_line(1, invoice_date=month))
    load(platform, month)
    line = InvoiceLine.objects.get()
    page = sign_in(operator)
    row = begin_edit(page, line)
    row.get_by_label("Charge End Date").fill(month.replace(day=9).isoformat())
    choose(page, row, "PSA Organization", "acme")
    choose(page, row, "PSA Agreement", "annual")
    choose(page, row, "PSA Product", "seat")
    page.keyboard.press("Enter")
    expect(row.get_by_text("Mapped", exact=True)).to_be_visible()
    platform.put(make_platform_line(2, invoice_date=month))
    load(platform, month)
    page.reload()
    new = row_of(page, InvoiceLine.objects.get(platform_id="LINE-2"))
    for text in ("Acme", "Annual", "Seat", "Mapped", "2026-05-31"):
        expect(new).to_contain_text(text)
    expect(new.locator(".badge-source")).to_have_count(0)


def test_what_is_offered_can_be_declined_by_escape(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    make_company(name="Acme")
    line = seed()
    seed(organization=line.organization)
    page = sign_in(operator)
    choose(page, begin_edit(page, line), "PSA Organization", "acme")
    page.keyboard.press("Enter")
    offer = page.locator("#offer")
    offer.get_by_role("button", name="Apply to 1 other").focus()
    page.keyboard.press("Escape")
    expect(offer).to_be_empty()
    expect(pencil(page, line)).to_be_focused()
    assert InvoiceLine.objects.filter(company=None).count() == 1


def test_unsaved_work_is_not_taken_away_by_a_sort(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    page = sign_in(operator)
    row = begin_edit(page, line)
    row.get_by_label("Charge End Date").fill(month.replace(day=20).isoformat())
    page.get_by_role("link", name="Charge Type", exact=True).click()
    expect(page.locator(".toast-item")).to_contain_text("unsaved changes")
    expect(row.get_by_label("Charge End Date")).to_have_value(month.replace(day=20).isoformat())


def test_live_rows_come_and_the_row_under_edit_is_left_alone_and_told(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    edited, other = seed(), seed()
    page = sign_in(operator)
    row = begin_edit(page, edited)
    row.get_by_label("Charge End Date").fill("2020-01-09")
    box = page.locator(".grid-scroll")
    scrolled = box.evaluate("box => box.scrollLeft")
    assert scrolled > 0
    InvoiceLine.objects.filter(pk=other.pk).update(psa_status="synced", version=2)
    InvoiceLine.objects.filter(pk=edited.pk).update(psa_status="synced", version=2)
    page.evaluate("htmx.trigger(document.body, 'runTick', {live: true})")
    expect(row_of(page, other)).to_contain_text("Synced")
    expect(row.get_by_role("status")).to_contain_text("It was synced; further changes are made")
    expect(row.get_by_label("Charge End Date")).to_have_value("2020-01-09")
    expect(row.get_by_label("Charge End Date")).to_be_focused()
    assert box.evaluate("box => box.scrollLeft") == scrolled


def test_work_outlives_the_session_and_is_saved_after_signing_in_elsewhere(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    page = sign_in(operator)
    row = begin_edit(page, line)
    row.get_by_label("Charge Start Date").fill(month.replace(day=2).isoformat())
    Session.objects.all().delete()
    notice = page.get_by_text("You are signed out.")
    expect(notice).to_have_count(1)

    page.keyboard.press("Enter")
    # Answered, with the sign-in page: else the Enter below would count as the same press.
    expect(row.locator("form.htmx-request")).to_have_count(0)
    expect(notice).to_have_count(1)
    expect(row.get_by_label("Charge Start Date")).to_be_visible()

    other = Client()
    other.force_login(operator)
    fresh = {"sessionid": other.cookies["sessionid"].value, "csrftoken": "a" * 32}
    root = page.url.partition("/mapping/")[0]
    page.context.add_cookies(
        [{"name": name, "value": value, "url": root} for name, value in fresh.items()]
    )
    expect(notice).to_have_count(0)
    row.get_by_label("Charge Start Date").press("Enter")
    expect(row).to_contain_text("User Updated")
    line.refresh_from_db()
    assert line.charge_start_date == month.replace(day=2)
