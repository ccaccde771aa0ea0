"""Who walks the grid by keyboard stays where they are when the grid is brought anew."""

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from invoices.models import InvoiceLine
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
