"""axe finds nothing wrong with the grid, in any of its states, in both themes (P54)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_agreement, make_company, make_product

Violations = Callable[[Page], list[str]]


@pytest.fixture
def some_of_everything(seed: MakeLine) -> None:
    company = make_company()
    mapped = {
        "company": company,
        "agreement": make_agreement(company=company),
        "product": make_product(),
    }
    seed()
    seed(**mapped, charge_start_date_source="user", charge_end_date_source="system")
    seed(**mapped, psa_status="synced", addition_id=7, changed_on_platform=True)
    seed(**mapped, psa_status="error", error="Product inactive in ConnectWise")
    seed(**mapped, psa_status="error", in_flight=True)
    seed(gone=True, create_agreement=True)


@pytest.mark.usefixtures("some_of_everything")
def test_the_grid_is_accessible_in_every_state(
    sign_in: SignIn, operator: User, violations: Violations
) -> None:
    page = sign_in(operator)
    assert violations(page) == []
    page.locator(".tick").first.click()
    page.get_by_role("button", name="Filter Vendor Name").click()
    page.get_by_role("button", name="Apply").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit mapping").first.click()
    row = page.locator("tr.is-editing")
    row.get_by_role("combobox", name="PSA Product").click()
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    row.get_by_label("Charge End Date").fill("2020-01-01")
    page.keyboard.press("Enter")
    page.locator(".cell-error").wait_for()
    assert violations(page) == []


def test_the_empty_states_and_the_dialog_are_accessible(
    sign_in: SignIn, operator: User, violations: Violations
) -> None:
    page = sign_in(operator)
    assert violations(page) == []
    page.get_by_role("button", name="Load Invoices").first.click()
    page.get_by_role("heading", name="Load Invoice Lines").wait_for()
    assert violations(page) == []


@pytest.mark.usefixtures("some_of_everything")
@pytest.mark.parametrize("query", ["?vendor=Nobody", "?q=nowhere", "?status=error"])
def test_what_is_found_or_not_is_accessible(
    sign_in: SignIn, operator: User, violations: Violations, query: str
) -> None:
    page = sign_in(operator, path=f"/mapping/invoices/{query}")
    assert violations(page) == []


@pytest.mark.usefixtures("some_of_everything")
@pytest.mark.parametrize("size", [(1024, 768), (720, 450), (390, 844)])
def test_small_and_zoomed_windows_are_accessible_and_never_scroll_sideways(
    sign_in: SignIn, operator: User, violations: Violations, size: tuple[int, int]
) -> None:
    width, height = size
    page = sign_in(operator, viewport={"width": width, "height": height})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_signing_in_is_accessible(page: Page, live_server: object, violations: Violations) -> None:
    page.goto(f"{live_server}/accounts/login/")
    assert violations(page) == []
