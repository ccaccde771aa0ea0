"""Names and words of an enemy on the pages that people look at: shown as text, cut, and harmless."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from integration.system_log.models import LogEntry
from invoices.models import Operation, SyncRun
from invoices.sync.cautions import prorates
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import (
    make_agreement,
    make_company,
    make_offer,
    make_organization,
    make_product,
)
from tests.integration.hostile import LONG, MARKUP, plant

pytestmark = pytest.mark.django_db(transaction=True)
NAME = f"{MARKUP}{LONG}"
# Paragraphs that reach beyond the window, though nothing around them scrolls or cuts.
STICKS_OUT = """[...document.querySelectorAll('main p')].filter((p) => {
  const box = p.getBoundingClientRect();
  return p.scrollWidth > p.clientWidth + 1 && getComputedStyle(p).overflowX === 'visible'
    && !p.closest('.grid-scroll, table') && box.width > 0;
}).map((p) => p.className + p.textContent.slice(0, 40))"""


@pytest.fixture
def things(seed: MakeLine, operator: User) -> dict[str, Any]:
    """A line, its run and a log entry; then every text of them is the enemy's."""
    company = make_company()
    line = seed(
        organization=make_organization(company=company),
        offer=make_offer(product=make_product()),
        company=company,
        agreement=make_agreement(company=company),
        psa_status="error",
        error="x",
    )
    run = SyncRun.objects.create(period=line.period, state="draft", planned_at=timezone.now())
    Operation.objects.create(
        run=run, line=line, kind="create", intent="refuse", state="refused",
        organization=line.organization, reason="x", warnings=[prorates(NAME).to_json()],
        after={"invoice_description": NAME, "quantity": "1"},
    )  # fmt: skip
    LogEntry.objects.create(level=40, created_at=run.created_at, logger="tests", summary="x")
    plant(NAME)
    User.objects.filter(pk=operator.pk).update(username="olivia")
    return {"line": line.pk, "run": run.pk}


def look(page: Page, dialogs: list[str], path: str) -> None:
    page.goto(path)
    expect(page.locator("main")).to_contain_text("planted()")
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{path} is {width[0]} wide"
    assert page.evaluate(STICKS_OUT) == []
    assert not dialogs
    assert page.evaluate("document.querySelectorAll('img[src=x], [onmouseover]').length") == 0


@pytest.mark.parametrize(
    "viewport", [{"width": 1440, "height": 900}, {"width": 1024, "height": 768}]
)
def test_no_page_runs_it_or_is_stretched_by_it(
    sign_in: SignIn, operator: User, things: dict[str, Any], viewport: dict[str, int]
) -> None:
    page = sign_in(operator, "/settings/dictionary/", viewport=viewport)
    dialogs: list[str] = []

    def noted(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", noted)
    for path in (
        "/mapping/invoices/",
        f"/mapping/invoices/lines/{things['line']}/receipt/",
        f"/mapping/invoices/runs/{things['run']}/",
        "/mapping/organizations/",
        "/mapping/products/",
        "/logs/",
        "/",
    ):
        look(page, dialogs, path)


def test_the_pickers_show_it_as_text(
    sign_in: SignIn, operator: User, things: dict[str, Any]
) -> None:
    page = sign_in(operator, "/mapping/invoices/")
    page.get_by_role("button", name="Edit mapping").first.click()
    picker = page.get_by_role("combobox", name="PSA Organization")
    picker.click()
    option = page.locator("li[role=option]").first
    expect(option).to_be_visible()
    picker.fill("planted")
    expect(option).to_contain_text("planted()")
    box = option.bounding_box()
    assert box and box["width"] < 900
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
