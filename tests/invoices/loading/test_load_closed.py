"""What a load never changes but flags: synced lines, lines that are gone, lines not final (P16, P17)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.models import (
    InvoiceLine,
    UnfinalSubscription,
)
from platform_client.schemas import Subscription
from tests.invoices.loading.fake_platform import (
    MAY,
    FakePlatform,
    load,
    make_platform_line,
)
from tests.invoices.loading.loaded import counts, line, set_line

pytestmark = pytest.mark.django_db


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
