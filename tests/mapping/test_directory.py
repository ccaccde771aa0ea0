"""Refreshing the directory: what is read, what a failing remote leaves."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

import platform_client.conf
from mapping.models import Organization
from mapping.services.directory_parts import PARTS, window
from platform_client import schemas as platform
from psa_connectwise import schemas as connectwise
from psa_connectwise.models import Agreement, Company
from tests.factories import make_company, make_line, make_offer, make_organization, make_product
from tests.mapping.remotes import (
    BUSY,
    WRONG_KEY,
    FakeConnectWise,
    FakePlatform,
    company,
    organization,
    refresh,
)
from wire.errors import ConfigError
from wire.items import BadItem, Page

pytestmark = pytest.mark.django_db


def test_everything_is_read_in_order_and_told_in_one_sentence(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [
        Page((organization(1, "One"), organization(2, "Two", status="Closed"))),
        Page((organization(3, "Three", reference_number="R3"),)),
    ]
    the_platform.offer_pages = [
        Page((platform.Offer(id="OFF-1", name="Seats", vendor_name="V", sku=None),), total=1)
    ]
    the_psa.pages = {
        "companies": [Page((company(7, "Contoso"),))],
        "agreement_types": [Page((connectwise.AgreementType(id=1, name="Cloud"),))],
        "products": [Page((connectwise.Product(id=5, identifier="P", description="Seats"),))],
        "agreements": [
            Page((connectwise.Agreement(id=8, name="A", company_id=7, status="Cancelled"),))
        ],
    }

    done = refresh(months=2)

    assert done.state == "done"
    assert done.message == (
        "3 organizations (3 new), 1 offer (1 new), 1 agreement type (1 new), "
        "1 company (1 new), 1 product (1 new), 1 agreement (1 new)."
    )
    assert done.counts.keys() == set(PARTS)
    assert the_platform.windows == [(date(2026, 3, 18), date(2026, 5, 31))]
    assert Organization.objects.get(platform_id="ORG-2").status == "Closed"
    assert Agreement.objects.get().company == Company.objects.get()


@pytest.mark.parametrize(
    ("today", "months", "expected"),
    [
        (date(2026, 5, 18), 1, (date(2026, 4, 18), date(2026, 5, 31))),
        (date(2026, 3, 31), 1, (date(2026, 2, 28), date(2026, 3, 31))),
        (date(2024, 3, 31), 1, (date(2024, 2, 29), date(2024, 3, 31))),
        (date(2026, 1, 1), 1, (date(2025, 12, 1), date(2026, 1, 31))),
        (date(2026, 2, 28), 12, (date(2025, 2, 28), date(2026, 2, 28))),
        (date(2026, 5, 18), 16, (date(2025, 1, 18), date(2026, 5, 31))),
    ],
)
def test_the_window_ends_with_this_month(
    today: date, months: int, expected: tuple[date, date]
) -> None:
    assert window(today=today, months=months) == expected


def test_a_second_refresh_changes_nothing(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    refresh()
    before = Organization.objects.values().get()

    again = refresh()

    assert again.message.startswith("1 organization, ")
    assert Organization.objects.values().get() == before


def test_new_names_reach_the_lines(the_platform: FakePlatform, the_psa: FakeConnectWise) -> None:
    known = make_organization(platform_id="ORG-1", name="Old")
    offer = make_offer(platform_id="OFF-1", name="Old offer")
    contoso, product = make_company(connectwise_id=7), make_product(connectwise_id=5)
    given: dict[str, Any] = {
        "organization": known,
        "offer": offer,
        "company": contoso,
        "product": product,
    }
    line = make_line(**given)
    synced = make_line(**given, psa_status="synced")
    custom = make_line(
        **given, invoice_source="custom", subscription_id="", offer_name="Fixed name"
    )
    the_platform.organization_pages = [Page((organization(1, "New", reference_number="N1"),))]
    the_platform.offer_pages = [
        Page((platform.Offer(id="OFF-1", name="New offer", vendor_name="New vendor"),))
    ]
    the_psa.pages = {
        "companies": [Page((company(7, "New company"),))],
        "products": [Page((connectwise.Product(id=5, identifier="P", description="New product"),))],
    }

    refresh()

    for one in (line, synced, custom):
        one.refresh_from_db()
        assert (one.organization_name, one.organization_reference) == ("New", "N1")
        assert (one.vendor_name, one.company_name) == ("New vendor", "New company")
        assert one.product_name == "New product"
    assert (line.offer_name, custom.offer_name) == ("New offer", "Fixed name")
    assert line.version > 1
    assert synced.version == 1


def test_a_bad_item_is_told_and_the_rest_goes_on(
    the_platform: FakePlatform, the_psa: FakeConnectWise, caplog: pytest.LogCaptureFixture
) -> None:
    the_platform.organization_pages = [
        Page((organization(1, "One"),), bad=(BadItem(item_id="ORG-X", reason="name: missing"),)),
        Page((organization(2, "Two"),)),
    ]

    done = refresh()

    assert done.state == "done"
    assert "1 record could not be read: see System Logs." in done.message
    assert "ORG-X can't be read: name: missing" in caplog.text
    assert Organization.objects.count() == 2


def test_a_failing_platform_keeps_what_was_read_and_connectwise_goes_on(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    the_platform.organization_pages = [Page((organization(1, "One"),))]
    the_platform.failing = WRONG_KEY
    the_psa.pages = {"companies": [Page((company(7, "Contoso"),))]}

    done = refresh()

    assert done.state == "failed"
    assert done.message.startswith(
        f"{WRONG_KEY.message} Still read: 0 agreement types, 1 company (1 new)"
    )
    assert the_platform.windows == []
    assert Organization.objects.exists()
    assert Company.objects.exists()


def test_a_busy_connectwise_leaves_a_response_error_until_it_answers(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    mapped = make_organization(company=make_company(connectwise_id=7))
    offer = make_offer(product=make_product(connectwise_id=5))
    unmapped = make_organization()
    the_psa.failing = BUSY

    refresh()

    for one in (mapped, offer, unmapped):
        one.refresh_from_db()
    assert mapped.response_error == offer.response_error == BUSY.message
    assert unmapped.response_error == ""
    assert mapped.company is not None

    the_psa.failing = None
    the_psa.pages = {"companies": [Page((company(7, "Contoso"),))]}
    refresh(parts=["companies"])

    mapped.refresh_from_db()
    offer.refresh_from_db()
    assert (mapped.response_error, offer.response_error) == ("", BUSY.message)


def test_what_connectwise_confirmed_before_it_failed_is_no_response_error(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    mapped = make_organization(company=make_company(connectwise_id=7))
    offer = make_offer(product=make_product(connectwise_id=5))
    the_psa.pages = {"companies": [Page((company(7, "Contoso"),))]}
    the_psa.failing, the_psa.failing_at = BUSY, "products"

    refresh(parts=["companies", "products", "agreements"])

    mapped.refresh_from_db()
    offer.refresh_from_db()
    assert (mapped.response_error, offer.response_error) == ("", BUSY.message)


def test_a_deleted_company_is_told_with_those_that_are_mapped_to_it(
    the_platform: FakePlatform, the_psa: FakeConnectWise, caplog: pytest.LogCaptureFixture
) -> None:
    gone = make_company(connectwise_id=7)
    for name in ("Anchor", "Bridge", "Castle", "Dome"):
        make_organization(name=name, company=gone)
    make_organization(company=make_company(connectwise_id=8))
    deleted = replace(company(7, "Contoso"), deleted=True)
    the_psa.pages = {"companies": [Page((deleted, company(8, "Fabrikam")))]}

    done = refresh(parts=["companies"])

    told = (
        "Anchor, Bridge, Castle and 1 more are mapped to a company that is deleted or inactive in "
        "ConnectWise: map them to another one (Organizations, filter Gone)."
    )
    assert done.state == "done"
    assert done.message.endswith(told)
    assert told in caplog.text
    assert Organization.objects.filter(company=gone).count() == 4


def test_wrong_keys_are_no_response_error(
    the_platform: FakePlatform, the_psa: FakeConnectWise
) -> None:
    mapped = make_organization(company=make_company())
    the_psa.failing = ConfigError("Wrong keys.", service="ConnectWise")

    refresh()

    mapped.refresh_from_db()
    assert mapped.response_error == ""


def test_a_mistake_of_ours_ends_the_refresh_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(platform_client.conf, "get_client", lambda: None)

    done = refresh()

    assert done.state == "failed"
    assert done.message.startswith("Something went wrong; what had been read is kept.")
    assert "Traceback" in caplog.text
