"""ConnectWise's loose spelling becomes exact values."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from psa_connectwise.schemas import ADDITION, AGREEMENT, COMPANY, PRODUCT, Addition
from tests.psa_connectwise.wire_data import (
    make_addition,
    make_agreement,
    make_company,
    make_product,
)
from wire.items import read_item, read_page


def read(**overrides: Any) -> Addition:
    return read_item(ADDITION, make_addition(**overrides))


def test_an_addition_is_read_with_exact_money() -> None:
    addition = read()
    assert (addition.product_id, addition.agreement_id) == (5, 3)
    assert (addition.unit_price, addition.ext_price) == (Decimal("5.2456"), Decimal("15.74"))
    assert addition.effective_date == dt.date(2026, 5, 1)
    assert addition.taxable is True


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("field", ["cancelledDate", "effectiveDate"])
def test_a_date_that_is_not_set_is_none(field: str, value: object) -> None:
    record = make_addition(**{field: value})
    assert getattr(read_item(ADDITION, record), _snake(field)) is None
    del record[field]
    assert getattr(read_item(ADDITION, record), _snake(field)) is None


@pytest.mark.parametrize(
    "value", ["2026-05-31T00:00:00Z", "2026-05-31T23:30:00Z", "2026-05-31", "2026-05-31T00:00:00"]
)
def test_a_date_is_the_day_as_written_and_never_shifted(value: str) -> None:
    assert read(effectiveDate=value).effective_date == dt.date(2026, 5, 31)


@pytest.mark.parametrize("value", ["5/31/2026", "soon", 20260531])
def test_a_date_that_can_not_be_read_makes_the_record_bad(value: object) -> None:
    (bad,) = read_page(ADDITION, [make_addition(effectiveDate=value)]).bad
    assert bad.item_id == "7"
    assert bad.reason.startswith("effectiveDate")


@pytest.mark.parametrize("text", ["15.740000000000002", "0.1", "-3", "1E+2", "0"])
def test_amounts_are_taken_as_they_are(text: str) -> None:
    assert read(extPrice=Decimal(text)).ext_price == Decimal(text)


@pytest.mark.parametrize("text", ["1E+999999", "1E-999999", "NaN", "Infinity"])
def test_an_absurd_amount_makes_the_record_bad(text: str) -> None:
    (bad,) = read_page(ADDITION, [make_addition(extPrice=Decimal(text))]).bad
    assert bad.reason.startswith("extPrice")


def test_nulls_stand_for_nothing() -> None:
    addition = read(
        serialNumber=None, taxableFlag=None, quantity=None, product=None, customFields=None
    )
    assert (addition.serial_number, addition.taxable, addition.quantity) == ("", False, None)
    assert addition.product_id is None
    assert addition.custom_fields == {}


def test_custom_fields_are_at_hand_by_caption_and_as_they_came() -> None:
    addition = read()
    assert addition.custom_fields == {"Subscription ID": "s-1"}
    assert addition.custom_fields_raw == tuple(make_addition()["customFields"])


def test_references_are_flattened() -> None:
    agreement = read_item(AGREEMENT, make_agreement(parentAgreement={"id": 2, "name": "P"}))
    assert (agreement.company_id, agreement.type_id, agreement.parent_id) == (9, 2, 2)
    assert (agreement.currency_id, agreement.currency_code) == (1, "EUR")
    assert (agreement.status, agreement.no_end) == ("Active", True)
    company = read_item(COMPANY, make_company(site=None))
    assert (company.default_contact_id, company.site_id, company.status) == (11, None, "Active")


def test_a_reference_without_its_name_does_not_pass_for_it() -> None:
    assert read_item(COMPANY, make_company(status={"id": 1})).status == ""


@pytest.mark.parametrize("number", [0, -1, 2**31, "x", None])
def test_a_record_without_a_usable_id_is_bad(number: object) -> None:
    assert len(read_page(PRODUCT, [make_product(id=number), make_product()]).bad) == 1


def test_a_name_with_nul_is_one_bad_record() -> None:
    page = read_page(COMPANY, [make_company(name="a\x00"), make_company(id=10)])
    assert (page.bad[0].item_id, page.items[0].id) == ("9", 10)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
