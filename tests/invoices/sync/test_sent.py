"""From the rows and the settings to what is sent, and to the words about it (P41, P43, P44, P46, P47)."""

import logging
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.models import ChargeTypeName, InvoiceLine, Posting
from invoices.sync import planning
from invoices.sync.states import RunState
from psa_connectwise.models import Agreement, Company, ConnectWiseSettings
from tests.invoices.sync.world import JUNE, MAY, World, fresh, settle_later, sync

Status = InvoiceLine.Status
FIELD = "Platform reference"


def errors(caplog: pytest.LogCaptureFixture) -> list[tuple[str, object]]:
    """What System Logs would say, and the line each entry leads to."""
    found = [one for one in caplog.records if one.levelno == logging.ERROR]
    return [(one.getMessage(), one.__dict__.get("line")) for one in found]


def carrying(world: World, key: str) -> list[dict[str, Any]]:
    """The Additions that have the key in the custom field."""
    fields = [(one, one.get("customFields", ())) for one in world.store.all("additions")]
    return [one for one, custom in fields if (FIELD, key) in _values(custom)]


def _values(custom: Iterable[dict[str, Any]]) -> set[tuple[object, object]]:
    return {(one.get("caption"), one.get("value")) for one in custom}


def test_the_charge_type_is_sent_under_its_display_name(world: World) -> None:
    ChargeTypeName.objects.create(charge_type="One Time Fee", display_name="Setup")
    world.line(subscription_name="Backup Pro")

    sync()

    (addition,) = world.additions()
    assert addition["invoiceDescription"] == "Backup Pro - Setup"


def test_without_a_subscription_it_is_named_after_the_offer(world: World) -> None:
    line = world.line(subscription_id="", subscription_name="")

    sync()

    (addition,) = world.additions()
    assert addition["invoiceDescription"] == f"{line.offer_name} - One Time Fee"


def test_prices_are_sent_with_as_many_places_as_the_setting_says(world: World) -> None:
    price = {"unit_price": Decimal("5.2456"), "total_price": Decimal("15.74")}
    four = world.line(**price)
    sync(four)
    ConnectWiseSettings.objects.update(price_decimals=2)
    two = world.line(**price)
    sync(two)

    assert Decimal(str(world.addition(four)["unitPrice"])) == Decimal("5.2456")
    assert world.addition(two)["quantity"] == 1
    assert Decimal(str(world.addition(two)["unitPrice"])) == Decimal("15.74")


def test_a_line_of_a_custom_invoice_ends_with_the_platforms_end(world: World) -> None:
    line = world.line(
        invoice_source="custom", charge_type="Correction", platform_end_date=date(2026, 7, 4)
    )

    sync()

    (addition,) = world.additions()
    assert addition["id"] == fresh(line).addition_id
    assert addition["cancelledDate"] == "2026-07-04T00:00:00Z"
    assert addition["invoiceDescription"].endswith(" - Correction")


def test_a_custom_field_carries_the_reference_and_is_read_back(world: World) -> None:
    ConnectWiseSettings.objects.update(reference_field=FIELD)
    line = world.line()
    world.script("lost_reply")

    sync()
    settle_later()

    posting = Posting.objects.get()
    (addition,) = carrying(world, posting.key)
    assert posting.reference_field == FIELD
    assert not addition.get("serialNumber")
    assert (fresh(line).psa_status, fresh(line).addition_id) == (Status.SYNCED, addition["id"])


def test_the_custom_field_is_known_from_other_agreements_and_from_earlier_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer's first Addition goes into an agreement that has none to read the field off."""
    ConnectWiseSettings.objects.update(reference_field=FIELD)
    assert not world.store.all("additions", world.agreement.connectwise_id)
    first = sync(world.line())
    monkeypatch.setattr(planning, "MOST_OTHERS", 0)

    second = sync(world.line(create_agreement=True))

    assert (first.state, second.state) == (RunState.FINISHED, RunState.FINISHED)
    keys = Posting.objects.values_list("key", flat=True)
    assert [len(carrying(world, key)) for key in keys] == [1, 1]


def test_a_custom_field_that_nobody_sees_stops_the_run_with_the_fix(world: World) -> None:
    ConnectWiseSettings.objects.update(reference_field="Nowhere")
    line = world.line()

    run = sync()

    assert (run.state, fresh(line).psa_status) == (RunState.FAILED, Status.NOT_SYNCED)
    assert "the custom field “Nowhere”. Choose serialNumber" in run.message


def test_a_posting_keeps_its_field_when_another_one_is_chosen(world: World) -> None:
    world.monthly(MAY)
    sync()
    ConnectWiseSettings.objects.update(reference_field=FIELD)
    june = world.monthly(
        JUNE, quantity=5, total_price=Decimal("62.50"), total_cost=Decimal("41.25")
    )
    other = world.line(period=JUNE)

    sync(period=JUNE)

    old, new = world.addition(june), fresh(other).posting
    kept = Posting.objects.get(addition_id=old["id"])
    assert (old["quantity"], old["serialNumber"]) == (5, kept.key)
    assert kept.reference_field == "serialNumber"
    assert new and new.reference_field == FIELD


def test_the_currency_of_a_new_agreement_may_be_known_from_companies_alone(world: World) -> None:
    francs = Agreement.objects.filter(currency_code="CHF").values_list("currency_id", flat=True)
    number = francs[0]
    company = Company.objects.filter(agreements__pk=world.agreement.pk)
    company.update(currency_code="CHF", currency_id=number)
    francs.update(currency_code="EUR", currency_id=world.agreement.currency_id)
    line = world.line(create_agreement=True, currency="CHF")

    sync()

    made = fresh(line).agreement
    assert made
    assert world.store.find("agreements", made.connectwise_id)["currency"]["id"] == number


def test_a_price_that_is_stored_otherwise_is_an_error_in_the_log_and_on_the_row(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    line = world.line(unit_price=Decimal("0.1234"), total_price=Decimal("0.37"))
    world.connectwise.faults.set(store_price_places=2)

    sync()

    assert fresh(line).psa_status == Status.ERROR
    assert "unit price is 0.12, not 0.1234" in fresh(line).error
    ((told, of),) = errors(caplog)
    assert "unit price is 0.12, not 0.1234" in told
    assert of == line.platform_id


@pytest.mark.parametrize("by", ["the plan", "ConnectWise"])
def test_whoever_refuses_a_line_its_reason_stands_in_the_system_logs(
    world: World, caplog: pytest.LogCaptureFixture, by: str
) -> None:
    line = world.line(currency="SEK" if by == "the plan" else "EUR")
    if by == "ConnectWise":
        world.store.edit(
            "agreements", world.agreement.connectwise_id, billStartDate="2026-06-01T00:00:00Z"
        )

    sync()

    assert fresh(line).psa_status == Status.ERROR
    assert errors(caplog) == [
        (f"{line.platform_id} was not posted: {fresh(line).error}", line.platform_id)
    ]
