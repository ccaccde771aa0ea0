"""What was saved is offered to the other lines, taken or declined, and what new lines get (P33)."""

from collections.abc import Callable
from datetime import date

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from invoices.models import InvoiceLine
from tests.browser.conftest import MakeLine, SignIn
from tests.browser.row_editing import begin_edit, choose, pencil, row_of
from tests.factories import make_agreement, make_company, make_product
from tests.invoices.loading.fake_platform import FakePlatform, load, make_platform_line


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
