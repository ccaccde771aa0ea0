"""A line's receipt in Chromium (P37: it links to the Addition): opened by keyboard, undone through the preview, retried over a hand's change."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import previews
from tests.browser.conftest import OPERATOR, SignIn
from tests.factories import make_user
from tests.invoices.sync.conftest import world  # noqa: F401  # a stand-in to post to
from tests.invoices.sync.world import World, fresh, work

Violations = Callable[[Page], list[str]]
Status = InvoiceLine.Status
WORKERS = ("sync", "preview")


@pytest.fixture(autouse=True)
def a_worker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever rings is served in its own thread."""

    def ring(a_run: SyncRun) -> None:
        if a_run.is_draft:
            previews.plan_if_needed(a_run.pk, a_run.epoch)
        else:
            work(a_run)

    for module in WORKERS:
        monkeypatch.setattr(f"invoices.views.{module}.ring", ring)


@pytest.fixture
def administrator(transactional_db: None) -> User:
    return make_user(*OPERATOR, "invoices.undo_sync", username="olivia")


@pytest.fixture
def line(world: World, month: date) -> InvoiceLine:  # noqa: F811
    return world.line(
        period=month,
        invoice_date=month,
        platform_start_date=month,
        platform_end_date=month.replace(day=28),
        offer_name="Backup Pro",
    )


def status(page: Page, line: InvoiceLine) -> Locator:
    return page.locator(f"#status-{line.pk}")


def post(page: Page, line: InvoiceLine) -> None:
    page.locator(f"#sync-{line.pk}").click()
    expect(status(page, line)).to_have_text("Synced")


def open_receipt(page: Page, line: InvoiceLine) -> Locator:
    """By keyboard."""
    status(page, line).press("Enter")  # its focus too: the run's end may just have renewed the row
    panel = page.get_by_role("dialog", name="Backup Pro")
    expect(panel).to_be_visible()
    return panel


def test_the_receipt_opens_by_keyboard_and_is_accessible(
    world: World,  # noqa: F811
    line: InvoiceLine,
    sign_in: SignIn,
    administrator: User,
    violations: Violations,
) -> None:
    page = sign_in(administrator)
    post(page, line)

    panel = open_receipt(page, line)

    expect(panel.get_by_role("heading", name="Backup Pro")).to_be_focused()
    addition = world.addition(line)
    link = panel.get_by_role("link", name=f"Addition {addition['id']}")
    expect(link).to_have_attribute("href", re.compile("openrecord.rails.*recordType=AgreementFV"))
    expect(panel).to_contain_text(addition["serialNumber"])
    expect(panel).to_contain_text("37.50 EUR as it should be")
    expect(panel).to_contain_text("olivia, in run")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(status(page, line)).to_be_focused()


def test_a_line_is_undone_through_its_preview_and_posted_again(
    world: World,  # noqa: F811
    line: InvoiceLine,
    sign_in: SignIn,
    administrator: User,
) -> None:
    page = sign_in(administrator)
    post(page, line)
    (first,) = world.additions()

    open_receipt(page, line).get_by_role("button", name="Undo…").click()
    expect(page.locator("main")).to_contain_text(f"Deletes Addition {first['id']}.")
    assert fresh(line).psa_status == Status.SYNCED
    page.get_by_role("button", name="Take back 1 line").click()
    expect(page.locator("main")).to_contain_text("Taken back")
    assert world.additions() == []
    assert fresh(line).psa_status == Status.NOT_SYNCED

    page.get_by_role("link", name="Back to invoices").first.click()
    expect(status(page, line)).to_have_text("Not Synced")
    expect(open_receipt(page, line)).to_contain_text(f"Taken back: Addition {first['id']} removed")
    page.keyboard.press("Escape")
    post(page, line)
    (again,) = world.additions()
    assert again["serialNumber"] != first["serialNumber"]


def test_retry_shows_what_a_hand_changed_and_writes_over_it(
    world: World,  # noqa: F811
    line: InvoiceLine,
    sign_in: SignIn,
    administrator: User,
    violations: Violations,
) -> None:
    page = sign_in(administrator)
    post(page, line)
    world.store.edit("additions", fresh(line).addition_id, quantity=9)
    InvoiceLine.objects.filter(pk=line.pk).update(psa_status=Status.NOT_SYNCED)
    page.reload()
    page.locator(f"#sync-{line.pk}").click()
    expect(status(page, line)).to_contain_text("Changed in ConnectWise")

    panel = open_receipt(page, line)
    expect(panel).to_contain_text("quantity is 9, not 3")
    panel.get_by_role("button", name="Retry…").click()
    row = panel.get_by_role("group", name="Retry").get_by_role("row", name="Quantity")
    expect(row).to_have_text(re.compile(r"Quantity\s*9\s*3"))
    assert violations(page) == []
    panel.get_by_role("button", name="Write over it").click()

    expect(status(page, line)).to_have_text("Synced")
    expect(panel).to_be_hidden()
    assert world.addition(line)["quantity"] == 3
