"""What a load brings, sentence by sentence (P17, P18, P19), as an operator sees it."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from invoices.models import InvoiceLine, SyncRun
from invoices.months import month_name
from platform_client.schemas import BadItem
from platform_client.schemas import InvoiceLine as PlatformLine
from tests.browser.conftest import SignIn
from tests.browser.loading import open_load_dialog
from tests.invoices.loading.fake_platform import (
    FakePlatform,
    be_the_worker,
    load,
    make_platform_line,
)


@pytest.fixture
def platform(month: date) -> FakePlatform:
    """Lines 1 to 4 of the current month."""
    return FakePlatform().put(*(platform_line(number, month) for number in range(1, 5)))


def platform_line(number: int, month: date, **values: Any) -> PlatformLine:
    return make_platform_line(number, **{"invoice_date": month, **values})


def ask_for_this_month(page: Page) -> Locator:
    dialog = open_load_dialog(page)
    dialog.get_by_role("checkbox", name="Current Month").check()
    dialog.get_by_role("button", name="Load", exact=True).click()
    return dialog


def row(page: Page, number: int) -> Locator:
    line = InvoiceLine.objects.get(platform_id=f"LINE-{number}")
    return page.locator(f"#line-{line.pk}")


def set_line(number: int, **values: Any) -> None:
    InvoiceLine.objects.filter(platform_id=f"LINE-{number}").update(**values)


def test_p17_a_second_load_brings_what_is_new_and_keeps_what_is_the_users(
    sign_in: SignIn, operator: User, month: date, platform: FakePlatform, asked_loads: list[int]
) -> None:
    load(platform, month)
    mine = month.replace(day=9)
    set_line(2, psa_status="synced")
    set_line(3, charge_start_date=mine, charge_start_date_source="user")
    for number in (1, 2, 3):
        platform.change(number, quantity=Decimal(70 + number))
    platform.remove(4)
    platform.put(platform_line(5, month), platform_line(6, month, invoice_status="New"))
    page = sign_in(operator)

    dialog = ask_for_this_month(page)
    expect(page.get_by_text(f"Loading {month_name(month)}")).to_be_visible()
    ask_for_this_month(page)
    expect(dialog.get_by_role("alert")).to_contain_text(
        f"{month_name(month)} is being loaded already. Wait until that load has ended."
    )
    dialog.get_by_role("button", name="Cancel").click()
    be_the_worker(asked_loads[0], platform)

    expect(page.get_by_label("Result of loading")).to_contain_text(
        f"{month_name(month)} loaded: 1 new, 2 updated, 0 unchanged, 1 gone,"
        " 1 changed after sync, 1 not final yet."
    )
    expect(row(page, 5)).to_be_visible()
    for number, quantity in ((1, "71"), (2, "3"), (3, "73")):
        expect(row(page, number).get_by_role("cell", name=quantity, exact=True)).to_be_visible()
    expect(row(page, 2)).to_contain_text("Changed on the Platform")
    expect(row(page, 3)).to_contain_text(re.compile(f"{mine}.*User Updated"))
    expect(row(page, 4)).to_contain_text("Gone from the Platform")
    fits = "button => button.scrollWidth <= button.clientWidth"
    assert row(page, 4).locator(".status-button").evaluate(fits)
    expect(page.locator("#totals")).to_contain_text("Total invoice lines: 5")


def test_p17_a_period_that_a_run_posts_is_not_loaded(
    sign_in: SignIn, operator: User, month: date, asked_loads: list[int]
) -> None:
    page = sign_in(operator)
    dialog = open_load_dialog(page)
    dialog.get_by_role("checkbox", name="Current Month").check()
    run = SyncRun.objects.create(period=month, state="running")
    dialog.get_by_role("button", name="Load", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text(
        f"{month_name(month)} can't be loaded while run {run.pk} posts its lines."
        " Wait until it has ended, or stop it."
    )
    assert asked_loads == []


def test_p18_a_bad_line_is_told_and_never_loses_the_rest(
    sign_in: SignIn, operator: User, month: date, platform: FakePlatform, asked_loads: list[int]
) -> None:
    platform.bad = [BadItem("LINE-66", "quantity: should be a decimal in a string")]
    page = sign_in(operator)
    ask_for_this_month(page)
    expect(page.get_by_role("region", name="Loading")).to_contain_text("started by olivia")
    be_the_worker(asked_loads[0], platform)

    expect(page.get_by_label("Result of loading")).to_contain_text(
        "The period is incomplete: 1 line was bad (see System Logs). Load it again."
    )
    expect(page.locator("#totals")).to_contain_text("Total invoice lines: 4")
    expect(page.get_by_label("Show invoices").locator("option:checked")).to_have_text(
        f"{month_name(month)} (incomplete)"
    )
    page.get_by_label("Result of loading").get_by_role("link", name="System Logs").click()
    expect(page.locator("#log")).to_contain_text("LINE-66")
    expect(page.locator("#log")).to_contain_text("quantity: should be a decimal in a string")


def test_p19_lines_of_custom_invoices_are_corrections_and_name_their_offer(
    sign_in: SignIn, operator: User, month: date, platform: FakePlatform
) -> None:
    platform.put(
        platform_line(7, month, invoice_source="Custom", charge_type="CycleFee"),
        platform_line(8, month, invoice_source="Custom", subscription=None),
    )
    load(platform, month)
    page = sign_in(operator)
    expect(row(page, 7)).to_contain_text("Correction")
    expect(row(page, 7)).to_contain_text("Office Suite")
    expect(row(page, 8)).to_contain_text("Correction")
    expect(row(page, 8)).to_contain_text("Offer for Default Subscription")
    expect(row(page, 1)).to_contain_text("Cycle Fee")
