"""What the tests of the two tabs share."""

from typing import Any

import pytest
from django.urls import reverse

from mapping.models import Offer, Organization
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from psa_connectwise.models import Company, Product
from tests.factories import make_company, make_offer, make_organization, make_product

HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>'\"&"
BOTH = pytest.mark.parametrize("tab", [ORGANIZATIONS, PRODUCTS], ids=lambda tab: tab.key)


def make_record(tab: Tab, **overrides: Any) -> Organization | Offer:
    return make_organization(**overrides) if tab is ORGANIZATIONS else make_offer(**overrides)


def make_target(tab: Tab, **overrides: Any) -> Company | Product:
    return make_company(**overrides) if tab is ORGANIZATIONS else make_product(**overrides)


def make_pair(tab: Tab, name: str, **target: Any) -> tuple[Organization | Offer, Any]:
    """A record and what it may be in ConnectWise, of one name."""
    return make_record(tab, name=name), make_target(tab, name=name, **target)


def mapped(record: Organization | Offer) -> Any:
    """What it is mapped to by now."""
    record.refresh_from_db()
    return record.company if isinstance(record, Organization) else record.product


def url(tab: Tab, name: str = "", pk: int | None = None) -> str:
    suffix = f"_{name}" if name else ""
    return reverse(f"mapping:{tab.key}{suffix}", args=[pk] if pk else [])
