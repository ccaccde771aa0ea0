"""An administrator sees what a charge-date rule does before saving it, and re-applies it (P7)."""

from datetime import date

from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import MakeLine, SignIn
from tests.factories import make_user

RULES = "/admin/invoices/chargedaterule/"


def administrator() -> User:
    return make_user(username="ada", is_staff=True, is_superuser=True)


def test_a_rule_is_seen_saved_and_re_applied(sign_in: SignIn, seed: MakeLine) -> None:
    line = seed(charge_type="Cycle Fee", platform_end_date=None, charge_end_date=None)
    page = sign_in(administrator(), f"{RULES}add/")
    effect = page.locator("#effect")
    expect(effect).to_contain_text("Not known yet")

    page.get_by_label("Charge type").select_option("Cycle Fee")
    page.get_by_label("Date:", exact=True).select_option("end")
    page.get_by_label("What to do").select_option("fixed_day")
    expect(effect).to_contain_text("Give a day (1 to 31)")
    page.get_by_label("Day of month").fill("31")
    page.get_by_label("Day of month").blur()

    expect(effect).to_contain_text("1 of 1 unsynced lines would change")
    expect(effect).to_contain_text(line.platform_id)
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("link", name="Re-apply to 1 unsynced line…").click()
    page.get_by_role("button", name="Re-apply to 1 unsynced line").click()
    expect(page.locator(".messagelist")).to_contain_text("1 line changed")
    line.refresh_from_db()
    assert line.charge_end_date_source == "system"


def test_the_systems_theme_holds_after_a_visit_to_django_admin(
    sign_in: SignIn, month: date
) -> None:
    page = sign_in(administrator(), RULES, color_scheme="dark")
    page.goto("/mapping/invoices/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
