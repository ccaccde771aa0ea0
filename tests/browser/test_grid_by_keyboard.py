"""A whole small task without a mouse (P54): find a customer's lines, mend one, give it to the others, update all, preview."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from invoices.models import InvoiceLine
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_agreement, make_company, make_organization, make_product

ROWS = "#grid tbody tr"


@pytest.fixture(autouse=True)
def unheard_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoices.views.sync.ring", lambda run: None)


@pytest.fixture
def customers(seed: MakeLine) -> list[InvoiceLine]:
    """Three lines of Nordwind, which nobody has mapped, and one of somebody else."""
    make_agreement(company=make_company(name="Nord Ltd"), name="Managed Cloud")
    nordwind = make_organization(name="Nordwind")
    mine = [
        seed(organization=nordwind, contract_id=contract, product=make_product())
        for contract in ("C-1", "C-1", "C-2")
    ]
    seed(organization=make_organization(name="Contoso"))
    return mine


def tab_to(page: Page, label: str) -> None:
    """A date has several stops of its own."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == label:
            return
    raise AssertionError(f"Tab doesn't lead to {label}")


def pick(page: Page, label: str, typed: str) -> None:
    tab_to(page, label)
    page.keyboard.type(typed)
    expect(page.get_by_role("listbox", name=label).get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")


def test_a_small_task_by_keyboard_alone(
    sign_in: SignIn, operator: User, customers: list[InvoiceLine], month: date
) -> None:
    page = sign_in(operator, path="/mapping/invoices/?sort=contract")
    pencil = page.locator(f"#edit-{customers[0].pk}")

    page.keyboard.press("/")
    page.keyboard.type("nordw")
    expect(page.locator(ROWS)).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(page.locator(ROWS).first.locator(".tick")).to_be_focused()

    page.keyboard.press("e")
    expect(page.get_by_label("Charge Start Date", exact=True)).to_be_focused()
    page.keyboard.type(f"{month.replace(day=2):%m%d%Y}")
    pick(page, "PSA Organization", "nord")
    pick(page, "PSA Agreement", "managed")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS).first).to_contain_text("Mapped")
    expect(pencil).to_be_focused()

    expect(page.locator("#offer")).to_contain_text("2 other unsynced lines")
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    expect(page.locator(".toast-item")).to_contain_text("2 other lines have now")
    expect(pencil).to_be_focused()  # where it was before

    update_three_from_here(page, month.replace(day=3))

    page.keyboard.press("j")
    expect(page.locator(ROWS).nth(2).locator(".tick")).to_be_focused()  # where it was, again
    page.keyboard.press("s")
    expect(page.locator("#run-watch")).to_contain_text("Planning…")


def update_three_from_here(page: Page, start: date) -> None:
    """Ticked by Space and by Shift and Space, given a start date, confirmed."""
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (1)")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+Space")
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (3)")
    page.keyboard.press("b")
    expect(page.locator("#bulk-charge_start_date")).to_be_focused()
    page.keyboard.type(f"{start:%m%d%Y}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Confirm")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 invoice lines updated")).to_be_visible()
    expect(page.locator("#bulk-update")).to_be_focused()
    assert InvoiceLine.objects.filter(charge_start_date=start).count() == 3


def test_columns_pages_and_filters_by_keyboard(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    for number in range(25):
        seed(contract_id=f"C-{number:02}")
    page = sign_in(operator, path="/mapping/invoices/?sort=contract")
    page.keyboard.press("a")
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (20)")
    page.keyboard.press("a")
    expect(page.locator("#bulk-update")).to_have_text("Bulk Update (25)")

    page.keyboard.press("n")
    expect(page.locator(".pager-range")).to_have_text("21–25 of 25")
    page.keyboard.press("p")
    expect(page.locator(".pager-range")).to_have_text("1–20 of 25")
    page.keyboard.press("j")
    page.keyboard.press("End")
    expect(page.locator(f"{ROWS}:focus-within [id^=edit-]")).to_be_focused()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")

    page.keyboard.press("f")
    find = page.get_by_label("Find a value")
    expect(find).to_be_focused()
    values = page.locator("#filter-values input")
    page.keyboard.press("ArrowDown")
    expect(values.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(find).to_be_focused()
    page.keyboard.type("C-1")
    expect(values).to_have_count(10)
    page.keyboard.press("Enter")  # several: the first of them
    expect(values.first).to_be_focused()
    find.fill("C-17")
    expect(values).to_have_count(1)
    page.keyboard.press("Enter")  # the one that was found
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.get_by_role("link", name="Remove the filter Contract ID: C-17")).to_be_visible()
