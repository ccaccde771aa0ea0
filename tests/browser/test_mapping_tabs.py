"""The Organizations and Products tabs as an operator's hands find them, keyboard first."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from mapping.models import Offer, Organization, OrganizationOffer
from tests.browser.conftest import SignIn
from tests.factories import make_company, make_line, make_offer, make_organization, make_product

Violations = Callable[[Page], list[str]]


def options(page: Page) -> Locator:
    """What the open picker offers."""
    return page.locator(".picker-list").get_by_role("option")


@pytest.fixture
def contoso(transactional_db: None) -> Organization:
    """An unmapped organization with a line, and two companies that may be it."""
    make_company(name="Contoso Ltd", connectwise_id=71)
    make_company(name="Contoso AG", connectwise_id=72)
    organization = make_organization(name="Contoso")
    make_line(organization=organization)
    return organization


def test_a_company_is_chosen_by_keyboard_and_the_effect_told_first(
    sign_in: SignIn, operator: User, contoso: Organization
) -> None:
    page = sign_in(operator, "/mapping/organizations/")
    row = page.locator(f"#mapping-{contoso.pk}")

    row.get_by_text("Click to select").focus()
    page.keyboard.press("Enter")
    expect(options(page)).to_have_count(2)
    page.keyboard.type("ltd")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Saving changes 1 unsynced invoice line.")
    expect(row).to_contain_text("71")
    page.keyboard.press("Enter")

    expect(row).to_contain_text("Mapped")
    expect(page.locator(".toast-item")).to_contain_text(
        "Contoso is mapped to Contoso Ltd; 1 line changed."
    )
    expect(page.locator("#count-mapped")).to_have_text("1")
    expect(row.get_by_label("Edit mapping of Contoso")).to_be_focused()


def test_escape_leaves_everything_as_it_was(
    sign_in: SignIn, operator: User, contoso: Organization
) -> None:
    page = sign_in(operator, "/mapping/organizations/")
    row = page.locator(f"#mapping-{contoso.pk}")
    row.get_by_text("Click to select").click()
    expect(options(page)).to_have_count(2)

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")

    expect(row.get_by_text("Click to select")).to_be_visible()
    contoso.refresh_from_db()
    assert contoso.company is None


def test_unmapping_asks_and_gives_focus_back(sign_in: SignIn, operator: User) -> None:
    organization = make_organization(name="Contoso", company=make_company(name="Contoso Ltd"))
    page = sign_in(operator, "/mapping/organizations/")

    page.get_by_label("Unmap Contoso").click()
    dialog = page.get_by_role("dialog", name="Unmap Contoso")
    expect(dialog).to_contain_text("No invoice line changes.")
    dialog.get_by_role("button", name="Unmap").click()

    expect(page.locator(f"#mapping-{organization.pk}")).to_contain_text("Unmapped")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#unmap-{organization.pk}")).to_be_focused()


def test_an_offer_gets_a_product_for_one_organization_by_keyboard(
    sign_in: SignIn, operator: User, contoso: Organization, violations: Violations
) -> None:
    offer = Offer.objects.get()
    hours = make_product(name="Project hours")
    page = sign_in(operator, "/mapping/products/")
    dialog = page.get_by_role("dialog", name="Products by organization")

    page.locator(f"#own-{offer.pk}").press("Enter")
    expect(dialog.get_by_role("combobox", name="Organization Name")).to_be_focused()
    for typed in ("cont", "hours"):
        page.keyboard.type(typed)
        expect(options(page)).to_have_count(1)
        page.keyboard.press("Enter")
        expect(options(page)).to_have_count(0)
        page.keyboard.press("Tab")
    expect(dialog).to_contain_text("Saving changes 1 unsynced invoice line.")
    found = violations(page)
    page.keyboard.press("Enter")

    expect(dialog.get_by_role("region", name="Organizations with a")).to_contain_text("Contoso")
    assert found + violations(page) == []
    assert OrganizationOffer.objects.get().product == hours
    page.keyboard.press("Escape")
    expect(page.locator(f"#own-{offer.pk}")).to_be_focused()


def test_every_dialog_opens_again_and_again(
    sign_in: SignIn, operator: User, contoso: Organization
) -> None:
    page = sign_in(operator, "/mapping/organizations/")

    for _ in range(2):
        for opener, title in (
            ("History of Contoso", "History of Contoso"),
            ("Best Practices", "Best Practices"),
        ):
            page.get_by_role("button", name=opener).click()
            expect(page.get_by_role("dialog", name=title)).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("button", name=opener)).to_be_focused()


def test_a_search_a_filter_and_a_page_live_in_the_url(
    sign_in: SignIn, operator: User, contoso: Organization
) -> None:
    make_organization(name="Fabrikam", company=make_company())
    page = sign_in(operator, "/mapping/organizations/")

    page.get_by_role("link", name="Unmapped").click()
    expect(page.get_by_text("Fabrikam")).to_have_count(0)
    page.get_by_role("searchbox").fill("nobody")
    expect(page.get_by_text("No organization matches")).to_be_visible()
    assert "status=unmapped" in page.url
    page.reload()
    expect(page.get_by_text("No organization matches")).to_be_visible()
    page.get_by_role("link", name="Clear search and filters").click()
    expect(page.get_by_text("Fabrikam")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1024])
def test_axe_finds_nothing(
    sign_in: SignIn,
    operator: User,
    contoso: Organization,
    violations: Violations,
    width: int,
) -> None:
    make_organization(status="Closed", company=make_company(missing=True))
    make_organization(company=make_company(), response_error="ConnectWise is busy.")
    offer: Offer = make_offer(product=make_product())
    window = {"width": width, "height": 900}
    page = sign_in(operator, "/mapping/organizations/", viewport=window)
    expect(page.locator("#grid")).to_be_visible()
    found = violations(page)
    page.get_by_text("Click to select").click()
    expect(options(page).first).to_be_visible()
    found += violations(page)
    page.goto("/mapping/products/")
    found += violations(page)
    page.get_by_role("button", name="Load Products").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += violations(page)
    page.keyboard.press("Escape")
    page.get_by_label(f"History of {offer.name}").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += violations(page)

    assert found == []
