"""Reading the grid as an operator does: sort, filter, search, page, and the way back."""

import re

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_organization

ROWS = "#grid tbody tr"


def names(page: Page) -> list[str]:
    """The organization names in the order of the rows."""
    return page.locator(f"{ROWS} td:nth-child(3)").all_inner_texts()


def test_a_head_sorts_and_says_so(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        seed(organization=make_organization(name=name))
    page = sign_in(operator)
    page.get_by_role("link", name="Organization Name", exact=True).click()
    expect(page).to_have_url(re.compile("sort=organization"))
    head = page.get_by_role("columnheader", name="Organization Name", exact=True)
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert names(page) == ["alpha", "Beta", "Gamma"]
    expect(head.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names(page) == ["Gamma", "Beta", "alpha"]


def test_a_filter_is_chosen_shown_and_taken_away(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    for vendor in ("Adobe", "Acronis", "Microsoft"):
        seed(vendor_name=vendor)
    page = sign_in(operator)
    page.get_by_role("button", name="Filter Vendor Name").click()
    page.get_by_label("Adobe").check()
    page.get_by_label("Microsoft").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#showing")).to_have_text("Showing 2 of 3 invoice lines")
    expect(page.get_by_role("button", name="Filter Vendor Name (active)")).to_be_visible()
    page.get_by_role("link", name="Remove the filter Vendor Name: Adobe").click()
    expect(page.locator("#showing")).to_have_text("Showing 1 of 3 invoice lines")
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(ROWS)).to_have_count(3)


def test_typing_searches_and_the_state_survives_a_reload_and_the_way_back(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    seed(offer_name="Azure Plan", vendor_name="Microsoft")
    seed(offer_name="Azure Stack", vendor_name="Other")
    seed(offer_name="Teams", vendor_name="Microsoft")
    page = sign_in(operator)
    page.get_by_role("searchbox", name="Search lines").press_sequentially("azure")
    expect(page).to_have_url(re.compile("q=azure"))  # "az" alone finds the same
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.get_by_role("searchbox", name="Search lines")).to_be_focused()
    page.get_by_role("button", name="Filter Vendor Name").click()
    page.get_by_label("Other").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(ROWS)).to_have_count(1)
    page.reload()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#search")).to_have_value("azure")
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator("#search")).to_have_value("azure")


def test_cut_text_and_reasons_are_told_on_hover_and_by_keyboard(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    long = "A name that is far too long for any column of a dense grid of invoice lines"
    seed(organization=make_organization(name=long), psa_status="error", error="Product inactive")
    page = sign_in(operator)
    page.locator(f"{ROWS} td:nth-child(3) .cut").hover()
    expect(page.get_by_role("tooltip")).to_have_text(long)
    page.locator(f"{ROWS} .tick").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tooltip")).to_have_text(long)
    page.locator(".status-button").focus()
    expect(page.get_by_role("tooltip")).to_have_text("Product inactive")
    head = page.get_by_role("link", name="Organization Reference #")
    head.focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.mouse.move(0, 0)
    page.get_by_role("link", name="Contract ID", exact=True).focus()
    head.focus()
    expect(page.get_by_role("tooltip")).to_have_text("Organization Reference #")


def test_the_tip_of_the_focus_outlasts_what_scrolls_under_a_mouse_that_rests(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    seed(psa_status="error", error="Product inactive")
    page = sign_in(operator)
    page.locator(f"{ROWS} td:nth-child(3)").hover()
    page.clock.install()
    page.evaluate(
        "addEventListener('mouseover', ({target}) => { document.title = target.closest('td')?.cellIndex; })"
    )
    page.locator(".status-button").focus()
    expect(page).not_to_have_title("Invoices · Linebridge")
    page.clock.run_for(1000)
    expect(page.get_by_role("tooltip")).to_have_text("Product inactive")


def test_the_theme_is_switched_and_kept(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    seed()
    page = sign_in(operator, color_scheme="light")
    page.get_by_role("button", name="User menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_range_is_ticked_with_shift(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    for _ in range(6):
        seed()
    page = sign_in(operator)
    page.locator(f"{ROWS} .tick").nth(1).click()
    page.locator(f"{ROWS} .tick").nth(4).click(modifiers=["Shift"])
    expect(page.locator("#selection")).to_contain_text("4 selected")
