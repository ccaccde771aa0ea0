"""Custom invoices, rules, names and months of loaded lines (P7, P16, P19, P47)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoices.models import (
    ChargeDateRule,
    InvoiceLine,
    LineSearch,
    Period,
    SelectedLine,
    Selection,
)
from tests.factories import make_user
from tests.invoices.loading.fake_platform import (
    ACME,
    MAY,
    SEAT,
    SUITE,
    FakePlatform,
    load,
    make_platform_line,
)
from tests.invoices.loading.loaded import counts, line, set_line

pytestmark = pytest.mark.django_db

APRIL = date(2026, 4, 1)


@pytest.mark.parametrize("wire", ["CycleFee", "PurchaseFee", "Correction", "LateFee"])
def test_every_line_of_a_custom_invoice_is_a_correction(wire: str) -> None:
    load(FakePlatform().put(make_platform_line(invoice_source="Custom", charge_type=wire)))
    assert (line().charge_type, line().invoice_source) == ("Correction", "custom")
    assert line().offer_name == "Office Suite"


def test_a_custom_line_without_a_subscription_shows_the_default_offer() -> None:
    platform = FakePlatform().put(make_platform_line(invoice_source="Custom", subscription=None))
    load(platform)
    assert (line().offer_name, line().subscription_id) == ("Offer for Default Subscription", "")
    assert (line().offer.name, line().offer_platform_id) == ("Office Suite", "OFF-1")
    platform.change(1, offer=replace(SUITE, name="Suite of Offices"))
    load(platform)
    assert line().offer_name == "Offer for Default Subscription"
    assert line().offer.name == "Suite of Offices"


def test_a_rule_sets_dates_when_a_line_is_loaded() -> None:
    ChargeDateRule.objects.create(slot="start", kind="next_month_first")
    ChargeDateRule.objects.create(charge_type="Cycle Fee", slot="end", kind="no_date")
    load(FakePlatform().put(make_platform_line()))
    row = line()
    assert (row.charge_start_date, row.charge_start_date_source) == (date(2026, 6, 1), "system")
    assert (row.charge_end_date, row.charge_end_date_source) == (None, "system")
    assert row.automatic_start_date == date(2026, 6, 1)
    assert row.automatic_start_date_source == "system"
    assert (row.platform_start_date, row.platform_end_date) == (MAY, date(2026, 5, 31))


def test_dates_of_a_rule_stay_until_the_platforms_dates_change() -> None:
    rule = ChargeDateRule.objects.create(slot="start", kind="next_month_first")
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    rule.kind = "start_month_last"
    rule.save()
    platform.change(1, quantity=Decimal(9))
    load(platform)
    assert (line().charge_start_date, line().quantity) == (date(2026, 6, 1), Decimal(9))
    platform.change(1, charge_end_date=date(2026, 6, 15))
    load(platform)
    assert line().charge_start_date == date(2026, 5, 31)
    assert line().charge_start_date_source == "system"
    assert line().charge_end_date == date(2026, 6, 15)


def test_a_rule_made_later_leaves_loaded_lines_alone() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    ChargeDateRule.objects.create(slot="start", kind="next_month_first")
    assert counts(load(platform)) == {"unchanged": 1}
    assert (line().charge_start_date, line().charge_start_date_source) == (MAY, "none")


def test_a_new_name_of_a_customer_reaches_all_its_lines_and_the_search() -> None:
    platform = FakePlatform().put(
        make_platform_line(1, invoice_date=date(2026, 4, 15)), make_platform_line(2)
    )
    load(platform, APRIL)
    load(platform)
    set_line(1, psa_status="synced")
    platform.change(2, organization=replace(ACME, name="Äcme Holding", reference_number="A-2"))
    load(platform)
    assert {row.organization_name for row in InvoiceLine.objects.all()} == {"Äcme Holding"}
    for text in LineSearch.objects.values_list("text", flat=True):
        assert "acme holding" in text
        assert "a-2" in text
    assert not line(1).changed_on_platform


def test_lines_are_found_by_what_they_show() -> None:
    load(FakePlatform().put(make_platform_line(organization=replace(ACME, name="Ärztehaus"))))
    found = LineSearch.objects.get()
    assert (found.line, found.period) == (line(), MAY)
    for part in ("arztehaus", "a-1", "office suite", "monthly", "1 year"):
        assert part in found.text


def test_an_open_line_moves_with_its_invoice_date() -> None:
    platform = FakePlatform().put(make_platform_line(invoice_date=date(2026, 4, 30)))
    load(platform, APRIL)
    selection = Selection.objects.create(user=make_user(), period=APRIL)
    SelectedLine.objects.create(selection=selection, line=line())
    platform.change(1, invoice_date=date(2026, 5, 1))
    assert counts(load(platform)) == {"updated": 1}
    assert (line().period, LineSearch.objects.get().period) == (MAY, MAY)
    assert not SelectedLine.objects.exists()
    assert counts(load(platform, APRIL)) == {}


def test_a_synced_line_stays_in_its_month_when_its_invoice_date_moves() -> None:
    platform = FakePlatform().put(make_platform_line(invoice_date=date(2026, 4, 30)))
    load(platform, APRIL)
    set_line(psa_status="synced")
    platform.change(1, invoice_date=date(2026, 5, 1))
    assert counts(load(platform)) == {"changed_after_sync": 1}
    assert counts(load(platform, APRIL)) == {"gone": 1}
    version = line().version
    load(platform)
    load(platform, APRIL)
    assert (line().period, line().gone, line().changed_on_platform) == (APRIL, True, True)
    assert line().version == version


def test_a_period_without_lines_is_loaded_too() -> None:
    result = load(FakePlatform())
    period = Period.objects.get()
    assert (period.month, period.complete, period.loaded_at) == (MAY, True, result.finished_at)
    assert result.message == (
        "May 2026 loaded: 0 new, 0 updated, 0 unchanged, 0 gone, "
        "0 changed after sync, 0 not final yet."
    )


def test_the_result_says_every_count() -> None:
    platform = FakePlatform().put(*(make_platform_line(number) for number in range(6)))
    load(platform)
    platform.put(make_platform_line(7), make_platform_line(8, invoice_status="New"))
    platform.change(1, quantity=Decimal(4))
    platform.remove(2)
    set_line(3, psa_status="synced")
    platform.change(3, quantity=Decimal(4))
    result = load(platform)
    assert result.message == (
        "May 2026 loaded: 1 new, 1 updated, 3 unchanged, 1 gone, "
        "1 changed after sync, 1 not final yet."
    )
    assert result.read == 7


def test_ends_of_the_month_belong_to_it() -> None:
    platform = FakePlatform().put(
        make_platform_line(1, invoice_date=date(2026, 4, 30)),
        make_platform_line(2, invoice_date=date(2026, 5, 1)),
        make_platform_line(3, invoice_date=date(2026, 5, 31)),
        make_platform_line(4, invoice_date=date(2026, 6, 1)),
    )
    assert counts(load(platform)) == {"new": 2}
    assert platform.windows == [(date(2026, 5, 1), date(2026, 5, 31))]


def test_a_subscription_of_a_line_may_be_called_anything() -> None:
    name = "=cmd|'/c calc'!A0 \\N \\. \t %s {} 🚀"
    load(FakePlatform().put(make_platform_line(subscription=replace(SEAT, name=name))))
    assert line().subscription_name == name
