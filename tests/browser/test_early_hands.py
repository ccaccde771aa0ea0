"""What a quick hand does on a page that shows already, before its scripts run: nothing of it is lost."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import MakeLine, SignIn

Let = Callable[[], None]


@pytest.fixture
def early(sign_in: SignIn, operator: User, seed: MakeLine) -> tuple[Page, Let]:
    """The Invoices tab with two lines, whose scripts are still on the way; and what lets them come."""
    for name in ("Northwind", "Fabrikam"):
        seed(organization_name=name)
    page = sign_in(operator, "/mapping/organizations/")
    late: list[Route] = []
    page.route("**/htmx*.js", lambda route: late.append(route))
    page.get_by_role("link", name="Invoices").click()
    expect(page.get_by_text("Total invoice lines: 2")).to_be_visible()

    def let() -> None:
        assert late
        for route in late:
            route.continue_()

    return page, let


def test_a_button_pressed_twice_opens_its_dialog(early: tuple[Page, Let]) -> None:
    page, let = early
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Load Invoices").dblclick()
    let()
    expect(page.get_by_role("dialog", name="Load Invoice Lines")).to_be_visible()
    assert len([url for url in asked if url.endswith("/load/")]) == 1


def test_a_search_typed_is_looked_for(early: tuple[Page, Let]) -> None:
    page, let = early
    page.get_by_placeholder("Search lines").fill("fabri")
    let()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    expect(page.get_by_placeholder("Search lines")).to_have_value("fabri")


def test_a_menu_opens_beside_its_button(early: tuple[Page, Let]) -> None:
    page, let = early
    page.get_by_role("button", name="olivia").click()
    let()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_ticked_row_is_counted(early: tuple[Page, Let]) -> None:
    page, let = early
    page.locator("#grid tbody .tick").first.check()
    let()
    expect(page.get_by_role("button", name="Bulk Update (1)")).to_be_enabled()


def test_a_key_is_heard(early: tuple[Page, Let]) -> None:
    page, let = early
    page.keyboard.press("?")
    let()
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
