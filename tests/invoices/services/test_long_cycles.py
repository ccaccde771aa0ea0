"""An annual licence on a monthly agreement ends after one period once a user takes the offer (P45)."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User

from invoices.models import InvoiceLine, InvoiceSettings
from invoices.services.lines import LinesRefused
from invoices.services.long_cycles import end_after_one_period, offered_ends
from invoices.sync.planning import preview
from platform_client.models import PlatformSettings
from tests.factories import make_agreement, make_line, make_product

MAY_31 = date(2026, 5, 31)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def mapped(db: None) -> dict[str, Any]:
    """A monthly agreement in euros, and all else that a Mapped line needs."""
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-77")
    agreement = make_agreement(currency_code="EUR", billing_cycle="Monthly")
    return {
        "company": agreement.company,
        "agreement": agreement,
        "product": make_product(),
        "currency": "EUR",
    }


def licence(mapped: dict[str, Any], **overrides: Any) -> InvoiceLine:
    values = {"charge_type": "Cycle Fee", "billing_cycle": "Annual"}
    line = make_line(**mapped | values | overrides)
    line.refresh_from_db()
    return line


def test_the_offered_end_becomes_the_users_end(mapped: dict[str, Any], user: User) -> None:
    """Also where the Platform's own end, which is not sent, is that day."""
    ends = [date(2027, 4, 30), MAY_31]
    lines = [licence(mapped, subscription_id=str(end), charge_end_date=end) for end in ends]
    monthly = licence(mapped, subscription_id="S9", billing_cycle="Monthly")
    before = monthly.charge_end_date

    changed = end_after_one_period(
        seen={line.pk: line.version for line in [*lines, monthly]}, user=user
    )

    assert changed == 2
    for line in lines:
        line.refresh_from_db()
        assert (line.charge_end_date, line.charge_end_date_source) == (MAY_31, "user")
        assert line.last_edit
        assert line.last_edit.user == user
    monthly.refresh_from_db()
    assert (monthly.charge_end_date, monthly.charge_end_date_source) == (before, "none")
    planned = preview(date(2026, 5, 1))
    assert not any(one.warnings for one in planned)
    assert {one.image.cancelled_date for one in planned if one.image} == {MAY_31, None}


def test_each_line_gets_the_end_of_its_own_period(mapped: dict[str, Any]) -> None:
    may = licence(mapped, subscription_id="S1")
    quarterly = make_agreement(
        company=mapped["company"], currency_code="EUR", billing_cycle="Quarterly"
    )
    quarter = licence(mapped, subscription_id="S2", agreement=quarterly)
    june = licence(
        mapped,
        subscription_id="S3",
        period=date(2026, 6, 1),
        charge_start_date=date(2026, 6, 12),
    )

    assert offered_ends([may.pk, quarter.pk, june.pk]) == {
        may.pk: MAY_31,
        quarter.pk: date(2026, 7, 31),
        june.pk: date(2026, 6, 30),
    }


def test_one_that_ends_already_or_by_the_setting_is_offered_none(mapped: dict[str, Any]) -> None:
    ended = licence(
        mapped, subscription_id="S1", charge_end_date=MAY_31, charge_end_date_source="user"
    )
    running = licence(mapped, subscription_id="S2")
    assert offered_ends([ended.pk, running.pk]) == {running.pk: MAY_31}

    InvoiceSettings.load()
    InvoiceSettings.objects.update(end_long_cycles=True)

    assert offered_ends([ended.pk, running.pk]) == {}


def test_all_or_none_where_somebody_changed_one_meanwhile(
    mapped: dict[str, Any], user: User
) -> None:
    lines = [licence(mapped, subscription_id=f"S{n}") for n in range(2)]
    seen = {lines[0].pk: lines[0].version, lines[1].pk: lines[1].version + 7}

    with pytest.raises(LinesRefused):
        end_after_one_period(seen=seen, user=user)

    ends = InvoiceLine.objects.values_list("charge_end_date_source", flat=True)
    assert set(ends) == {"none"}


def test_a_synced_line_is_offered_none(mapped: dict[str, Any], user: User) -> None:
    line = licence(mapped, subscription_id="S1", psa_status="synced")

    assert end_after_one_period(seen={line.pk: None}, user=user) == 0
