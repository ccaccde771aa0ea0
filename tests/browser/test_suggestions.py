"""Suggestions and reverting as an operator's hands find them, keyboard first."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from mapping.models import MappingChange, Organization
from mapping.services import set_company
from mapping.services.suggesting import suggest_mappings
from mapping.tabs import ORGANIZATIONS
from tests.browser.conftest import SignIn
from tests.factories import make_company, make_line, make_organization

Violations = Callable[[Page], list[str]]
PATH = "/mapping/organizations/"


@pytest.fixture
def suggested(transactional_db: None) -> list[Organization]:
    """Four customers with suggestions: two are sure, two claim one company."""
    make_company(name="Alpine Sports", connectwise_id=71)
    make_company(name="Bluebird Travel Inc", connectwise_id=72)
    make_company(name="Coastal Credit", connectwise_id=73)
    make_company(name="Coastal Credit Holding", connectwise_id=74)
    names = ("Alpine Sports GmbH", "Blue Bird Travel", "COASTAL CREDIT", "Coastal Credit")
    organizations = [make_organization(name=name) for name in names]
    for organization in organizations:
        make_line(organization=organization, total_price="1234.50")
    suggest_mappings(ORGANIZATIONS)
    return organizations


def companies() -> list[int | None]:
    """What the customers are mapped to, by name."""
    rows = Organization.objects.order_by("platform_id")
    return [one.company.connectwise_id if one.company else None for one in rows]


def test_one_after_the_other_is_accepted_by_enter(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    page = sign_in(operator, PATH)
    page.locator(f"#accept-{suggested[0].pk}").focus()

    page.keyboard.press("Enter")
    expect(page.locator(f"#mapping-{suggested[0].pk}")).to_contain_text("Mapped")
    expect(page.locator(f"#accept-{suggested[1].pk}")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#count-mapped")).to_have_text("2")
    expect(page.locator(f"#accept-{suggested[2].pk}")).to_be_focused()
    expect(page.locator(".toast-item").first).to_contain_text(
        "Alpine Sports GmbH is mapped to Alpine Sports; 1 line changed."
    )
    assert companies() == [71, 72, None, None]


def test_delete_dismisses_and_the_runner_up_is_asked_next(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    page = sign_in(operator, PATH)
    row = page.locator(f"#mapping-{suggested[2].pk}")
    expect(row).to_contain_text("ID 73")
    expect(row).to_contain_text("Conflict")
    row.locator("[data-accept]").focus()

    page.keyboard.press("Delete")

    expect(row).to_contain_text("ID 74")
    expect(row.locator("[data-accept]")).to_be_focused()
    assert companies() == [None] * 4


def test_keys_walk_from_suggestion_to_suggestion(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    page = sign_in(operator, PATH)
    page.locator(f"#accept-{suggested[0].pk}").focus()

    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#accept-{suggested[1].pk}")).to_be_focused()
    expect(page.locator("#tip")).to_contain_text("Same name but for spaces")
    page.keyboard.press("k")
    expect(page.locator(f"#accept-{suggested[0].pk}")).to_be_focused()

    page.keyboard.press("e")
    expect(page.locator(f"#mapping-{suggested[0].pk}").get_by_role("combobox")).to_be_focused()


def test_another_company_is_still_chosen_by_hand(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    page = sign_in(operator, PATH)
    row = page.locator(f"#mapping-{suggested[0].pk}")

    row.get_by_text("Click to select").click()
    options = page.locator(".picker-list").get_by_role("option")
    expect(options).to_have_count(4)
    page.keyboard.type("holding")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(row).to_contain_text("Coastal Credit Holding")
    expect(row).to_contain_text("Mapped")


def test_all_that_are_sure_are_accepted_after_the_list(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    page = sign_in(operator, PATH)
    page.locator("#accept-all").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Accept all ≥ 95 %")
    expect(dialog).to_contain_text("2 organizations will be mapped as listed")
    expect(dialog).to_contain_text("2 unsynced invoice lines will be filled")
    page.keyboard.press("Escape")
    expect(page.locator("#accept-all")).to_be_focused()
    assert companies() == [None] * 4

    page.keyboard.press("Enter")
    dialog.get_by_label("Accept Coastal Credit for Coastal Credit too", exact=True).check()
    dialog.get_by_role("button", name="Accept 2 and the ticked").click()

    expect(page.locator(".toast-item")).to_contain_text(
        "3 organizations are mapped; 3 lines changed."
    )
    expect(page.locator("#count-mapped")).to_have_text("3")
    expect(dialog).to_be_hidden()
    assert companies() == [71, 72, None, 73]


def test_only_suggested_and_the_money_live_in_the_url(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    make_organization(name="Zebra Zoo")
    page = sign_in(operator, PATH)

    page.get_by_role("link", name="Suggested 4").click()
    expect(page.get_by_text("Zebra Zoo")).to_have_count(0)
    page.get_by_role("link", name="Waiting").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Waiting")
    page.reload()

    expect(page.locator("#grid tbody tr")).to_have_count(4)
    assert "status=suggested" in page.url
    assert "sort=waiting" in page.url


def test_a_change_is_reverted_from_the_history(
    sign_in: SignIn, operator: User, suggested: list[Organization]
) -> None:
    company = make_company(name="Wrong one")
    set_company(
        organization=suggested[0],
        company=company,
        user=operator,
        origin=MappingChange.Origin.PICKER,
    )
    page = sign_in(operator, PATH)

    page.get_by_role("link", name="History", exact=True).click()
    page.get_by_label("Revert this change of Alpine Sports GmbH").click()
    dialog = page.get_by_role("dialog", name="Revert a change of Alpine Sports GmbH")
    expect(dialog).to_contain_text("1 unsynced invoice line will change")
    dialog.get_by_role("button", name="Revert 1 change").click()

    expect(page.locator(".toast-item")).to_contain_text("1 change is taken back; 1 line changed.")
    expect(page.locator("#grid tbody tr")).to_have_count(2)
    expect(page.locator("#grid tbody tr").first).to_contain_text("reverted")
    assert companies() == [None] * 4


@pytest.mark.parametrize("width", [1440, 1024])
def test_axe_finds_nothing(
    sign_in: SignIn,
    operator: User,
    suggested: list[Organization],
    violations: Violations,
    width: int,
) -> None:
    set_company(
        organization=suggested[0],
        company=make_company(),
        user=operator,
        origin=MappingChange.Origin.PICKER,
    )
    page = sign_in(operator, PATH, viewport={"width": width, "height": 900})
    page.locator(f"#accept-{suggested[1].pk}").focus()
    found = violations(page)
    page.locator("#accept-all").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += violations(page)
    page.goto("/mapping/history/")
    found += violations(page)
    page.get_by_label("Revert this change").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += violations(page)

    assert found == []
