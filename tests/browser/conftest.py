"""Fixtures of the browser tests: a live server, people who are signed in, a loaded month.

The month is the real current one: browser and server share one clock.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from invoices.models import InvoiceLine, Period
from invoices.months import month_of
from invoices.services.mapping_port import SEARCH_TEXT
from invoices.tasks.loading import load_invoice_lines
from tests.browser.row_editing import Edited, begin_edit
from tests.factories import make_line, make_user

OPERATOR = (
    "mapping.edit_mappings",
    "invoices.edit_lines",
    "invoices.load_invoices",
    "invoices.sync_invoices",
)
THEMES = ("light", "dark")
# Axe would measure colours half-way; what turns for ever goes on turning.
END_TRANSITIONS = """() => {
  for (const one of document.getAnimations())
    if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
}"""
# A tip lies over the page, beside what it tells of: it is part of no landmark.
RUN_AXE = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"], preload: false });
  return violations.flatMap((one) => one.nodes
    .filter((node) => one.id !== "region" || String(node.target) !== "#tip")
    .map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""
# As if the mouse rested on each: else one is gone by the time that a busy machine looks for it.
TOASTS_STAY = """addEventListener("DOMContentLoaded", () => {
  const toasts = document.getElementById("toasts");
  if (!toasts) return;
  const rest = () => toasts.querySelectorAll(".toast-item").forEach((one) => one.dispatchEvent(new Event("mouseenter")));
  new MutationObserver(rest).observe(toasts, { childList: true, subtree: true });
  rest();
});"""
PATIENCE = 20_000  # milliseconds, on a machine that does other things too

SignIn = Callable[..., Page]
MakeLine = Callable[..., InvoiceLine]


@pytest.fixture
def sign_in(browser: Browser, live_server: LiveServer) -> Iterator[SignIn]:
    """Gives each user a browser window of their own; fails on any error in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def window(user: User, path: str = "/mapping/invoices/", **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(
            base_url=live_server.url,
            **{"viewport": {"width": 1440, "height": 900}, **options},
        )
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        context.add_init_script(TOASTS_STAY)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield window
    for context in contexts:
        context.close()
    assert not [text for text in complaints if text]


def _complaint(message: Any) -> str:
    """What the console holds against us; refusals with 409 and 422 are answers like others, and 503
    is what a test answers itself, as if the server were away.

    htmx tells there, too, that a newer request took the place of an older one.
    """
    if message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
        return ""
    expected = re.search(r"status of (409|422|503)|Error Code 503", message.text)
    return "" if expected or message.type != "error" else str(message.text)


@pytest.fixture
def operator(transactional_db: None) -> User:
    return make_user(*OPERATOR, username="olivia")


@pytest.fixture
def month(transactional_db: None) -> date:
    """The current month, loaded."""
    first = month_of(timezone.now().date())
    Period.objects.create(month=first, complete=True, loaded_at=timezone.now())
    return first


@pytest.fixture
def seed(month: date) -> MakeLine:
    """Makes a line of the loaded month, as a load leaves it: searchable."""

    def make(**values: Any) -> InvoiceLine:
        dates = {"period": month, "invoice_date": month, "platform_start_date": month}
        ends = {"platform_end_date": month.replace(day=28)}
        line = make_line(**{**dates, **ends, **values})
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO invoices_linesearch (line_id, period, text)"
                f" SELECT line.id, line.period, {SEARCH_TEXT}"
                " FROM invoices_invoiceline line WHERE line.id = %s",
                [line.pk],
            )
        return line

    return make


@pytest.fixture
def edited(sign_in: SignIn, operator: User, seed: MakeLine) -> Edited:
    """The only line of the month, its row open for the operator."""
    line = seed()
    page = sign_in(operator)
    return Edited(page, line, begin_edit(page, line))


@pytest.fixture
def asked_loads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Loads that wait for the test to be their worker."""
    loads: list[int] = []
    monkeypatch.setattr(load_invoice_lines, "delay", loads.append)
    return loads


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[str]]:
    """What axe finds wrong with the page as it is now, in both themes, one line each."""
    script = Axe().axe_script

    def check(page: Page, *, themes: tuple[str, ...] = THEMES) -> list[str]:
        found: list[str] = []
        for theme in themes:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            expect(page.locator(".btn.htmx-request")).to_have_count(0)  # paler until its answer
            page.evaluate(END_TRANSITIONS)
            if not page.evaluate("'axe' in window"):
                page.evaluate(script)
            found += [f"{theme}: {one}" for one in page.evaluate(RUN_AXE)]
        return found

    return check
