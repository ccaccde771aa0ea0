"""A whole month, clicked in Chromium: from an empty installation to the Additions in ConnectWise."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from invoices.models import InvoiceLine
from tests.e2e.installation import Installation
from tests.e2e.judge import PLANTED, assert_every_line_is_accounted_for
from tests.e2e.test_commands import mappings

OPTIONS = ".picker-list [role=option]"  # of our pickers, not those of a native select
PATIENCE = 90_000  # milliseconds, for what workers do


@pytest.fixture
def operator(whole: Installation, live_server: LiveServer, page: Page) -> Page:
    """Signed in, with a worker and the beat running."""
    User.objects.create_superuser("operator", password="a-good-password-of-mine")
    whole.start_worker()
    whole.start_beat()
    page.goto(f"{live_server.url}/")
    page.get_by_label("User name").fill("operator")
    page.get_by_label("Password").fill("a-good-password-of-mine")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


def test_a_month_from_an_empty_installation(
    whole: Installation, operator: Page, tmp_path: Path
) -> None:
    _fetch_and_map_an_organization(operator)
    _load_products_and_map_one(operator)
    whole.result("import_mappings", mappings(whole, tmp_path))
    _load_invoices(operator)
    completed = _complete_an_unmapped_row(operator)
    _sync(whole, operator)

    assert_every_line_is_accounted_for(whole)
    completed.refresh_from_db()
    assert completed.psa_status == InvoiceLine.Status.SYNCED
    assert InvoiceLine.objects.filter(error_code__in=PLANTED).exists()
    _see_it_in_connectwise(whole, operator, completed)
    _see_it_in_the_system_logs(operator)


def _fetch_and_map_an_organization(page: Page) -> None:
    page.get_by_role("link", name="Begin with Organizations").click()
    page.locator("main").get_by_role("button", name="Sync Organizations").click()
    expect(page.locator("#grid")).to_contain_text("1–20 of 40", timeout=PATIENCE)
    page.get_by_placeholder("Search organizations").fill("Adventure")
    row = page.locator("#grid tbody tr")
    expect(row).to_have_count(1)
    _choose(page, row, "Adventure Works")
    expect(row).to_contain_text("Mapped")


def _load_products_and_map_one(page: Page) -> None:
    page.get_by_role("link", name="Products").click()
    page.locator(".page-actions").get_by_role("button", name="Load Products").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Load Products").click()
    expect(page.locator("#grid")).to_contain_text("1–20 of ", timeout=PATIENCE)
    row = page.locator("#grid tbody tr").first
    offer = row.locator("td").first.inner_text().strip()
    _choose(page, row, offer[:8])


def _choose(page: Page, row: Locator, text: str) -> None:
    """Opens the row's picker, types, and takes the first match with the keyboard."""
    row.get_by_role("button", name="Click to select").click()
    box = page.locator("#grid tr.is-editing [data-picker]").first
    box.fill(text)
    # The list of before anything was typed may be there already; only a match has marked letters.
    expect(page.locator(OPTIONS).first.locator("mark").first).to_be_visible()
    box.press("Enter")
    page.locator("#grid tr.is-editing").get_by_role("button", name="Save").click()
    expect(page.locator("#grid tr.is-editing")).to_have_count(0)


def _load_invoices(page: Page) -> None:
    page.get_by_role("link", name="Invoices").click()
    page.locator(".page-actions").get_by_role("button", name="Load Invoices").click()
    dialog = page.get_by_role("dialog", name="Load Invoice Lines")
    expect(dialog.get_by_role("button", name="Load")).to_be_disabled()
    dialog.get_by_label(re.compile("Current Month")).check()
    dialog.get_by_role("button", name="Load").click()
    expect(page.locator("main")).to_contain_text(
        re.compile(r"Total invoice lines: \d+"), timeout=PATIENCE
    )


def _complete_an_unmapped_row(page: Page) -> InvoiceLine:
    """Chooses company, "Create new agreement" and product on one line nobody mapped."""
    line = InvoiceLine.objects.filter(is_mapped=False, currency="EUR").earliest("pk")
    page.get_by_placeholder("Search lines").fill(line.organization_name)
    row = page.locator(f"#line-{line.pk}")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Edit mapping").click()
    editing = page.locator(f"#line-{line.pk}.is-editing")
    if line.company_id is None:
        _pick(page, editing, "PSA Organization", "Nordwind")
    _pick(page, editing, "PSA Agreement", "Create new")
    if line.product_id is None:
        _pick(page, editing, "PSA Product", "Microsoft")
    editing.get_by_role("button", name="Save").click()
    expect(page.locator(f"#line-{line.pk}")).to_contain_text("Mapped")
    expect(page.locator(f"#line-{line.pk}.is-editing")).to_have_count(0)
    page.get_by_placeholder("Search lines").fill("")
    line.refresh_from_db()
    assert line.is_mapped
    assert line.create_agreement
    return line


def _pick(page: Page, row: Locator, label: str, text: str) -> None:
    box = row.get_by_role("combobox", name=label)
    box.fill(text)
    expect(page.locator(OPTIONS).first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.locator(OPTIONS)).to_have_count(0)


def _sync(whole: Installation, page: Page) -> None:
    """The run stands still until its page was brought anew."""
    page.get_by_role("button", name="Sync Invoices to PSA").click()
    confirm = page.get_by_role("button", name=re.compile(r"Post \d+ lines"))
    expect(confirm).to_be_enabled(timeout=PATIENCE)
    page.locator("#run-kinds").get_by_role("link", name="Would fail").click()
    expect(page.locator("#grid tbody")).to_contain_text("Product inactive")
    with whole.worker_held():
        confirm.click()
        expect(page.locator("#run-watch")).to_contain_text("In progress")
        page.reload()
        expect(page.locator("#run-watch")).to_contain_text("In progress")
    expect(page.locator("#run-watch")).to_contain_text("Done.", timeout=PATIENCE)
    page.get_by_role("link", name="Back to invoices").click()
    expect(page.get_by_role("button", name="Sync Invoices to PSA")).to_be_enabled()
    expect(page.locator("#grid tbody")).to_contain_text("Synced")


def _see_it_in_connectwise(whole: Installation, page: Page, line: InvoiceLine) -> None:
    page.goto(whole.connectwise.url)
    page.locator("input[type=search], input[name=q]").first.fill(str(line.contract_id))
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("LB-")


def _see_it_in_the_system_logs(page: Page) -> None:
    page.go_back()
    page.go_back()
    page.get_by_role("link", name="System Logs").first.click()
    main = page.locator("main")
    expect(main).to_contain_text("Errors (30d)")
    page.get_by_role("link", name="Error", exact=True).click()
    expect(main.locator("tbody tr")).to_have_count(
        InvoiceLine.objects.filter(psa_status=InvoiceLine.Status.ERROR).count()
    )
    expect(main).to_contain_text("was not posted: Product inactive")
