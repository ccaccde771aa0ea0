"""A thousand organizations and 600 offers are mapped by keyboard alone: refreshed, accepted, finished."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

import platform_client.conf
import psa_connectwise.conf
from mapping.models import MappingChange, Offer, Organization
from mapping.services import run_refresh
from mapping.tasks import refresh_directory
from tests.browser.conftest import SignIn
from tests.mapping.remotes import FakeConnectWise, FakePlatform
from tests.mapping.reseller import (
    EITHER,
    OFFERS,
    ORGANIZATIONS,
    OTHERWISE,
    PAIRS,
    companies,
    fill,
)

TABS = 80  # more than any page has before its grid


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Refreshes that wait for the test to be their worker."""
    the_platform, the_psa = FakePlatform(), FakeConnectWise()
    fill(the_platform, the_psa)
    monkeypatch.setattr(platform_client.conf, "get_client", lambda: the_platform)
    monkeypatch.setattr(psa_connectwise.conf, "get_client", lambda: the_psa)
    refreshes: list[int] = []
    monkeypatch.setattr(refresh_directory, "delay", refreshes.append)
    return refreshes


def go_to(page: Page, control: Locator) -> None:
    """Walk there by Tab."""
    expect(control).to_be_enabled()
    for _ in range(TABS):
        if control.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(control).to_be_focused()


def press(page: Page, control: Locator) -> None:
    go_to(page, control)
    page.keyboard.press("Enter")


def work(asked: list[int], page: Page) -> None:
    """Be the worker, and wait until the page shows the result."""
    expect(page.get_by_role("button", name="In progress").first).to_be_visible()
    run_refresh(refresh_id=asked.pop(), today=timezone.now().date())


def accept_all(page: Page, noun: str, number: int) -> None:
    press(page, page.locator("#accept-all"))
    dialog = page.get_by_role("dialog", name="Accept all ≥ 95 %")
    expect(dialog).to_contain_text(f"{number:,} {noun} will be mapped as listed")
    press(page, dialog.get_by_role("button", name=f"Accept {number:,}"))
    expect(page.locator("#count-mapped")).to_have_text(f"{number:,}")


def test_a_thousand_mappings_by_keyboard(sign_in: SignIn, operator: User, asked: list[int]) -> None:
    page = sign_in(operator, "/mapping/organizations/")
    press(page, page.locator("#refresh-first"))
    work(asked, page)
    expect(page.locator("#count-all")).to_have_text(f"{ORGANIZATIONS:,}")
    assert not MappingChange.objects.exists()

    sure = ORGANIZATIONS - EITHER - OTHERWISE
    accept_all(page, "organizations", sure)
    accept_the_rest(page)
    expect(page.locator("#count-mapped")).to_have_text(str(sure + EITHER))
    choose_the_last(page)
    expect(page.locator("#count-mapped")).to_have_text(f"{ORGANIZATIONS:,}")
    assert not Organization.objects.filter(company=None).exists()
    assert not Organization.objects.filter(company__deleted=True).exists()
    assert_each_found_its_own()

    page.goto("/mapping/products/")
    press(page, page.locator("#refresh-first"))
    press(page, page.get_by_role("dialog").get_by_role("button", name="Load Products"))
    work(asked, page)
    expect(page.locator("#count-all")).to_have_text(str(OFFERS))
    accept_all(page, "offers", OFFERS)
    assert not Offer.objects.filter(product=None).exists()


def assert_each_found_its_own() -> None:
    """Of a pair the one with the reference; what is only written otherwise, the company it was written of."""
    everyone = Organization.objects.order_by("platform_id").select_related("company")
    found = [(one.reference_number, one.company.identifier) for one in everyone if one.company]
    by_reference = [pair for pair in found if pair[0]]
    assert len(by_reference) == PAIRS - EITHER
    assert all(reference == identifier for reference, identifier in by_reference)
    alone = [one.identifier for one in companies()[2 * PAIRS :]]
    written = found[PAIRS + OTHERWISE :]
    assert [identifier for _, identifier in written] == alone[: len(written)]


def accept_the_rest(page: Page) -> None:
    """Those that may be either of two: each is a question of its own, and Enter says yes."""
    press(page, page.locator("#filter-suggested"))
    expect(page.locator("#grid tbody tr")).to_have_count(EITHER)
    first = page.locator("[data-accept]").first
    go_to(page, first)
    for left in range(EITHER, 0, -1):
        expect(page.locator("[data-accept]")).to_have_count(left)
        expect(page.locator("[data-accept]:focus")).to_have_count(1)
        page.keyboard.press("Enter")
    expect(page.locator("[data-accept]")).to_have_count(0)


def choose_the_last(page: Page) -> None:
    """Those that are called otherwise: looked up by the ID that ConnectWise shows."""
    press(page, page.locator("#filter-unmapped"))
    rows = page.locator("#grid tbody tr")
    expect(rows).to_have_count(OTHERWISE)
    for at in range(OTHERWISE):
        press(page, rows.nth(at).get_by_text("Click to select"))
        expect(rows.nth(at).get_by_role("combobox")).to_be_focused()
        option = page.locator(".picker-list").get_by_role("option")
        page.keyboard.type(f"CW0140{at}")
        expect(option).to_have_count(1)
        page.keyboard.press("Enter")
        expect(rows.nth(at)).to_contain_text("Saving changes no invoice line.")
        page.keyboard.press("Enter")
        expect(rows.nth(at)).to_contain_text("Mapped")
