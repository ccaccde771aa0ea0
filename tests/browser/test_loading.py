"""Loading as an operator does it, in Chromium (P14, P15, P15a, P18)."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from invoices.models import Load
from invoices.months import month_name, month_of, months_before
from tests.browser.loading import open_load_dialog
from tests.factories import make_user
from tests.invoices.loading.fake_platform import FakePlatform, be_the_worker, make_platform_line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def invoices_tab(sign_in: Callable[..., Page], operator: User) -> Page:
    return sign_in(operator)


def lines_of(month: date) -> FakePlatform:
    return FakePlatform().put(
        *(make_platform_line(number, invoice_date=month.replace(day=9)) for number in range(5))
    )


def test_a_month_is_loaded_from_the_empty_page(
    invoices_tab: Page, asked_loads: list[int], violations: Callable[[Page], list[str]]
) -> None:
    page = invoices_tab
    previous = months_before(month_of(timezone.now().date()), 1)
    expect(page.get_by_role("heading", name="No invoice lines yet")).to_be_visible()
    look_into_the_dialog(page)

    dialog = open_load_dialog(page)
    dialog.get_by_role("checkbox", name="Previous Month").check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Load", exact=True).dblclick()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(f"Loading {month_name(previous)}")).to_be_visible()

    expect(dialog).to_be_hidden()  # the second press did nothing
    page.reload()
    page.evaluate("window.notReloaded = true")
    expect(page.get_by_text("Waiting for a worker…")).to_be_visible()
    Load.objects.update(state="running", read=2, total=5, heartbeat=timezone.now())
    expect(page.get_by_text("2 of 5 lines")).to_be_visible()
    assert violations(page) == []
    Load.objects.update(heartbeat=datetime(2020, 1, 1, tzinfo=UTC))

    (load,) = asked_loads
    platform = lines_of(previous)
    be_the_worker(load, platform)
    expect(page.get_by_text(f"{month_name(previous)} loaded: 5 new")).to_be_visible()
    assert violations(page) == []
    chosen = page.get_by_label("Show invoices").locator("option:checked")
    expect(chosen).to_have_text(month_name(previous))
    expect(page.get_by_text("Total invoice lines: 5")).to_be_visible()
    expect(page.get_by_role("button", name="Sync Invoices to PSA")).to_be_enabled()
    assert page.evaluate("window.notReloaded")
    assert page.url.endswith("/mapping/invoices/")
    use_what_lies_over_the_page(page, previous)


def look_into_the_dialog(page: Page) -> None:
    """Its button needs a month, and Cancel loads none."""
    page.locator("#load-first").click()
    dialog = page.get_by_role("dialog", name="Load Invoice Lines")
    expect(dialog).to_be_visible()
    go = dialog.get_by_role("button", name="Load", exact=True)
    expect(go).to_be_disabled()
    dialog.get_by_role("checkbox", name="Current Month").check()
    expect(go).to_be_enabled()
    dialog.get_by_role("checkbox", name="Current Month").uncheck()
    expect(go).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not Load.objects.exists()


def use_what_lies_over_the_page(page: Page, month: date) -> None:
    """It works on the grid that came without a reload, too."""
    page.locator("#tick-page").check()
    page.get_by_role("button", name="Bulk Update (5)").click()
    card = page.get_by_role("dialog", name="Bulk Update")
    card.get_by_label("Charge Start Date").fill(month.isoformat())
    expect(card.get_by_role("button", name="Apply")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.get_by_role("button", name="Filter Offer").first.click()
    expect(page.get_by_role("dialog", name="Filter")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#grid [data-tip]").first.hover()
    expect(page.locator("#tip")).to_be_visible()


def test_everybody_sees_a_load_that_somebody_else_started(
    sign_in: Callable[..., Page], operator: User, month: date
) -> None:
    page = sign_in(make_user())
    Load.objects.create(month=months_before(month, 1), user=operator)
    page.reload()
    expect(page.get_by_text(f"Loading {month_name(months_before(month, 1))}")).to_be_visible()
    expect(page.get_by_text("started by olivia")).to_be_visible()
    assert page.get_by_role("button", name="Load Invoices").count() == 0


def test_the_keyboard_alone_loads_a_month(invoices_tab: Page, asked_loads: list[int]) -> None:
    page = invoices_tab
    opener = page.locator("#load-invoices")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Load Invoice Lines")
    expect(dialog.get_by_role("checkbox", name="Current Month")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("checkbox", name="Current Month")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Waiting for a worker…")).to_be_visible()
    assert len(asked_loads) == 1
