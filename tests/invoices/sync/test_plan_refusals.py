"""What ConnectWise is known to refuse, or would bill wrongly, is refused by the plan first, with the fix."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoices.sync import plan
from invoices.sync.states import OperationKind, OperationState
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    COMPANY,
    DIRECTORY,
    JUNE,
    MAY,
    PRODUCT,
    SETTINGS,
    line,
    owning,
)

Kind, State = OperationKind, OperationState


def plan_one(
    of: plan.Line,
    directory: plan.Directory = DIRECTORY,
    settings: plan.PlanSettings = SETTINGS,
) -> plan.Planned:
    (*_, planned) = plan.make_plan([of], directory, settings)
    return planned


def agreement(**changes: Any) -> plan.Directory:
    return replace(DIRECTORY, agreements={30: replace(AGREEMENT, **changes)})


def product(**changes: Any) -> plan.Directory:
    return replace(DIRECTORY, products={20: replace(PRODUCT, **changes)})


def company(**changes: Any) -> plan.Directory:
    return replace(DIRECTORY, companies={10: replace(COMPANY, **changes)})


NO_CURRENCY = agreement(currency="")


@pytest.mark.parametrize(
    ("directory", "code", "words"),
    [
        (product(inactive=True), "product_inactive", "Product inactive: Backup. Activate it"),
        (product(product_class="Bundle"), "product_bundle", "is a bundle"),
        (product(missing=True), "product_gone", "no longer in ConnectWise's catalog. Map"),
        (replace(DIRECTORY, products={}), "product_gone", "Map the offer to another product."),
        (company(usable=False), "company_gone", "Nordwind is deleted in ConnectWise. Map"),
        (replace(DIRECTORY, companies={}), "company_gone", "to another company."),
        (replace(DIRECTORY, agreements={}), "agreement_gone", "Choose another one."),
        (agreement(company_id=11), "agreement_of_another_company", "of this company's."),
        (agreement(company_id=None), "agreement_of_another_company", "of this company's."),
        (agreement(live=False, status="Expired"), "agreement_not_active", "is expired"),
        (agreement(live=False, status="Cancelled"), "agreement_not_active", "is cancelled"),
        (agreement(live=False, status="Inactive"), "agreement_not_active", "is inactive"),
        (agreement(live=False, status=""), "agreement_not_active", "is not active"),
        (agreement(end=date(2026, 4, 30)), "agreement_ended", "ends on 2026-04-30"),
        (agreement(currency="USD"), "currency_differs", "The line is in EUR, agreement Cloud in USD"),
        (NO_CURRENCY, "currency_unknown", "Set it in ConnectWise"),
        (
            replace(NO_CURRENCY, companies={10: replace(COMPANY, currency="USD")}),
            "currency_differs",
            "agreement Cloud in USD",
        ),
        (agreement(bill_start=date(2026, 5, 2)), "before_billing_start", "2026-05-02"),
        (agreement(next_invoice=JUNE), "period_invoiced", "on or after that day"),
        (agreement(next_invoice=date(2026, 5, 2)), "period_invoiced", "does not prorate"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_with_the_fix(
    directory: plan.Directory, code: str, words: str
) -> None:
    planned = plan_one(line(), directory)

    assert (planned.kind, planned.state, planned.code) == (Kind.CREATE, State.REFUSED, code)
    assert words in planned.reason
    assert planned.image is None


@pytest.mark.parametrize(
    "directory",
    [
        DIRECTORY,
        agreement(bill_start=MAY),
        agreement(next_invoice=MAY),
        agreement(next_invoice=JUNE, prorate=True),
        agreement(bill_start=None, next_invoice=None),
        agreement(end=MAY),
        replace(NO_CURRENCY, companies={10: replace(COMPANY, currency="EUR")}),
        # Nothing there names a currency: there is only one.
        replace(NO_CURRENCY, currency_ids={}),
        product(product_class="Service"),
    ],
)
def test_what_connectwise_takes_is_planned(directory: plan.Directory) -> None:
    assert plan_one(line(), directory).state == State.PLANNED


@pytest.mark.parametrize(
    ("overrides", "code", "words"),
    [
        ({"outdated": True}, "changed_on_platform", "Load May 2026 again"),
        ({"currency": "USD"}, "currency_differs", "Choose an agreement in USD."),
        ({"company_id": 11}, "company_gone", "Map the organization"),
        ({"subject": "x" * 6000}, "text_too_long", "6,012 characters"),
        ({"charge_type_shown": "x" * 5990}, "text_too_long", "ConnectWise takes 6,000"),
        (
            {"subject": "x" * 5990, "charge_type_shown": "y" * 7, "total_price": Decimal(1)},
            "text_too_long",
            "6,016 characters",
        ),
    ],
)
def test_a_line_that_can_not_be_sent_as_it_is(
    overrides: dict[str, Any], code: str, words: str
) -> None:
    planned = plan_one(line(**overrides))

    assert (planned.state, planned.code) == (State.REFUSED, code)
    assert words in planned.reason


def test_a_text_as_long_as_connectwise_takes_is_sent() -> None:
    planned = plan_one(line(subject="x" * (6000 - len(" - Cycle Fee"))))

    assert planned.image
    assert len(planned.image.invoice_description) == 6000


@pytest.mark.parametrize(
    ("overrides", "directory", "settings", "code", "words"),
    [
        ({}, DIRECTORY, {"agreement_type_id": None}, "no_agreement_type", "Choose one in Settings"),
        (
            {},
            DIRECTORY,
            {"agreement_type_name": "Old", "agreement_type_usable": False},
            "no_agreement_type",
            "Agreement Type Old is inactive",
        ),
        ({}, company(contact_id=None), {}, "no_contact", "Set one there."),
        ({"currency": "JPY"}, DIRECTORY, {}, "currency_unknown", "Choose an existing agreement."),
        ({"contract_id": "C" * 101}, DIRECTORY, {}, "contract_too_long", "101 characters"),
        ({"contract_id": ""}, DIRECTORY, {}, "no_contract", "Choose an existing agreement."),
        ({}, company(usable=False), {}, "company_gone", "deleted"),
        ({}, product(inactive=True), {}, "product_inactive", "Activate"),
    ],
)
def test_an_agreement_that_can_not_be_made_is_not_planned(
    overrides: dict[str, Any],
    directory: plan.Directory,
    settings: dict[str, Any],
    code: str,
    words: str,
) -> None:
    of = line(agreement_id=None, **overrides)

    (planned,) = plan.make_plan([of], directory, replace(SETTINGS, **settings))

    assert (planned.state, planned.code) == (State.REFUSED, code)
    assert words in planned.reason


def test_a_name_of_a_hundred_characters_is_made() -> None:
    first, _ = plan.make_plan([line(agreement_id=None, contract_id="C" * 100)], DIRECTORY, SETTINGS)

    assert first.kind == Kind.CREATE_AGREEMENT


def test_one_that_exists_is_found_though_none_could_be_made() -> None:
    directory = replace(
        DIRECTORY, own_agreements={plan.AgreementSlot(10, "EUR", "C-1"): 30}, currency_ids={}
    )

    planned = plan_one(
        line(agreement_id=None), directory, replace(SETTINGS, agreement_type_usable=False)
    )

    assert (planned.state, planned.agreement_id) == (State.PLANNED, 30)


def test_a_refused_line_does_not_hold_up_the_others() -> None:
    lines = [line(id=1, currency="USD"), line(id=2, subscription_id="S2")]

    refused, planned = plan.make_plan(lines, DIRECTORY, SETTINGS)

    assert (refused.state, planned.state) == (State.REFUSED, State.PLANNED)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"live": False, "status": "Expired"}, "agreement_not_active"),
        ({"end": date(2026, 4, 30)}, "agreement_ended"),
        ({"currency": "USD"}, "currency_differs"),
        ({"bill_start": MAY}, "before_billing_start"),
    ],
)
def test_an_update_is_held_to_the_same(change: dict[str, Any], code: str) -> None:
    directory = replace(owning(), agreements={30: replace(AGREEMENT, **change)})

    planned = plan_one(line(subject="Backup Max"), directory)

    assert (planned.state, planned.code) == (State.REFUSED, code)


def test_but_not_to_invoiced_periods_for_its_start_stays() -> None:
    directory = replace(owning(), agreements={30: replace(AGREEMENT, next_invoice=JUNE)})

    assert plan_one(line(subject="Backup Max"), directory).kind == Kind.UPDATE


def test_unless_its_own_line_moves_the_start_into_one() -> None:
    directory = owning(line_id=1, last_line_id=1, last_period=MAY)
    directory = replace(directory, agreements={30: replace(AGREEMENT, next_invoice=JUNE)})

    assert plan_one(line(), directory).code == "period_invoiced"


@pytest.mark.parametrize("what", [{"product_id": 21}, {"agreement_id": 31}])
def test_a_move_that_can_not_be_made_ends_nothing(what: dict[str, int]) -> None:
    closed = replace(AGREEMENT, next_invoice=JUNE)
    directory = replace(owning(), agreements={30: closed, 31: replace(closed, id=31)})

    (planned,) = plan.make_plan([line(**what)], directory, SETTINGS)

    assert (planned.state, planned.code) == (State.REFUSED, "period_invoiced")
