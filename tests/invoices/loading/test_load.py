"""What a load brings in, and what users did that it leaves alone (P16, P17)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from mapping.models import Offer, Organization
from tests.factories import make_company, make_product
from tests.invoices.loading.fake_platform import (
    ACME,
    MAY,
    FakePlatform,
    load,
    make_platform_line,
)
from tests.invoices.loading.loaded import counts, line, set_line, stored_rows

pytestmark = pytest.mark.django_db


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


def test_a_known_line_that_changes_is_not_filled_by_the_load() -> None:
    platform = FakePlatform().put(make_platform_line(1))
    load(platform)
    Organization.objects.update(company=make_company())
    platform.change(1, quantity=Decimal(9))
    load(platform)
    assert (line().quantity, line().company, line().company_source) == (
        Decimal(9),
        None,
        "none",
    )


def updates_so_far() -> int:
    """Rows of lines that this session updated and has not reported yet, earlier tests' too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_tuples_updated('invoices_invoiceline'::regclass)")
        return int(cursor.fetchone()[0])


def test_new_lines_are_written_with_their_mappings_and_not_once_more() -> None:
    """A second write would be one into each index."""
    platform = FakePlatform().put(make_platform_line(1))
    Organization.objects.create(platform_id="ORG-1", name="Acme GmbH", company=make_company())
    before = updates_so_far()
    load(platform)
    assert updates_so_far() == before
    assert line().company_source == "default"


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
