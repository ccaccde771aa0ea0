"""What a load brings in, what it leaves alone and what it flags (P16, P17, P19)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from invoices.models import (
    ChargeDateRule,
    InvoiceLine,
    LineSearch,
    Load,
    Period,
    SelectedLine,
    Selection,
    UnfinalSubscription,
)
from mapping.models import Offer, Organization
from platform_client.schemas import Subscription
from tests.factories import make_company, make_product, make_user
from tests.invoices.loading.fake_platform import (
    ACME,
    MAY,
    SEAT,
    SUITE,
    FakePlatform,
    load,
    make_platform_line,
)

pytestmark = pytest.mark.django_db

APRIL = date(2026, 4, 1)


def line(number: int = 1) -> InvoiceLine:
    return InvoiceLine.objects.get(platform_id=f"LINE-{number}")


def set_line(number: int = 1, **values: Any) -> None:
    InvoiceLine.objects.filter(platform_id=f"LINE-{number}").update(**values)


def counts(result: Load) -> dict[str, int]:
    """The counts that are not 0."""
    names = ("new", "updated", "unchanged", "gone", "changed_after_sync", "not_final", "bad")
    return {name: getattr(result, name) for name in names if getattr(result, name)}


def stored_rows() -> list[tuple[Any, ...]]:
    """Each line as the table holds it, with the transaction that wrote it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, ctid::text, l.* FROM invoices_invoiceline l ORDER BY id")
        return list(cursor.fetchall())


def test_a_new_line_has_every_value_of_the_platform() -> None:
    result = load(FakePlatform().put(make_platform_line()))
    row = line()
    assert (result.state, counts(result), result.complete) == ("done", {"new": 1}, True)
    assert (row.period, row.invoice_id, row.invoice_number) == (MAY, "INV-1", "2026-0001")
    assert (row.invoice_date, row.invoice_status) == (date(2026, 5, 15), "Issued")
    assert (row.invoice_source, row.contract_id) == ("standard", "CON-1")
    assert row.charge_type == "Cycle Fee"
    assert (row.subscription_id, row.subscription_name) == ("SUB-1", "Office Suite seats")
    assert (row.billing_cycle, row.commitment_term) == ("Monthly", "1 Year")
    assert (row.quantity, row.unit_cost, row.unit_price) == (
        Decimal(3),
        Decimal("8.125"),
        Decimal("10.5"),
    )
    assert (row.total_cost, row.total_price) == (Decimal("24.38"), Decimal("31.50"))
    assert row.currency == "EUR"
    assert (row.platform_start_date, row.platform_end_date) == (MAY, date(2026, 5, 31))
    assert (row.charge_start_date, row.charge_end_date) == (MAY, date(2026, 5, 31))
    assert row.charge_start_date_source == row.charge_end_date_source == "none"
    assert (row.psa_status, row.is_mapped, row.error, row.version) == ("not_synced", False, "", 1)


def test_six_decimal_places_and_negative_amounts_arrive_exactly() -> None:
    credit = make_platform_line(
        quantity=Decimal("-0.000001"),
        unit_price=Decimal("123456789.123456"),
        total_price=Decimal("-99999999.99"),
    )
    load(FakePlatform().put(credit))
    row = line()
    assert (row.quantity, row.unit_price) == (Decimal("-0.000001"), Decimal("123456789.123456"))
    assert row.total_price == Decimal("-99999999.99")


def test_organizations_and_offers_of_lines_become_known() -> None:
    load(FakePlatform().put(make_platform_line()))
    organization, offer = Organization.objects.get(), Offer.objects.get()
    assert (organization.platform_id, organization.name) == ("ORG-1", "Acme GmbH")
    assert (organization.reference_number, organization.status) == ("A-1", "Active")
    assert (offer.platform_id, offer.name) == ("OFF-1", "Office Suite")
    assert (offer.vendor_name, offer.sku) == ("Northern Software", "SUITE")
    row = line()
    assert (row.organization, row.offer) == (organization, offer)
    assert (row.organization_name, row.organization_reference) == ("Acme GmbH", "A-1")
    assert (row.offer_name, row.offer_platform_id) == ("Office Suite", "OFF-1")
    assert row.vendor_name == "Northern Software"


def test_loading_again_without_a_change_writes_no_line() -> None:
    platform = FakePlatform().put(*(make_platform_line(number) for number in range(5)))
    load(platform)
    set_line(1, psa_status="synced")
    set_line(2, in_flight=True)
    before = stored_rows()
    result = load(platform)
    assert counts(result) == {"unchanged": 5}
    assert stored_rows() == before


def test_an_unsynced_line_takes_new_values_and_a_new_version() -> None:
    platform = FakePlatform().put(make_platform_line(1), make_platform_line(2))
    load(platform)
    platform.change(1, quantity=Decimal(7), total_price=Decimal("73.50"), invoice_status="Paid")
    assert counts(load(platform)) == {"updated": 1, "unchanged": 1}
    row = line(1)
    assert (row.quantity, row.total_price, row.invoice_status) == (
        Decimal(7),
        Decimal("73.50"),
        "Paid",
    )
    assert (row.version, line(2).version) == (2, 1)


def test_a_line_in_error_takes_new_values_and_keeps_its_error() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    set_line(psa_status="error", error="The product is inactive.")
    platform.change(1, quantity=Decimal(7))
    load(platform)
    assert (line().quantity, line().error) == (Decimal(7), "The product is inactive.")


def test_dates_and_mappings_of_a_user_stay() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    company, product = make_company(), make_product()
    set_line(
        charge_start_date=date(2026, 5, 7),
        charge_start_date_source="user",
        company=company,
        company_source="user",
        product=product,
        product_source="user",
        create_agreement=True,
        agreement_source="user",
    )
    platform.change(
        1,
        quantity=Decimal(7),
        charge_start_date=date(2026, 5, 3),
        charge_end_date=date(2026, 6, 2),
    )
    load(platform)
    row = line()
    assert (row.charge_start_date, row.charge_start_date_source) == (date(2026, 5, 7), "user")
    assert (row.company, row.product, row.create_agreement) == (company, product, True)
    # What no user has set follows the Platform.
    assert (row.platform_start_date, row.automatic_start_date) == (date(2026, 5, 3),) * 2
    assert (row.charge_end_date, row.charge_end_date_source) == (date(2026, 6, 2), "none")


def test_new_lines_get_the_mappings_of_their_customer_and_offer() -> None:
    platform = FakePlatform().put(make_platform_line(1))
    load(platform)
    company, product = make_company(), make_product()
    Organization.objects.update(company=company)
    Offer.objects.update(product=product)
    load(platform.put(make_platform_line(2)))
    assert (line(2).company, line(2).product) == (company, product)
    assert line(2).company_source == "default"
    assert line(1).company is None  # known already: filling it is the mapping's, not the load's


def test_a_line_that_is_another_customers_now_gets_that_ones_mapping() -> None:
    platform = FakePlatform().put(make_platform_line(1))
    mine, theirs = make_company(), make_company()
    Organization.objects.create(platform_id="ORG-1", name="Acme GmbH", company=mine)
    Organization.objects.create(platform_id="ORG-2", name="Other", company=theirs)
    load(platform)
    assert line().company == mine
    platform.change(1, organization=replace(ACME, id="ORG-2", name="Other"))
    load(platform)
    assert (line().company, line().organization_name) == (theirs, "Other")


@pytest.mark.parametrize("closed", [{"psa_status": "synced"}, {"in_flight": True}])
@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(4)},
        {"total_price": Decimal("31.51")},
        {"charge_start_date": date(2026, 5, 2)},
        {"charge_end_date": None},
        {"charge_type": "UsageFee"},
        {"subscription": Subscription(id="SUB-2", name="Other")},
        {"currency": "USD"},
        {"invoice_date": date(2026, 5, 16)},
    ],
)
def test_a_closed_line_never_changes_and_the_difference_is_flagged(
    closed: dict[str, Any], change: dict[str, Any]
) -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    set_line(**closed)
    before = InvoiceLine.objects.values().get()
    original = platform.lines["LINE-1"]
    platform.change(1, **change)
    assert counts(load(platform)) == {"changed_after_sync": 1}
    assert counts(load(platform)) == {"changed_after_sync": 1}
    after = InvoiceLine.objects.values().get()
    assert after == before | {"changed_on_platform": True, "version": before["version"] + 1}
    platform.put(original)
    assert counts(load(platform)) == {"unchanged": 1}
    assert not line().changed_on_platform


def test_an_invoice_that_is_paid_is_no_change_of_a_synced_line() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    set_line(psa_status="synced")
    platform.change(1, invoice_status="Paid")
    assert counts(load(platform)) == {"unchanged": 1}
    assert (line().invoice_status, line().changed_on_platform) == ("Issued", False)


def test_a_line_that_is_open_again_takes_what_was_flagged() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    set_line(in_flight=True)
    platform.change(1, quantity=Decimal(4))
    load(platform)
    set_line(in_flight=False)
    assert counts(load(platform)) == {"updated": 1}
    assert (line().quantity, line().changed_on_platform) == (Decimal(4), False)


def test_a_line_gone_from_the_platform_is_kept_flagged_and_back_when_it_returns() -> None:
    platform = FakePlatform().put(make_platform_line(1), make_platform_line(2))
    load(platform)
    set_line(2, psa_status="synced")
    lines = dict(platform.lines)
    platform.lines.clear()
    result = load(platform)
    assert (counts(result), result.complete) == ({"gone": 2}, True)
    assert (line(1).gone, line(2).gone) == (True, True)
    assert counts(load(platform)) == {"gone": 2}
    assert line(1).version == 2
    platform.lines = lines
    assert counts(load(platform)) == {"updated": 1, "unchanged": 1}
    assert (line(1).gone, line(2).gone) == (False, False)


@pytest.mark.parametrize("status", ["New", "New Corrected"])
def test_lines_of_invoices_that_are_not_final_only_count(status: str) -> None:
    other = Subscription(id="SUB-2", name="Other")
    platform = FakePlatform().put(
        make_platform_line(1, invoice_status=status),
        make_platform_line(2, invoice_status=status, charge_type="UsageFee", subscription=other),
    )
    assert counts(load(platform)) == {"not_final": 2}
    assert not InvoiceLine.objects.exists()
    # Only what recurs keeps a subscription alive.
    assert list(UnfinalSubscription.objects.values_list("month", "subscription_id")) == [
        (MAY, "SUB-1")
    ]
    platform.change(1, invoice_status="Verified")
    assert counts(load(platform)) == {"new": 1, "not_final": 1}
    assert not UnfinalSubscription.objects.exists()


@pytest.mark.parametrize("status", ["Verified", "Issued", "Paid", "Payment Card Error"])
def test_lines_of_final_invoices_are_loaded(status: str) -> None:
    assert counts(load(FakePlatform().put(make_platform_line(invoice_status=status)))) == {"new": 1}


def test_a_line_whose_invoice_is_not_final_any_more_is_gone_until_it_is() -> None:
    platform = FakePlatform().put(make_platform_line())
    load(platform)
    platform.change(1, invoice_status="New Corrected")
    assert counts(load(platform)) == {"gone": 1, "not_final": 1}
    platform.change(1, invoice_status="Issued")
    assert counts(load(platform)) == {"updated": 1}


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
