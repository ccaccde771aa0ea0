"""Stop is pressed while the page renews itself under the pointer and the focus (P40, P54)."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from invoices.models import Period, SyncRun
from invoices.sync.states import RunState
from tests.browser.conftest import OPERATOR, SignIn
from tests.factories import make_user
from tests.invoices.views.runs_world import MAY, begun, known_seller, mapped_line, preview


@pytest.fixture(params=["/mapping/invoices/?period=2026-05", "/mapping/invoices/runs/{}/"])
def at_work(
    transactional_db: None, sign_in: SignIn, request: pytest.FixtureRequest
) -> tuple[Page, SyncRun]:
    """A page that shows a run which is on, and asks each second."""
    known_seller()
    Period.objects.create(month=MAY, complete=True, loaded_at=timezone.now())
    mapped_line()
    run = begun(preview(), total=1)
    page = sign_in(make_user(*OPERATOR), request.param.format(run.pk))
    return page, run


def asks_again(page: Page) -> None:
    """What the page asks by itself is answered, and swapped where it is."""
    for _ in range(2):
        with page.expect_response(lambda answer: "was=" in answer.url):
            pass


def test_a_press_that_outlasts_a_look_is_not_lost(at_work: tuple[Page, SyncRun]) -> None:
    page, run = at_work
    page.get_by_role("button", name="Stop").hover()

    page.mouse.down()
    asks_again(page)
    page.mouse.up()

    expect(page.locator("body")).to_contain_text("Stopped.")
    run.refresh_from_db()
    assert run.state == RunState.STOPPED


def test_the_focus_stays_on_stop(at_work: tuple[Page, SyncRun]) -> None:
    page, _ = at_work
    stop = page.get_by_role("button", name="Stop")
    stop.focus()

    asks_again(page)

    expect(stop).to_be_focused()
