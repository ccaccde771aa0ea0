"""From "Sync Invoices to PSA" to the Additions, in Chromium: preview, fixes, ticks, a yes, the result."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from invoices.models import InvoiceLine, InvoiceSettings, Period, SyncRun
from invoices.sync import previews
from psa_connectwise.models import Agreement
from tests.browser.conftest import OPERATOR, SignIn
from tests.factories import make_agreement, make_user
from tests.invoices.sync.conftest import world
from tests.invoices.sync.world import MAY, World, work
from tests.invoices.views.runs_world import (
    add_end,
    begun,
    known_seller,
    mapped_line,
    preview,
    refused_line,
)

__all__ = ["world"]
GRID, RUNS = "/mapping/invoices/?period=2026-05", "/mapping/invoices/runs/"


@pytest.fixture(autouse=True)
def unheard_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests are the worker: they plan and post when they say so."""
    for view in ("sync", "preview"):
        monkeypatch.setattr(f"invoices.views.{view}.ring", lambda run: None)


@pytest.fixture
def may(transactional_db: None) -> Period:
    return Period.objects.create(month=MAY, complete=True, loaded_at=timezone.now())


def plan() -> SyncRun:
    draft = SyncRun.objects.latest("pk")
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def test_what_is_shown_is_what_is_posted(
    world: World, may: Period, operator: User, sign_in: SignIn
) -> None:
    lines = [world.line(), world.line(subscription_name="Backup Pro")]
    page = sign_in(operator, GRID)

    page.get_by_role("button", name="Sync Invoices to PSA").click()
    expect(page.locator("#run-watch")).to_contain_text("Planning…")
    plan()
    expect(page.get_by_role("button", name="Post 2 lines")).to_be_enabled()
    expect(page.locator("#grid tbody tr")).to_have_count(2)
    expect(page.locator(".run-money")).to_contain_text("75.00")

    page.get_by_role("button", name="Post 2 lines").click()
    expect(page.locator("#run-watch")).to_contain_text("In progress")
    expect(page.locator("#grid tbody tr").first).to_contain_text("To be sent")
    work(SyncRun.objects.get())
    expect(page.locator("#run-watch")).to_contain_text("Done. 2 posted.")
    expect(page.locator("#grid tbody")).to_contain_text("Synced")
    assert len(world.additions()) == len(lines)

    page.get_by_role("link", name="Back to invoices").click()
    page.get_by_role("link", name="All runs").click()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    expect(page.locator("#grid tbody tr")).to_contain_text("2 posted")


def test_a_row_that_changed_is_not_sent_but_shown_again(
    world: World, may: Period, operator: User, sign_in: SignIn
) -> None:
    line = world.line()
    page = sign_in(operator, GRID)
    page.get_by_role("button", name="Sync Invoices to PSA").click()
    expect(page.locator("#run-watch")).to_contain_text("Planning…")
    draft = plan()
    expect(page.get_by_role("button", name="Post 1 line")).to_be_enabled()
    InvoiceLine.objects.filter(pk=line.pk).update(
        quantity=5, total_price="62.50", total_cost="41.25", version=line.version + 1
    )

    page.get_by_role("button", name="Post 1 line").click()
    expect(page.locator("#run-watch")).to_contain_text("In progress")
    work(draft)
    expect(page.locator("#run-watch")).to_contain_text("1 row was not as shown")
    plan()
    page.get_by_role("link", name="Look at it").click()

    expect(page.locator("#run-watch")).to_contain_text("had shown them, so they were not sent")
    expect(page.locator("#grid tbody tr")).to_contain_text("quantity is 5, not 3")
    assert world.additions() == []


def test_a_refusal_is_one_click_from_its_fix(may: Period, operator: User, sign_in: SignIn) -> None:
    known_seller()
    agreement = make_agreement()
    line = mapped_line(agreement=agreement)
    mapped_line()
    Agreement.objects.filter(pk=agreement.pk).update(status="Cancelled", cancelled=True)
    page = sign_in(operator, f"/mapping/invoices/runs/{preview().pk}/")

    page.locator("#run-kinds").get_by_role("link", name="Would fail").click()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("kind=refuse"))
    expect(page.locator("#run-kinds [aria-current]")).to_contain_text("Would fail")
    page.get_by_role("link", name="Choose another agreement").click()

    editing = page.locator(f"#line-{line.pk}.is-editing")
    expect(editing).to_be_visible()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    expect(editing.get_by_role("combobox", name="PSA Agreement")).to_be_focused()
    assert "#" not in page.url


def test_ticks_are_counted_on_the_button_and_many_take_a_second_yes(
    may: Period, operator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoices.queries.ends.PAGE_SIZE", 2)
    known_seller()
    InvoiceSettings.load()
    mapped_line()
    draft = preview()
    for _ in range(3):
        add_end(draft)
    page = sign_in(operator, f"/mapping/invoices/runs/{draft.pk}/")

    page.get_by_role("checkbox", name="Subscription").first.check()
    expect(page.get_by_role("button", name="Post 1 line and end 1")).to_be_enabled()
    everything = page.get_by_role("checkbox", name="All 3")
    expect(everything).to_have_js_property("indeterminate", True)
    everything.focus()
    page.keyboard.press("Space")
    expect(page.locator("#ticks")).to_contain_text("All ticked")
    expect(everything).to_be_focused()
    page.get_by_role("button", name="Next page").first.click()
    expect(page.get_by_role("checkbox", name="Subscription")).to_have_count(1)
    expect(page.get_by_role("checkbox", name="Subscription")).to_be_checked()
    page.get_by_role("button", name="Post 1 line and end 3").click()
    dialog = page.get_by_role("dialog", name="End 3 Additions in ConnectWise?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert SyncRun.objects.get().is_draft

    page.get_by_role("button", name="Post 1 line and end 3").click()
    dialog.get_by_role("button", name="Post 1 line and end 3").click()
    expect(page.locator("#run-watch")).to_contain_text("In progress")
    assert len(SyncRun.objects.get().scope["ends"]) == 3


def test_a_tick_that_could_not_be_kept_is_not_shown_and_a_quick_yes_waits_for_its_ticks(
    may: Period, operator: User, sign_in: SignIn
) -> None:
    known_seller()
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_share=100)
    mapped_line()
    draft = preview()
    for _ in range(3):
        add_end(draft)
    page = sign_in(operator, f"/mapping/invoices/runs/{draft.pk}/")
    boxes = page.get_by_role("checkbox", name="Subscription")

    page.route("**/ends/tick/", lambda route: route.fulfill(status=503))
    boxes.first.click()
    expect(page.get_by_text("The server failed (503)")).to_be_visible()
    expect(boxes.first).not_to_be_checked()
    page.unroute("**/ends/tick/")

    page.get_by_role("checkbox", name="All 3").focus()
    page.keyboard.press("Space")
    page.locator("#confirm").click()
    expect(page.locator("#run-watch")).to_contain_text("In progress")
    assert len(SyncRun.objects.get().scope["ends"]) == 3


def test_another_run_blocks_the_yes_and_leaves_the_ticks(
    may: Period, operator: User, sign_in: SignIn
) -> None:
    known_seller()
    mapped_line()
    draft = preview()
    add_end(draft)
    page = sign_in(operator, f"/mapping/invoices/runs/{draft.pk}/")
    page.get_by_role("checkbox", name="Subscription").check()
    page.evaluate("window.still = 'here'")

    other = SyncRun.objects.create(period=MAY, state="running")
    page.evaluate("window.htmx.trigger('#run-watch', 'nudge')")
    expect(page.locator("#run-watch")).to_contain_text("A sync of May 2026 is running.")
    expect(page.locator("#confirm")).to_be_disabled()
    SyncRun.objects.filter(pk=other.pk).update(state="finished")
    page.evaluate("window.htmx.trigger('#run-watch', 'nudge')")

    expect(page.get_by_role("button", name="Post 1 line and end 1")).to_be_enabled()
    assert page.evaluate("window.still") == "here"


def test_search_customers_and_going_back(may: Period, operator: User, sign_in: SignIn) -> None:
    known_seller()
    wanted = mapped_line(subscription_name="Backup Pro")
    for _ in range(25):
        mapped_line()
    page = sign_in(operator, f"/mapping/invoices/runs/{preview().pk}/")

    page.get_by_placeholder("Search rows").fill("backup p")
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("#grid tbody tr")).to_have_count(20)
    page.get_by_text("By customer").click()
    page.locator("#customers").get_by_role("link", name=wanted.organization_name).click()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    expect(page.locator("#grid .chip")).to_contain_text(wanted.organization_name)
    page.go_back()
    expect(page.locator("#grid tbody tr")).to_have_count(20)


def test_axe_finds_nothing_in_any_state_of_a_run(
    may: Period, sign_in: SignIn, violations: Callable[[Page], list[str]]
) -> None:
    known_seller()
    InvoiceSettings.load()
    mapped_line()
    refused_line()
    mapped_line(billing_cycle="Annual", agreement=make_agreement(billing_cycle="Monthly"))
    draft = preview()
    for _ in range(3):
        add_end(draft, ticked=True)
    administrator = make_user(*OPERATOR, "invoices.undo_sync", username="anna")
    page = sign_in(administrator, f"{RUNS}{draft.pk}/")

    page.get_by_text("By customer").click()
    page.locator("#customers table").wait_for()
    page.get_by_text("What is sent").first.click()
    assert violations(page) == []
    page.locator("#confirm").click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []

    for state, words in (
        ("running", "In progress"),
        ("stopped", "Stopped."),
        ("failed", "It was stopped."),
        ("finished", "Done."),
    ):
        begun(draft, state, total=2, outcomes={"done": 1, "error": 1})
        draft.operations.filter(line__isnull=False).update(state="done")
        page.goto(f"{RUNS}{draft.pk}/")
        expect(page.locator("#run-watch")).to_contain_text(words)
        assert violations(page) == []

    broken = SyncRun.objects.create(period=MAY, state="draft", message="ConnectWise is away.")
    page.goto(f"{RUNS}{broken.pk}/")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert violations(page) == []
    page.goto(RUNS)
    expect(page.get_by_role("button", name=f"Undo… run {draft.pk}")).to_be_visible()
    assert violations(page) == []
