"""The grid's keys, columns, widths, views and exports, as an operator uses them."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from mapping.models import GridPreference, SavedView
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_offer, make_organization

ROWS = "#grid tbody tr"


@pytest.fixture
def three(seed: MakeLine) -> list[int]:
    """Lines of Adatum, Beta (synced) and Contoso, in this order."""
    names = (("Adatum", "not_synced"), ("Beta", "synced"), ("Contoso", "not_synced"))
    return [
        seed(organization=make_organization(name=name), psa_status=status).pk
        for name, status in names
    ]


def focused_row(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('tr')?.id || ''"))


def test_the_keyboard_walks_ticks_edits_and_searches(
    sign_in: SignIn, operator: User, three: list[int]
) -> None:
    page = sign_in(operator, path="/mapping/invoices/?sort=organization")
    first, second, third = (f"line-{pk}" for pk in three)
    page.keyboard.press("j")
    assert focused_row(page) == first
    page.keyboard.press("j")
    assert focused_row(page) == second
    page.keyboard.press("ArrowDown")
    assert focused_row(page) == third
    page.keyboard.press("k")
    page.keyboard.press("ArrowUp")
    assert focused_row(page) == first
    page.keyboard.press("Space")
    expect(page.locator(f"#{first} .tick")).to_be_checked()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(f"#{first} .tick")).not_to_be_checked()
    page.keyboard.press("e")
    expect(page.locator("tr.is-editing")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("tr.is-editing")).to_have_count(0)
    expect(page.locator("tr:focus-within")).to_have_id(first)  # a moment after the row is back
    page.keyboard.press("Enter")
    expect(page.locator("tr.is-editing")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("tr.is-editing")).to_have_count(0)
    expect(page.locator("tr:focus-within")).to_have_id(first)
    page.get_by_role("link", name="Offer Name", exact=True).click()
    expect(page.locator("[aria-sort=ascending]")).to_contain_text("Offer Name")
    expect(page.get_by_role("link", name="Offer Name", exact=True)).to_be_focused()
    page.keyboard.press("j")  # the grid is another one now
    assert focused_row(page) == page.locator(ROWS).first.get_attribute("id")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("jek?")
    expect(page.locator("#search")).to_have_value("jek?")


def test_the_keys_are_listed_and_can_be_kept_to_the_grid(
    sign_in: SignIn, operator: User, three: list[int], violations: Callable[[Page], list[str]]
) -> None:
    page = sign_in(operator)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert focused_row(page) == ""
    page.locator(".grid-scroll").focus()
    page.keyboard.press("j")
    assert focused_row(page) != ""


def test_columns_are_chosen_and_kept(
    sign_in: SignIn, operator: User, seed: MakeLine, violations: Callable[[Page], list[str]]
) -> None:
    seed(invoice_number="2026-0815")
    page = sign_in(operator)
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_label("Charge End Date edited here")).to_be_disabled()
    assert violations(page) == []
    page.get_by_label("Invoice Number").check()
    page.get_by_label("Offer ID").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("cell", name="2026-0815")).to_be_visible()
    expect(page.get_by_role("link", name="Offer ID")).to_have_count(0)
    expect(page.locator("#open-columns")).to_be_focused()
    page.reload()
    expect(page.get_by_role("cell", name="2026-0815")).to_be_visible()


def test_a_column_is_dragged_wider_or_widened_by_keys_and_stays_so(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    seed()
    page = sign_in(operator)
    head = page.locator("th[data-key=organization]")
    box = head.locator(".resizer").bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 104, box["y"] + 10)
    with page.expect_response(re.compile("columns/width")):
        page.mouse.up()
    assert GridPreference.objects.get(user=operator).widths == {"organization": 300}
    head.get_by_role("link").focus()
    with page.expect_response(re.compile("columns/width")):
        page.keyboard.press("Shift+ArrowLeft")
    page.reload()
    assert head.evaluate("head => head.offsetWidth") == 284


def test_a_view_is_saved_opened_and_deleted(
    sign_in: SignIn, operator: User, seed: MakeLine, violations: Callable[[Page], list[str]]
) -> None:
    for name in ("Azure Plan", "Azure Stack", "Teams"):
        seed(offer=make_offer(name=name))
    page = sign_in(operator, path="/mapping/invoices/?q=azure&sort=-offer")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill("Azure only")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The view “Azure only” is saved.")).to_be_visible()
    assert violations(page) == []
    page.goto("/mapping/invoices/")
    expect(page.locator(ROWS)).to_have_count(3)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Azure only", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page).to_have_url(re.compile("q=azure"))
    expect(page.locator("#search")).to_have_value("azure")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Delete the view Azure only").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(("label", "kind"), [("CSV", "csv"), ("Excel (XLSX)", "xlsx")])
def test_what_is_shown_is_exported(
    sign_in: SignIn, operator: User, three: list[int], label: str, kind: str
) -> None:
    page = sign_in(operator, path="/mapping/invoices/?status=synced")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=label).click()
    assert download.value.suggested_filename.endswith(f"-filtered.{kind}")
    content = download.value.path().read_bytes()
    assert (
        (b"Beta" in content and b"Adatum" not in content) if kind == "csv" else content[:2] == b"PK"
    )


def test_two_hundred_rows_are_accessible(
    sign_in: SignIn, operator: User, seed: MakeLine, violations: Callable[..., list[str]]
) -> None:
    # axe looks at every cell: the other columns are seen with fewer rows, in every state of them.
    GridPreference.objects.create(
        user=operator, grid="invoices", columns=["organization", "status"]
    )
    organization, offer = make_organization(), make_offer()
    for _ in range(200):
        seed(organization=organization, offer=offer)
    page = sign_in(operator, path="/mapping/invoices/?per_page=200")
    expect(page.locator(ROWS)).to_have_count(200)
    assert violations(page, themes=("light",)) == []


def test_loading_and_failing_are_accessible_and_told(
    sign_in: SignIn, operator: User, three: list[int], violations: Callable[[Page], list[str]]
) -> None:
    page = sign_in(operator)
    page.evaluate("document.getElementById('grid').classList.add('htmx-request')")
    page.evaluate("document.body.classList.add('is-waiting')")
    assert violations(page) == []
    # As htmx tells of an answer that failed; a real one would stand in the console.
    failed = "new CustomEvent('htmx:responseError', {detail: {xhr: {status: 500}}})"
    page.evaluate(f"document.body.dispatchEvent({failed})")
    expect(page.get_by_role("alert")).to_contain_text("Your data is as it was")
    assert violations(page) == []


TOLD = """(told) => {
  for (const [name, id, more] of told) {
    const elt = document.getElementById(id);
    const detail = { elt, xhr: { status: 0 }, ...more };
    elt.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
  return [...document.querySelectorAll(".toast-item p")].map((one) => one.textContent);
}"""


def test_a_server_that_is_away_is_one_notice_until_it_is_back(
    sign_in: SignIn, operator: User, three: list[int]
) -> None:
    page = sign_in(operator)
    away = "The server can't be reached. This page shows what it knew last, and goes on by itself."
    refused = (
        "The server can't be reached. Nothing was changed; check the connection and try again."
    )

    failed: list[list[object]] = [
        ["htmx:sendError", one, {}] for one in ("run", "load-progress", "grid-search")
    ]
    answered = [["htmx:afterRequest", "run", {"successful": True}]]
    assert page.evaluate(TOLD, failed) == [away, refused]  # the search is what a person asked for
    assert page.evaluate(TOLD, answered) == [refused]
