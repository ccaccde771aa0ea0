"""What hands do in the dialog that loads months, for the tests that load in a browser."""

from playwright.sync_api import Locator, Page


def open_load_dialog(page: Page) -> Locator:
    # A page without any month has a second one, in its middle.
    page.get_by_role("button", name="Load Invoices").first.click()
    return page.get_by_role("dialog", name="Load Invoice Lines")
