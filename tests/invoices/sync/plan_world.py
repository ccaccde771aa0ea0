"""Plain values for tests of the pure plan: one customer, one product, one agreement in euros."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from invoices.sync import plan
from invoices.sync.images import AdditionImage

APRIL, MAY, JUNE = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)
SETTINGS = plan.PlanSettings(seller_id="S", installation="kontor", agreement_type_id=2)
COMPANY = plan.Company(id=10, name="Nordwind", usable=True, contact_id=7)
PRODUCT = plan.Product(
    id=20, name="Backup", inactive=False, missing=False, product_class="Agreement", taxable=True
)
AGREEMENT = plan.Agreement(
    id=30,
    name="Cloud",
    company_id=10,
    live=True,
    status="Active",
    currency="EUR",
    bill_start=date(2025, 1, 1),
    next_invoice=MAY,
    prorate=False,
)
DIRECTORY = plan.Directory(
    companies={10: COMPANY},
    products={20: PRODUCT, 21: replace(PRODUCT, id=21, name="Backup Plus")},
    agreements={30: AGREEMENT, 31: replace(AGREEMENT, id=31, name="Cloud 2")},
    own_agreements={},
    owned={},
    currency_ids={"EUR": 1},
    first_months={},
)
# What the subscription's Addition says since April.
IMAGE = AdditionImage(
    product_id=20,
    quantity=Decimal(2),
    unit_price=Decimal(10),
    unit_cost=Decimal(8),
    effective_date=APRIL,
    cancelled_date=None,
    invoice_description="Backup Pro - Cycle Fee",
    taxable=True,
)
OWNED = plan.Owned(
    key="LB-OLD",
    line_id=99,
    last_line_id=99,
    last_period=APRIL,
    subscription_id="SUB-1",
    addition_id=5,
    agreement_id=30,
    image=IMAGE,
)


def line(**overrides: Any) -> plan.Line:
    """The subscription's Cycle Fee of May, as it was in April."""
    values: dict[str, Any] = {
        "id": 1,
        "version": 1,
        "platform_id": "L-1",
        "period": MAY,
        "customer": "Nordwind Logistik",
        "contract_id": "C-1",
        "subscription_id": "SUB-1",
        "subject": "Backup Pro",
        "charge_type": "Cycle Fee",
        "charge_type_shown": "Cycle Fee",
        "custom": False,
        "quantity": Decimal(2),
        "unit_price": Decimal(10),
        "unit_cost": Decimal(8),
        "total_price": Decimal("20.00"),
        "total_cost": Decimal("16.00"),
        "currency": "EUR",
        "start": MAY,
        "end": date(2026, 5, 31),
        "end_source": "none",
        "platform_end": date(2026, 5, 31),
        "company_id": 10,
        "agreement_id": 30,
        "product_id": 20,
    }
    return plan.Line(**values | overrides)


def owning(**changes: Any) -> plan.Directory:
    """With the subscription's Addition open since April; `image_…` changes what it says."""
    image = {name[6:]: value for name, value in changes.items() if name.startswith("image_")}
    rest = {name: value for name, value in changes.items() if not name.startswith("image_")}
    owned = replace(OWNED, **rest, image=replace(IMAGE, **image))
    return replace(DIRECTORY, owned={"SUB-1": owned}, latest_periods={"SUB-1": owned.last_period})
