"""An Addition's fields in words, before and after."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoices.sync.image_fields import LABELS, exact, field_changes, product_ids
from invoices.sync.images import AdditionImage

IMAGE = AdditionImage(
    product_id=602,
    quantity=Decimal(3),
    unit_price=Decimal("1234.5"),
    unit_cost=Decimal("0.0825"),
    effective_date=date(2026, 5, 1),
    cancelled_date=None,
    invoice_description="Backup Pro - Cycle Fee",
    taxable=True,
)


def test_each_field_of_the_image_has_a_name() -> None:
    assert [one.name for one in field_changes(None, IMAGE)] == list(LABELS)


def test_what_is_made_has_no_before() -> None:
    told = {one.label: one for one in field_changes(None, IMAGE, {602: "Backup"})}

    assert all(one.before == "" and one.changed for one in told.values())
    assert {label: one.after for label, one in told.items()} == {
        "Product": "Backup (602)",
        "Quantity": "3",
        "Unit price": "1,234.50",
        "Unit cost": "0.0825",
        "Effective date": "2026-05-01",
        "Cancelled date": "none",
        "Invoice description": "Backup Pro - Cycle Fee",
        "Taxable": "Yes",
        "Bill customer": "Billable",
    }


def test_only_what_differs_is_changed() -> None:
    after = replace(IMAGE, quantity=Decimal(4), cancelled_date=date(2026, 5, 31))

    changed = {
        one.name: (one.before, one.after) for one in field_changes(IMAGE, after) if one.changed
    }

    assert changed == {"quantity": ("3", "4"), "cancelled_date": ("none", "2026-05-31")}


def test_a_product_that_nobody_names_keeps_its_number() -> None:
    assert field_changes(IMAGE, None)[0].before == "602"
    assert product_ids(IMAGE, None, replace(IMAGE, product_id=7)) == {602, 7}


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("3.000000", 0, "3"),
        ("0.5", 0, "0.5"),
        ("-12.5", 2, "-12.50"),
        ("1234567.1234", 2, "1,234,567.1234"),
    ],
)
def test_nothing_is_rounded(value: str, places: int, text: str) -> None:
    assert exact(Decimal(value), places=places) == text
