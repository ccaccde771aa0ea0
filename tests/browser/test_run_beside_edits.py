"""A run that two people see, each with a half-made edit: rows move, what is being typed does not."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from invoices.models import InvoiceLine, Period
from invoices.sync import lanes, run
from invoices.sync.scope import RunScope
from tests.browser.conftest import OPERATOR, SignIn
from tests.factories import make_user
from tests.invoices.sync.conftest import world
from tests.invoices.sync.world import MAY, World

__all__ = ["world"]
GRID = "/mapping/invoices/?period=2026-05&per_page=50"
# So small that the grid is scrolled both ways.
WINDOW: ViewportSize = {"width": 1100, "height": 620}
STANDS = """() => {
    const box = document.querySelector(".grid-scroll"), input = document.activeElement;
    return {
        left: box.scrollLeft, top: box.scrollTop, page: window.scrollY, edge: box.getBoundingClientRect().top,
        name: input.getAttribute("aria-label"), text: input.value,
        caret: [input.selectionStart, input.selectionEnd],
    };
}"""


@pytest.fixture
def may(transactional_db: None) -> Period:
    return Period.objects.create(month=MAY, complete=True, loaded_at=timezone.now())


def test_a_run_leaves_half_made_edits_alone_and_their_saving_is_judged_by_what_it_did(
    world: World, may: Period, operator: User, sign_in: SignIn
) -> None:
    lines = [world.line() for _ in range(24)]
    sent, left = lines[-1], world.line(agreement=None)
    anna = sign_in(make_user(*OPERATOR, username="anna"), GRID, viewport=WINDOW)
    olivia = sign_in(operator, GRID, viewport=WINDOW)
    typed = world.agreement.name[:-2]
    stood = [half_made(anna, left, typed), half_made(olivia, sent, typed)]
    within = len(typed) - 2
    assert all(one["left"] and one["top"] and one["caret"] == [within] * 2 for one in stood)

    started = run.start_run(period=MAY, scope=RunScope(), user=operator)
    run.plan_if_needed(started.pk, started.epoch)
    for page in (anna, olivia):
        expect(page.locator("#run")).to_contain_text("In progress")
    lanes.work_lane(started.pk, started.epoch, lane=0)

    for page, seen in ((anna, 24), (olivia, 23)):
        expect(page.locator("#grid .badge-status.is-synced")).to_have_count(seen)
        expect(page.locator("#run")).to_contain_text("Done.")
    assert [anna.evaluate(STANDS), olivia.evaluate(STANDS)] == stood
    expect(olivia.locator(f"#line-{sent.pk}-notice")).to_contain_text("It was synced")

    save(anna)
    expect(anna.locator(f"#line-{left.pk}")).to_contain_text("Mapped")
    save(olivia)
    expect(olivia.locator(".toast-item")).to_contain_text("The row was not saved: it was synced")
    expect(olivia.locator(f"#line-{sent.pk} .badge-status.is-synced")).to_be_visible()
    left.refresh_from_db()
    assert left.agreement == world.agreement
    assert InvoiceLine.objects.get(pk=sent.pk).charge_end_date != date(2026, 5, 20)


def half_made(page: Page, line: InvoiceLine, typed: str) -> dict[str, Any]:
    """A date is entered, an agreement half typed; what stands in the page then."""
    page.locator(f"#edit-{line.pk}").click()
    row = page.locator(f"#line-{line.pk}.is-editing")
    row.get_by_label("Charge End Date").fill("2026-05-20")
    box = row.get_by_role("combobox", name="PSA Agreement")
    box.fill(typed)
    expect(page.get_by_role("listbox", name="PSA Agreement")).to_contain_text(typed)
    for _ in range(2):
        box.press("ArrowLeft")
    standing: dict[str, Any] = page.evaluate(STANDS)
    return standing


def save(page: Page) -> None:
    """The best match is taken, then the row is saved."""
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
