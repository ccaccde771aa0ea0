"""The focus, and the ticks that are on their way, when the grid is brought anew."""

from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from invoices.models import InvoiceLine
from invoices.services.selection import select_lines
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_organization

STANDS = """() => {
    const cell = document.activeElement.closest("td");
    return cell ? [cell.parentElement.id, cell.cellIndex] : [document.activeElement.classList[0], 0];
}"""


def refreshed(page: Page) -> None:
    """As after a load or a bulk update, by anybody."""
    with page.expect_response(lambda answer: "/mapping/invoices/?" in answer.url):
        page.evaluate("htmx.trigger(document.body, 'linesChanged')")
    expect(
        page.locator("#grid.htmx-settling, #grid.htmx-swapping, #grid.htmx-request")
    ).to_have_count(0)


def test_the_focus_stays_on_its_cell_when_the_grid_is_brought_anew(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    lines = [seed(organization=make_organization(name=name)) for name in ("Adatum", "Beta", "Coho")]
    page = sign_in(operator, path="/mapping/invoices/?sort=organization&status=not_synced")
    for key in ("j", "j", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.evaluate(STANDS) == [f"line-{lines[1].pk}", 2]

    InvoiceLine.objects.filter(pk=lines[0].pk).update(psa_status="synced")
    refreshed(page)
    expect(page.locator("#grid tbody tr")).to_have_count(2)
    assert page.evaluate(STANDS) == [f"line-{lines[1].pk}", 2]

    InvoiceLine.objects.filter(pk=lines[1].pk).update(psa_status="synced")
    refreshed(page)
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    assert page.evaluate(STANDS) == ["grid-scroll", 0]
    page.keyboard.press("j")
    assert page.evaluate(STANDS) == [f"line-{lines[2].pk}", 0]


def test_a_quick_sort_or_edit_waits_for_the_tick_before_it(
    sign_in: SignIn, operator: User, seed: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = Event()

    def slowly(**given: Any) -> None:
        assert pressed.wait(20)
        select_lines(**given)

    monkeypatch.setattr("invoices.views.selection.select_lines", slowly)
    line, edited = seed(), seed()
    page = sign_in(operator)

    page.locator(f"#line-{line.pk} .tick").click()
    page.get_by_role("link", name="Charge Type", exact=True).click()
    pressed.set()

    expect(page.locator("[aria-sort=ascending]")).to_contain_text("Charge Type")
    expect(page.locator(f"#line-{line.pk} .tick")).to_be_checked()
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (1)")

    pressed.clear()
    page.locator(f"#line-{edited.pk} .tick").click()
    page.locator(f"#edit-{edited.pk}").click()
    pressed.set()
    expect(page.locator("tr.is-editing .tick")).to_be_checked()
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (2)")
