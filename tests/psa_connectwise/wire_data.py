"""ConnectWise's records in its own spelling, what is sent to make one, and a client to meet them."""

import datetime as dt
from decimal import Decimal
from typing import Any

import simplejson

from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.payloads import NewAddition, NewAgreement

Record = dict[str, Any]

SITE = "https://na.myconnectwise.net"
LOGIN = f"{SITE}/login/companyinfo/acme"
ROOT = "https://api-na.myconnectwise.net/v2026_4/apis/3.0"
SECRETS = ("public-0123456789", "private-0123456789")


def make_client(**options: Any) -> ConnectWiseClient:
    """A client that knows its code base and never really waits."""
    defaults: dict[str, Any] = {
        "url": SITE,
        "company_id": "acme",
        "public_key": SECRETS[0],
        "private_key": SECRETS[1],
        "client_id": "3f0c2a2e-0000-4000-8000-000000000000",
        "codebase": "v2026_4/",
        "sleep": lambda seconds: None,
    }
    return ConnectWiseClient(**(defaults | options))


def as_json(value: Any) -> str:
    return simplejson.dumps(value, use_decimal=True)


def make_addition(**overrides: Any) -> Record:
    return {
        "id": 7,
        "product": {"id": 5, "identifier": "MAIL"},
        "quantity": Decimal("3"),
        "unitPrice": Decimal("5.2456"),
        "unitCost": Decimal("1.1"),
        "extPrice": Decimal("15.74"),
        "extCost": Decimal("3.30"),
        "billCustomer": "Billable",
        "effectiveDate": "2026-05-01T00:00:00Z",
        "cancelledDate": "",
        "taxableFlag": True,
        "serialNumber": "LB-1",
        "invoiceDescription": "Mail - Cycle Fee",
        "agreementId": 3,
        "customFields": [{"id": 1, "caption": "Subscription ID", "type": "Text", "value": "s-1"}],
        "_info": {"lastUpdated": "2026-05-01T10:00:00Z"},
    } | overrides


def make_agreement(**overrides: Any) -> Record:
    return {
        "id": 3,
        "name": "Cloud",
        "type": {"id": 2, "name": "Managed"},
        "company": {"id": 9, "identifier": "ACME", "name": "Acme Ltd"},
        "contact": {"id": 11, "name": "Ann"},
        "parentAgreement": None,
        "currency": {"id": 1, "currencyCode": "EUR"},
        "agreementStatus": "Active",
        "cancelledFlag": False,
        "startDate": "2026-01-01T00:00:00Z",
        "noEndingDateFlag": True,
        "billStartDate": "2026-01-01T00:00:00Z",
        "nextInvoiceDate": "2026-06-01T00:00:00Z",
        "prorateFlag": False,
        "billingCycle": {"id": 4, "name": "Monthly"},
    } | overrides


def make_company(**overrides: Any) -> Record:
    return {
        "id": 9,
        "identifier": "ACME",
        "name": "Acmé  Ltd",
        "city": "Graz",
        "status": {"id": 1, "name": "Active"},
        "deletedFlag": False,
        "currency": {"id": 1, "currencyCode": "EUR"},
        "defaultContact": {"id": 11, "name": "Ann"},
        "site": {"id": 12, "name": "Main"},
    } | overrides


def make_product(**overrides: Any) -> Record:
    return {
        "id": 5,
        "identifier": "MAIL",
        "description": "Mail Business",
        "inactiveFlag": False,
        "productClass": "Service",
        "price": Decimal("2.5"),
        "taxableFlag": True,
    } | overrides


def make_agreement_type(**overrides: Any) -> Record:
    return {
        "id": 2,
        "name": "Managed",
        "inactiveFlag": False,
        "prorateFlag": True,
        "billingCycle": {"id": 4, "name": "Monthly"},
    } | overrides


def make_new_addition(**overrides: Any) -> NewAddition:
    values: dict[str, Any] = {
        "product_id": 5,
        "quantity": Decimal("3"),
        "unit_price": Decimal("5.2456"),
        "unit_cost": Decimal("0"),
        "effective_date": dt.date(2026, 5, 1),
        "invoice_description": "Mail - Cycle Fee",
        "taxable": False,
        "serial_number": "LB-1",
    }
    return NewAddition(**(values | overrides))


def make_new_agreement(**overrides: Any) -> NewAgreement:
    values: dict[str, Any] = {
        "name": "c-1",
        "type_id": 2,
        "company_id": 9,
        "contact_id": 11,
        "currency_id": 1,
        "start_date": dt.date(2026, 5, 1),
    }
    return NewAgreement(**(values | overrides))
