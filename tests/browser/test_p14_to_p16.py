"""Periods and loading, sentence by sentence (P14, P15, P15a, P16), as an operator sees them."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Route, expect

from invoices.models import Load, Period
from invoices.months import month_name, month_of, months_before
from platform_client.client import PlatformClient
from tests.browser.conftest import MakeLine, SignIn
from tests.browser.loading import open_load_dialog
from tests.invoices.loading.fake_platform import FakePlatform, be_the_worker, make_platform_line

pytestmark = pytest.mark.django_db(transaction=True)


def loaded(*months: date) -> None:
    for month in months:
        Period.objects.create(month=month, complete=True, loaded_at=timezone.now())


def test_p14_show_invoices_lists_the_loaded_months_newest_first(
    sign_in: SignIn, operator: User, month: date, seed: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = months_before(month, 1)
    loaded(last, months_before(month, 15), months_before(month, 16))
    seed(period=last, invoice_date=last)

    def no_platform(*_arguments: object, **_options: object) -> None:
        raise AssertionError("changing the period calls the Platform")

    monkeypatch.setattr(PlatformClient, "__init__", no_platform)
    page = sign_in(operator)
    chooser = page.get_by_label("Show invoices")
    # The one top-left, the other top-right.
    boxes = [chooser.bounding_box(), page.locator("#load-invoices").bounding_box()]
    expect(page.locator("#load-invoices")).to_have_text("Load Invoices")
    assert [box and box["y"] < 200 and box["x"] > 720 for box in boxes] == [False, True]
    shown = [month_name(one) for one in (month, last, months_before(month, 15))]
    assert chooser.locator("option").all_inner_texts() == shown
    assert all(re.fullmatch(r"[A-Z][a-z]+ \d{4}", name) for name in shown)
    chooser.select_option(month_name(last))
    expect(page.locator("#showing")).to_have_text("Showing 1 of 1 invoice lines")
    expect(page).to_have_url(re.compile(f"period={last:%Y-%m}"))


def test_p15_load_invoices_asks_which_periods(
    sign_in: SignIn, operator: User, month: date, asked_loads: list[int]
) -> None:
    page = sign_in(operator)
    dialog = open_load_dialog(page)
    expect(dialog.get_by_role("heading")).to_have_text("Load Invoice Lines")
    expect(dialog).to_contain_text("Select which periods to load invoice lines for.")
    go = dialog.get_by_role("button", name="Load", exact=True)
    for name in ("Current Month", "Previous Month"):
        expect(go).to_be_disabled()
        dialog.get_by_role("checkbox", name=name).check()
        expect(go).to_be_enabled()
        dialog.get_by_role("checkbox", name=name).uncheck()
    dialog.get_by_role("checkbox", name="Current Month").check()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not Load.objects.exists()
    page.get_by_role("button", name="Load Invoices").click()
    for name in ("Current Month", "Previous Month"):
        dialog.get_by_role("checkbox", name=name).check()
    go.click()
    expect(dialog).to_be_hidden()
    assert set(Load.objects.values_list("month", flat=True)) == {month, months_before(month, 1)}


def test_p15a_a_new_period_is_there_without_a_reload_also_with_no_line(
    sign_in: SignIn, operator: User, month: date, asked_loads: list[int]
) -> None:
    last = months_before(month, 1)
    page = sign_in(operator)
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Load Invoices").click()
    page.get_by_role("checkbox", name="Previous Month").check()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text(f"Loading {month_name(last)}")).to_be_visible()
    (load,) = asked_loads
    nothing = FakePlatform()
    be_the_worker(load, nothing)
    chooser = page.get_by_label("Show invoices")
    expect(chooser.locator("option")).to_have_count(2)
    expect(page.get_by_text(f"{month_name(last)} loaded: 0 new")).to_be_visible()
    chooser.select_option(month_name(last))
    expect(page.get_by_text(f"No invoice lines in {month_name(last)}")).to_be_visible()
    assert page.evaluate("window.notReloaded")
    assert Period.objects.count() == 2  # hidden ones are never deleted, see P14


def test_p15a_a_month_chosen_while_the_chooser_renews_itself_stays_chosen(
    sign_in: SignIn, operator: User, month: date, seed: MakeLine
) -> None:
    last, before = months_before(month, 1), months_before(month, 2)
    loaded(last)
    seed(period=last, invoice_date=last)
    page = sign_in(operator)
    chooser = page.get_by_label("Show invoices")
    expect(chooser.locator("option")).to_have_count(2)
    held: list[Route] = []
    page.route("**/invoices/periods/*", lambda route: held.append(route), times=1)
    loaded(before)
    with page.expect_request("**/invoices/periods/*"):
        page.evaluate("document.body.dispatchEvent(new Event('periodsChanged'))")
    chooser.select_option(month_name(last))
    expect(page.locator("#showing")).to_have_text("Showing 1 of 1 invoice lines")
    held[0].continue_()
    expect(chooser.locator("option")).to_have_count(3)
    expect(chooser).to_have_value(f"{last:%Y-%m}")
    expect(page.locator("#showing")).to_have_text("Showing 1 of 1 invoice lines")


@pytest.mark.parametrize(
    ("today", "ranges"),
    [
        (date(2026, 5, 18), ("2026-05-01 – 2026-05-31", "2026-04-01 – 2026-04-30")),
        (date(2026, 1, 1), ("2026-01-01 – 2026-01-31", "2025-12-01 – 2025-12-31")),
    ],
)
def test_p16_the_months_are_those_of_the_business_day(
    sign_in: SignIn,
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
    today: date,
    ranges: tuple[str, str],
) -> None:
    for view in ("loading", "grid"):
        monkeypatch.setattr(f"invoices.views.{view}.business_today", lambda _now: today)
    page = sign_in(operator)
    page.locator("#load-invoices").click()
    for name, days in zip(("Current Month", "Previous Month"), ranges, strict=True):
        row = page.get_by_role("dialog").locator("label", has_text=name)
        expect(row).to_contain_text(days)


def test_p16_only_final_invoices_are_loaded(
    sign_in: SignIn, operator: User, asked_loads: list[int]
) -> None:
    current = month_of(timezone.now().date())
    statuses = ("Verified", "Issued", "Paid", "Payment Card Error", "New", "New Corrected")
    platform = FakePlatform().put(
        *(
            make_platform_line(number, invoice_date=current, invoice_status=status)
            for number, status in enumerate(statuses)
        )
    )
    page = sign_in(operator)
    page.locator("#load-invoices").click()
    page.get_by_role("checkbox", name="Current Month").check()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text(f"Loading {month_name(current)}")).to_be_visible()
    be_the_worker(asked_loads[0], platform)
    expect(page.locator("#totals")).to_contain_text("Total invoice lines: 4")
