"""Bulk Update as an operator does it: tick, card, confirmation, result (P35, P36)."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine, LineEdit, Period
from invoices.months import month_name, months_before
from invoices.services import bulk
from psa_connectwise.models import Agreement, ConnectWiseSettings
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_agreement, make_agreement_type, make_company, make_organization


@pytest.fixture
def annual(transactional_db: None) -> Agreement:
    return make_agreement(name="Annual", company=make_company(name="Acme"))


def button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"^Bulk Update \("))


def tick(page: Page, *lines: InvoiceLine) -> None:
    for line in lines:
        page.locator(f"#line-{line.pk} .tick").check()
    expect(button(page)).to_have_text(f"Bulk Update ({len(lines)})")


def open_card(page: Page) -> Locator:
    button(page).click()
    card = page.get_by_role("dialog", name="Bulk Update")
    expect(card.get_by_label("Charge Start Date")).to_be_focused()
    return card


def confirmation(page: Page) -> Locator:
    return page.locator("#dialog[open]")


def test_p35_bulk_update_is_off_until_a_row_is_ticked(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    first, second = seed(), seed()
    synced = seed(psa_status="synced")
    page = sign_in(operator)
    expect(page.locator(f"#line-{synced.pk} .tick")).to_be_disabled()
    expect(button(page)).to_be_disabled()
    expect(button(page)).to_have_text("Bulk Update (0)")
    tick(page, first, second)
    expect(button(page)).to_be_enabled()
    page.locator(f"#line-{first.pk} .tick").uncheck()
    expect(button(page)).to_have_text("Bulk Update (1)")


def test_p36_dates_and_an_agreement_for_several_lines(
    sign_in: SignIn, operator: User, seed: MakeLine, annual: Agreement, month: date
) -> None:
    lines = [seed(company=annual.company) for _ in range(3)]
    page = sign_in(operator)
    tick(page, *lines[:2])
    card = open_card(page)
    expect(card.get_by_role("button", name="Apply")).to_be_disabled()
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(card).to_be_in_viewport(ratio=1)  # it goes along with its button
    card.get_by_label("Charge End Date").fill(month.replace(day=20).isoformat())
    expect(card.get_by_role("button", name="Apply")).to_be_enabled()
    card.get_by_role("combobox", name="PSA Agreement Name").click()
    page.get_by_role("option", name=re.compile("^Annual")).click()
    card.get_by_role("button", name="Apply").click()
    dialog = confirmation(page)
    expect(dialog).to_contain_text("You are about to update 2 selected invoice lines.")
    expect(dialog.get_by_role("listitem")).to_have_text(
        [f"Charge End Date: {month.replace(day=20)}", "PSA Agreement Name: Annual"]
    )
    dialog.get_by_role("button", name="Confirm").click()
    expect(page.locator(".toast-item")).to_contain_text("2 invoice lines updated")
    expect(card).to_be_hidden()
    row = page.locator(f"#line-{lines[0].pk}")
    expect(row).to_contain_text("Annual")
    expect(row.get_by_text("User Updated")).to_have_count(2)
    expect(button(page)).to_be_focused()
    assert InvoiceLine.objects.filter(agreement=annual, agreement_source="bulk").count() == 2


def test_p36_back_keeps_the_values_and_escape_closes_the_card(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    page = sign_in(operator)
    tick(page, line)
    card = open_card(page)
    start = month.replace(day=3).isoformat()
    card.get_by_label("Charge Start Date").fill(start)
    card.get_by_role("button", name="Apply").click()
    confirmation(page).get_by_role("button", name="Back").click()
    expect(confirmation(page)).to_have_count(0)
    expect(card.get_by_label("Charge Start Date")).to_have_value(start)
    expect(card.get_by_role("button", name="Apply")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(button(page)).to_be_focused()
    assert InvoiceLine.objects.get().version == 1


def test_p36_the_confirmation_does_not_open_when_nothing_would_change(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    page = sign_in(operator)
    tick(page, line)
    card = open_card(page)
    card.get_by_label("Charge Start Date").fill(month.isoformat())
    card.get_by_role("button", name="Apply").click()
    expect(card.get_by_role("alert")).to_contain_text("have these values already")
    expect(confirmation(page)).to_have_count(0)


def test_p36_create_new_agreement_is_offered_and_names_its_type(
    sign_in: SignIn, operator: User, seed: MakeLine, annual: Agreement
) -> None:
    settings = ConnectWiseSettings.load()
    settings.default_agreement_type = make_agreement_type(name="Managed Services")
    settings.save()
    line = seed(company=annual.company)
    page = sign_in(operator)
    tick(page, line)
    card = open_card(page)
    card.get_by_role("combobox", name="PSA Agreement Name").click()
    option = page.get_by_role("option", name=re.compile("Create new agreement"))
    expect(option).to_contain_text("of type Managed Services")
    option.click()
    card.get_by_role("button", name="Apply").click()
    expect(confirmation(page)).to_contain_text("PSA Agreement Name: Create new agreement")
    confirmation(page).get_by_role("button", name="Confirm").click()
    expect(page.locator(f"#line-{line.pk}")).to_contain_text("Create new agreement")
    assert InvoiceLine.objects.get().create_agreement


def test_p36_several_organizations_fail_the_whole_save_and_name_the_customers(
    sign_in: SignIn, operator: User, seed: MakeLine, annual: Agreement, month: date
) -> None:
    contoso = make_organization(name="Contoso")
    lines = [seed(company=annual.company, organization=contoso)]
    lines.append(
        seed(company=make_company(name="Beta"), organization=make_organization(name="Litware"))
    )
    page = sign_in(operator)
    tick(page, *lines)
    card = open_card(page)
    expect(card).to_contain_text("needs one and the same PSA Organization on all selected lines")
    card.get_by_label("Charge End Date").fill(month.replace(day=20).isoformat())
    card.get_by_role("combobox", name="PSA Agreement Name").click()
    page.get_by_role("option", name=re.compile("^Annual")).click()
    card.get_by_role("button", name="Apply").click()
    confirmation(page).get_by_role("button", name="Confirm").click()
    alert = confirmation(page).get_by_role("alert")
    expect(alert).to_contain_text("Nothing was changed")
    expect(alert).to_contain_text("Acme (Contoso); Beta (Litware)")
    assert not InvoiceLine.objects.filter(version=2).exists()


def test_p34_a_line_synced_meanwhile_is_named_and_can_be_left_out(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    good, bad, late = seed(), seed(), seed(charge_start_date=month.replace(day=20))
    page = sign_in(operator)
    tick(page, good, bad, late)
    card = open_card(page)
    end = month.replace(day=9).isoformat()
    card.get_by_label("Charge End Date").fill(end)
    card.get_by_role("button", name="Apply").click()
    expect(confirmation(page)).to_contain_text("update 3 selected invoice lines.")
    InvoiceLine.objects.filter(pk=bad.pk).update(psa_status="synced", version=2)
    confirmation(page).get_by_role("button", name="Confirm").click()
    dialog = confirmation(page)
    expect(dialog.get_by_role("alert")).to_contain_text("2 of 3 selected lines stand in the way")
    for line, reason in (
        (bad, "It was synced"),
        (late, f"The end {end} is before the start {late.charge_start_date}"),
    ):
        named = dialog.get_by_role("listitem").filter(has_text=f"({line.platform_id})")
        expect(named).to_contain_text(reason)
    assert InvoiceLine.objects.get(pk=good.pk).version == 1
    dialog.get_by_role("button", name="Leave these 2 out").click()
    expect(dialog).to_contain_text("update 1 selected invoice line.")
    dialog.get_by_role("button", name="Confirm").click()
    expect(page.locator(f"#line-{good.pk}")).to_contain_text("User Updated")
    assert InvoiceLine.objects.get(pk=bad.pk).version == 2


def test_p35_the_selection_survives_pages_sorts_and_searches_and_ends_with_the_period(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    last = months_before(month, 1)
    Period.objects.create(month=last, complete=True, loaded_at=timezone.now())
    seed(period=last, invoice_date=last)
    for number in range(25):
        seed(vendor_name="Adobe" if number < 22 else "Acronis")
    page = sign_in(operator, "/mapping/invoices/?vendor=Adobe")
    page.get_by_label("Select every row of this page").check()
    expect(button(page)).to_have_text("Bulk Update (20)")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#selection")).to_contain_text("20 selected, 20 not shown")
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_role("button", name="Select all 22 matching").click()
    expect(button(page)).to_have_text("Bulk Update (22)")
    expect(page.locator("#selection")).to_contain_text("22 selected, 20 not shown")
    seed(vendor_name="Adobe")
    page.evaluate("htmx.trigger(document.body, 'linesChanged')")
    expect(page.locator("#showing")).to_contain_text("Showing 23 of 26")
    page.get_by_role("link", name="Charge Type", exact=True).click()
    expect(page.locator("[aria-sort=ascending]")).to_contain_text("Charge Type")
    expect(button(page)).to_have_text("Bulk Update (22)")
    page.goto("/mapping/invoices/?vendor=Acronis")
    expect(page.locator("#selection")).to_contain_text("22 selected, 22 not shown")
    page.get_by_label("Show invoices").select_option(month_name(last))
    expect(page.locator("#showing")).to_contain_text("Showing 0 of 1")
    expect(button(page)).to_be_disabled()
    page.get_by_label("Show invoices").select_option(month_name(month))
    expect(page.locator("#showing")).to_contain_text("Showing 3 of 26")
    expect(button(page)).to_have_text("Bulk Update (0)")


def test_many_lines_are_updated_by_a_worker_while_everyone_sees_it(
    sign_in: SignIn,
    operator: User,
    seed: MakeLine,
    month: date,
    monkeypatch: pytest.MonkeyPatch,
    violations: Callable[[Page], list[str]],
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr("invoices.tasks.bulk.update_lines_in_bulk.delay", lambda _: None)
    lines = [seed(), seed()]
    page = sign_in(operator)
    tick(page, *lines)
    card = open_card(page)
    card.get_by_label("Charge Start Date").fill(month.replace(day=3).isoformat())
    card.get_by_role("button", name="Apply").click()
    confirmation(page).get_by_role("button", name="Confirm").click()
    bar = page.get_by_role("region", name="Bulk Update in progress")
    expect(bar).to_contain_text("Checking 2 lines of")
    expect(bar).to_contain_text("started by olivia")
    assert violations(page) == []
    assert bulk.apply_update(edit_id=LineEdit.objects.get().pk) is not None
    result = page.get_by_role("region", name="Result of Bulk Update")
    expect(result).to_contain_text("2 invoice lines updated: Charge Start Date:")
    expect(page.locator(f"#line-{lines[0].pk}")).to_contain_text("User Updated")
    page.locator("#bulk-progress").get_by_role("button", name="Dismiss").click()
    expect(result).to_have_count(0)


def test_card_confirmation_and_refusal_are_accessible(
    sign_in: SignIn,
    operator: User,
    seed: MakeLine,
    month: date,
    violations: Callable[[Page], list[str]],
) -> None:
    line = seed()
    page = sign_in(operator)
    tick(page, line)
    card = open_card(page)
    assert violations(page) == []
    card.get_by_label("Charge Start Date").fill(month.replace(day=9).isoformat())
    card.get_by_label("Charge End Date").fill(month.replace(day=8).isoformat())
    card.get_by_role("button", name="Apply").click()
    expect(card.get_by_role("alert")).to_contain_text("is before the start")
    expect(card.get_by_label("Charge End Date")).to_be_focused()
    assert violations(page) == []
    card.get_by_label("Charge Start Date").fill(month.replace(day=7).isoformat())
    expect(card.get_by_role("alert")).to_have_count(0)  # what it was about is there no more
    card.get_by_label("Charge End Date").fill("")
    card.get_by_role("button", name="Apply").click()
    expect(confirmation(page).get_by_role("button", name="Confirm")).to_be_visible()
    assert violations(page) == []
    InvoiceLine.objects.update(psa_status="synced")
    confirmation(page).get_by_role("button", name="Confirm").click()
    expect(confirmation(page).get_by_role("alert")).to_be_visible()
    assert violations(page) == []
