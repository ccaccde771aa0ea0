"""What may be written to an addition or an agreement, and how each value must look."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from psa_connectwise.sandbox.errors import Findings

Record = dict[str, Any]
Check = Callable[[Findings, str, Any], None]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _number(found: Findings, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        found.add("InvalidType", f"The field {name} must be a number.", name)


def _flag(found: Findings, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        found.add("InvalidType", f"The field {name} must be true or false.", name)


def _date(found: Findings, name: str, value: Any) -> None:
    try:
        good = bool(_MOMENT.fullmatch(value)) and bool(datetime.fromisoformat(value[:-1]))
    except (TypeError, ValueError):
        good = False
    if not good:
        text = f"The field {name} must be a date in the form yyyy-MM-ddTHH:mm:ssZ."
        found.add("InvalidDate", text, name)


def _text(longest: int = 0) -> Check:
    def check(found: Findings, name: str, value: Any) -> None:
        if not isinstance(value, str):
            found.add("InvalidType", f"The field {name} must be a string.", name)
        elif longest and len(value) > longest:
            text = f"The field {name} must be a string with a maximum length of {longest}."
            found.add("MaxLengthField", text, name)

    return check


def _one_of(*words: str) -> Check:
    def check(found: Findings, name: str, value: Any) -> None:
        if value not in words:
            found.add("InvalidValue", f"The field {name} must be one of {', '.join(words)}.", name)

    return check


def _reference(found: Findings, name: str, value: Any) -> None:
    if not isinstance(value, dict):
        found.add("InvalidType", f"The field {name} must be a reference.", name)


def _array(found: Findings, name: str, value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        found.add("InvalidType", f"The field {name} must be an array.", name)


_BILL = _one_of("Billable", "DoNotBill", "NoCharge")
_BILL_TYPE = _one_of("Billable", "DoNotBill", "NoCharge", "NoDefault")

ADDITION: dict[str, Check] = {
    "product": _reference, "quantity": _number, "lessIncluded": _number, "unitPrice": _number,
    "unitCost": _number, "billCustomer": _BILL, "effectiveDate": _date, "cancelledDate": _date,
    "taxableFlag": _flag, "serialNumber": _text(50), "invoiceDescription": _text(6000),
    "purchaseItemFlag": _flag, "specialOrderFlag": _flag, "description": _text(), "uom": _text(),
    "sequenceNumber": _number, "prorateCurrentPeriodFlag": _flag, "opportunity": _reference,
    "invoiceGrouping": _reference, "customFields": _array,
}  # fmt: skip

AGREEMENT: dict[str, Check] = {
    "name": _text(100), "type": _reference, "company": _reference, "contact": _reference,
    "site": _reference, "parentAgreement": _reference, "customerPO": _text(50),
    "startDate": _date, "endDate": _date, "noEndingDateFlag": _flag, "cancelledFlag": _flag,
    "dateCancelled": _date, "reasonCancelled": _text(100), "workOrder": _text(20),
    "internalNotes": _text(), "billAmount": _number, "taxable": _flag, "billStartDate": _date,
    "prorateFlag": _flag, "invoiceProratedAdditionsFlag": _flag, "invoiceDescription": _text(),
    "currency": _reference, "billingCycle": _reference, "billingTerms": _reference,
    "employeeCompRate": _one_of("Actual", "Hourly"),
    "invoicingCycle": _one_of("ContractYear", "CalendarYear"), "billTime": _BILL_TYPE,
    "billExpenses": _BILL_TYPE, "billProducts": _BILL_TYPE, "customFields": _array,
    "autoInvoiceFlag": _flag, "billZeroAmountFlag": _flag,
    "employeeCompNotExceed": _one_of("Billing", "Amount", "Percent"),
    "periodType": _one_of("Current", "Future", "Both", "Undefined"),
    "billToCompany": _reference, "billToContact": _reference, "billToSite": _reference,
}  # fmt: skip

CLEARABLE = ("endDate", "cancelledDate", "dateCancelled", "parentAgreement", "site")


def settable(found: Findings, body: Record, checks: dict[str, Check]) -> Record:
    """The part of a body that ConnectWise lets people write; unknown names pass unseen, as there."""
    kept: Record = {}
    for name, value in body.items():
        if name not in checks:
            continue
        if value is None or (value == "" and name in CLEARABLE):
            kept[name] = None
            continue
        checks[name](found, name, value)
        kept[name] = _one_line(value)
    return kept


def _one_line(value: Any) -> Any:
    """Line breaks in texts become spaces."""
    return re.sub(r"\r\n|\r|\n", " ", value) if isinstance(value, str) else value
