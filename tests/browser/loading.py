"""What hands do in the dialog that loads months, for the tests that load in a browser."""

from playwright.sync_api import Locator, Page


def open_load_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Load Invoices").click()
    return page.get_by_role("dialog", name="Load Invoice Lines")
