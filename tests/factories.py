"""Rows for tests: each maker fills what a test doesn't say, with a number that never repeats."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from integration.roles import VIEWER
from invoices.models import InvoiceLine
from mapping.models import Offer, Organization
from psa_connectwise.models import Agreement, AgreementType, Company, Product
from psa_connectwise.text import normalise

# Far from the ids that tests write out.
numbers = count(1_000_001)


def make_user(*permissions: str, role: str = VIEWER, **overrides: Any) -> User:
    """A user with `permissions` such as "mapping.edit_mappings"; `role` "" is none."""
    user = User.objects.create_user(**{"username": f"user-{next(numbers)}", **overrides})
    if role:
        user.groups.add(Group.objects.get(name=role))
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def make_company(**overrides: Any) -> Company:
    number = next(numbers)
    values = {"connectwise_id": number, "name": f"Company {number}", "identifier": f"C{number}"}
    return Company.objects.create(**_searchable(values | overrides))


def make_product(**overrides: Any) -> Product:
    number = next(numbers)
    values = {"connectwise_id": number, "name": f"Product {number}", "identifier": f"P-{number}"}
    return Product.objects.create(**_searchable(values | overrides))


def make_agreement_type(**overrides: Any) -> AgreementType:
    number = next(numbers)
    return AgreementType.objects.create(
        **_searchable({"connectwise_id": number, "name": f"Type {number}"} | overrides)
    )


def make_agreement(**overrides: Any) -> Agreement:
    """A live agreement in US dollars; of a company of its own unless one is given."""
    number = next(numbers)
    values: dict[str, Any] = {
        "connectwise_id": number,
        "name": f"Agreement {number}",
        "status": "Active",
        "start_date": date(2025, 1, 1),
        "bill_start_date": date(2025, 1, 1),
        "no_end": True,
        "currency_id": 1,
        "currency_code": "USD",
    } | overrides
    if "company" not in values:
        values["company"] = make_company()
    return Agreement.objects.create(**_searchable(values))


def make_organization(**overrides: Any) -> Organization:
    number = next(numbers)
    values = {
        "platform_id": f"ORG-{number}",
        "name": f"Organization {number}",
        "reference_number": f"R{number}",
    }
    return Organization.objects.create(**{**values, **overrides})


def make_offer(**overrides: Any) -> Offer:
    number = next(numbers)
    values = {
        "platform_id": f"OFF-{number}",
        "name": f"Offer {number}",
        "vendor_name": "Vendor",
    }
    return Offer.objects.create(**{**values, **overrides})


def make_line(**overrides: Any) -> InvoiceLine:
    """An unmapped, unsynced Cycle Fee of May 2026; copies of names follow from what is given."""
    number = next(numbers)
    values: dict[str, Any] = {
        "platform_id": f"LINE-{number}",
        "period": date(2026, 5, 1),
        "invoice_id": f"INV-{number}",
        "invoice_date": date(2026, 5, 10),
        "invoice_status": "Issued",
        "invoice_source": InvoiceLine.Source.STANDARD,
        "contract_id": "CON-1",
        "subscription_id": f"SUB-{number}",
        "subscription_name": f"Subscription {number}",
        "billing_cycle": "Monthly",
        "commitment_term": "1 Month",
        "charge_type": "Cycle Fee",
        "quantity": Decimal(1),
        "unit_cost": Decimal(8),
        "unit_price": Decimal(10),
        "total_cost": Decimal(8),
        "total_price": Decimal(10),
        "currency": "USD",
        "platform_start_date": date(2026, 5, 1),
        "platform_end_date": date(2026, 5, 31),
    } | overrides
    if "organization" not in values:
        values["organization"] = make_organization()
    if "offer" not in values:
        values["offer"] = make_offer()
    return InvoiceLine.objects.create(**{**_dates(values), **_copies(values), **values})


def _dates(values: dict[str, Any]) -> dict[str, Any]:
    start, end = values["platform_start_date"], values["platform_end_date"]
    return {
        "automatic_start_date": start,
        "automatic_end_date": end,
        "charge_start_date": start,
        "charge_end_date": end,
    }


def _copies(values: dict[str, Any]) -> dict[str, Any]:
    organization, offer = values["organization"], values["offer"]
    copies = {
        "organization_name": organization.name,
        "organization_reference": organization.reference_number,
        "offer_name": offer.name,
        "offer_platform_id": offer.platform_id,
        "vendor_name": offer.vendor_name,
    }
    for name in ("company", "product"):
        if record := values.get(name):
            copies |= {f"{name}_name": record.name, f"{name}_connectwise_id": record.connectwise_id}
    if agreement := values.get("agreement"):
        copies["agreement_name"] = agreement.name
    return copies


def _searchable(values: dict[str, Any]) -> dict[str, Any]:
    """A directory record as a refresh writes it."""
    text = normalise(values["name"], values.get("identifier", ""))
    return {"search_name": text, "updated_at": timezone.now()} | values
