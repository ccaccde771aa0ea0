"""A grid that was asked for, and comes when a row is under edit by then: the edit stays, the grid comes after it."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from invoices.models import InvoiceLine
from tests.browser.conftest import MakeLine, SignIn

ROWS = "#grid tbody tr"


@pytest.fixture
def line(seed: MakeLine) -> InvoiceLine:
    """One of two that are shown."""
    seed(offer_name="Adobe")
    return seed(offer_name="Microsoft")


@pytest.fixture
def page(line: InvoiceLine, sign_in: SignIn, operator: User) -> Page:
    return sign_in(operator)


def held(page: Page, url: str) -> list[Route]:
    """The next request for it waits here."""
    routes: list[Route] = []
    page.route(url, lambda route: routes.append(route), times=1)
    return routes


def search(page: Page) -> None:
    """Asks for Adobe's line alone."""
    with page.expect_request("**q=adobe*"):
        page.get_by_placeholder("Search lines").fill("adobe")


def test_what_is_typed_in_a_row_outlives_a_search_that_is_answered_late(
    page: Page, line: InvoiceLine, month: date
) -> None:
    answer = held(page, "**q=adobe*")
    search(page)
    page.locator(f"#edit-{line.pk}").click()
    end = page.locator("tr.is-editing").get_by_label("Charge End Date")
    end.fill(month.replace(day=20).isoformat())

    answer[0].continue_()

    expect(page.locator(".toast-item")).to_contain_text("A row has unsaved changes")
    expect(end).to_have_value(month.replace(day=20).isoformat())
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("Adobe")
    line.refresh_from_db()
    assert line.charge_end_date == month.replace(day=20)


def test_a_row_opens_though_a_search_is_answered_in_between(page: Page, line: InvoiceLine) -> None:
    edit = held(page, "**/edit/")
    page.locator(f"#edit-{line.pk}").click()
    with page.expect_response("**q=adobe*"):
        search(page)

    edit[0].continue_()

    expect(page.locator("tr.is-editing").get_by_label("Charge Start Date")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("Adobe")


def test_a_grid_that_was_read_before_lines_changed_does_not_stay(page: Page) -> None:
    def answer_of_before(route: Route) -> None:
        read = route.fetch()
        InvoiceLine.objects.filter(offer_name="Adobe").update(organization_name="Renamed")
        page.evaluate("document.body.dispatchEvent(new Event('linesChanged'))")
        route.fulfill(response=read)

    page.route("**q=adobe*", answer_of_before, times=1)

    search(page)

    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("Renamed")
