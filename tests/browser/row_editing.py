"""What an operator's hands do to edit a row in place, for the tests that edit one."""

import re
from typing import NamedTuple

from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine


class Edited(NamedTuple):
    page: Page
    line: InvoiceLine
    row: Locator


def row_of(page: Page, line: InvoiceLine) -> Locator:
    return page.locator(f"#line-{line.pk}")


def pencil(page: Page, line: InvoiceLine) -> Locator:
    return row_of(page, line).get_by_role("button", name="Edit mapping")


def begin_edit(page: Page, line: InvoiceLine) -> Locator:
    pencil(page, line).click()
    expect(row_of(page, line).get_by_label("Charge Start Date")).to_be_focused()
    return row_of(page, line)


def choose(page: Page, row: Locator, label: str, typed: str) -> None:
    """Types into a picker and takes its best match, by keyboard."""
    box = row.get_by_role("combobox", name=label)
    box.focus()
    page.keyboard.type(typed)
    expect(page.get_by_role("option", name=re.compile(typed, re.IGNORECASE)).first).to_be_visible()
    page.keyboard.press("Enter")
    # What was shown may have answered the letters before: then it is taken with the answer to the last.
    expect(box).to_have_attribute("aria-expanded", "false")
