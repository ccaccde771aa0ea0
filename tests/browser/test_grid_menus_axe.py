"""The grid's menus: axe finds nothing wrong with them (P54), and what a quick hand types in them is heard."""

from collections.abc import Callable

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import MakeLine, SignIn

# A hand that is as quick as can be: it types in the task that follows the menu's coming into the page.
TYPE_AT_ONCE = """addEventListener("DOMContentLoaded", () => {
  const hand = new MutationObserver(() => {
    const field = document.querySelector("#filter-popover [name=find]");
    if (!field) return;
    hand.disconnect();
    field.value = "ado";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  hand.observe(document.body, { childList: true, subtree: true });
});"""


def test_the_menus_of_the_grid_are_accessible(
    sign_in: SignIn, operator: User, seed: MakeLine, violations: Callable[[Page], list[str]]
) -> None:
    for vendor in ("Microsoft", "Adobe"):
        seed(vendor_name=vendor)
    page = sign_in(operator)

    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("link", name="CSV")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Views").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Filter Vendor Name").click()
    page.get_by_label("Find a value").fill("ado")
    expect(page.locator("#filter-values .filter-value")).to_have_count(1)
    assert violations(page) == []
    page.get_by_label("Find a value").fill("nobody")
    expect(page.locator("#filter-values")).to_contain_text("No value contains “nobody”.")
    assert violations(page) == []


def test_what_is_typed_as_a_menu_comes_is_looked_for(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    for vendor in ("Microsoft", "Adobe"):
        seed(vendor_name=vendor)
    page = sign_in(operator)
    page.add_init_script(TYPE_AT_ONCE)
    page.reload()

    page.get_by_role("button", name="Filter Vendor Name").click()

    expect(page.locator("#filter-values .filter-value")).to_have_text(["Adobe1"])
