"""ConnectWise's rules for additions and agreements: what is refused, defaulted, computed.

Pure: a record goes in with the records it refers to, a new record comes out, or an ApiError is raised.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from psa_connectwise.sandbox import fields
from psa_connectwise.sandbox.data import CUSTOM_FIELDS, currencies, inherited, moment
from psa_connectwise.sandbox.errors import ApiError, Findings

Record = dict[str, Any]
Find = Callable[[str, Any], Record | None]
CENT = Decimal("0.01")
INVOICED_PERIOD = (
    "Since this period has already been invoiced there will not be an invoice generated for "
    "additional products for this period. Please prorate the agreement or update the start date to "
    "on or after the Next Invoice Date."
)


def reference_id(value: Any) -> Any:
    """The id in a reference such as {"id": 7}, None for anything else."""
    return value.get("id") if isinstance(value, dict) else None


def agreement_status(agreement: Record, today: date) -> str:
    """Never stored: it changes with the day."""
    now = moment(today)
    if agreement.get("cancelledFlag"):
        return "Cancelled"
    if agreement.get("endDate") and agreement["endDate"] < now:
        return "Expired"
    return "Inactive" if agreement["startDate"] > now else "Active"


# -- additions ----------------------------------------------------------------------------------


def new_addition(body: Record, agreement: Record, find: Find, today: date) -> Record:
    """The record a POST makes, without id."""
    found = Findings("addition")
    kept = fields.settable(found, body, fields.ADDITION)
    _require(found, kept, ("product", "billCustomer"))
    item = _product(found, kept, find)
    status = agreement_status(agreement, today)
    if status != "Active":
        found.add(None, f"The agreement is {status}; additions need an active one.", "agreementId")
    found.refuse()
    assert item
    record = {
        "quantity": Decimal(1), "lessIncluded": Decimal(0), "effectiveDate": moment(today),
        "serialNumber": "", "billedQuantity": Decimal(0), "agreementId": agreement["id"],
        "purchaseItemFlag": False, "specialOrderFlag": False, "customFields": [],
        **_from_catalog(item), **_without_none(kept), "product": _product_reference(item),
    }  # fmt: skip
    _check_dates(found, record, agreement, moved=True)
    found.refuse()
    return computed(record)


def changed_addition(
    old: Record, changes: Record, agreement: Record, find: Find, *, replace: bool
) -> Record:
    """The record after a PATCH, or after a PUT (`replace`), which empties what it leaves out."""
    found = Findings("addition")
    kept = fields.settable(found, changes, fields.ADDITION)
    if replace or "product" in kept or "billCustomer" in kept:
        required = [n for n in ("product", "billCustomer") if replace or n in kept]
        _require(found, kept, required)
    item = _product(found, kept, find) if kept.get("product") else None
    found.refuse()
    record = _emptied(old, "addition") if replace else dict(old)
    if item:
        # A new product brings its own price, silently.
        record |= {**_from_catalog(item), "product": _product_reference(item)}
        kept.pop("product")
    record |= kept
    moved = record.get("effectiveDate") != old.get("effectiveDate")
    record.setdefault("effectiveDate", old["effectiveDate"])
    _check_dates(found, record, agreement, moved=moved)
    found.refuse()
    return computed(_without_none(record))


def computed(record: Record, places: int | None = None) -> Record:
    """The record with its sums; `places` rounds unit prices as some installations' exports do."""
    if places is not None:
        unit = Decimal(1).scaleb(-places)
        rounded = {
            name: Decimal(record[name]).quantize(unit, ROUND_HALF_UP)
            for name in ("unitPrice", "unitCost")
        }
        record = record | rounded
    billed = Decimal(record.get("quantity") or 0) - Decimal(record.get("lessIncluded") or 0)
    price = (billed * Decimal(record.get("unitPrice") or 0)).quantize(CENT, ROUND_HALF_UP)
    cost = (billed * Decimal(record.get("unitCost") or 0)).quantize(CENT, ROUND_HALF_UP)
    custom = {entry.get("id"): entry.get("value") for entry in record.get("customFields") or []}
    whole = [{**known, "value": custom[known["id"]]} if custom.get(known["id"]) is not None
             else dict(known) for known in CUSTOM_FIELDS]  # fmt: skip
    return record | {
        "extPrice": price, "extCost": cost, "margin": price - cost, "customFields": whole,
    }  # fmt: skip


def check_addition_deletable(record: Record) -> None:
    """Refuse to delete what is on an invoice."""
    if record.get("__invoiced"):
        found = Findings("addition")
        found.add(None, "This addition has been invoiced and cannot be deleted.", "id")
        found.refuse()


def _product(found: Findings, kept: Record, find: Find) -> Record | None:
    if not isinstance(kept.get("product"), dict):
        return None
    number = reference_id(kept["product"])
    item = find("catalog", number)
    if not item:
        found.add("NotFound", f"Product {number} not found", "product/id")
    elif item["productClass"] == "Bundle":
        found.add(None, f"Bundle {item['identifier']} cannot be an addition.", "product")
    elif item["inactiveFlag"]:
        found.add(None, f"Product {item['identifier']} is inactive.", "product")
    return item


def _product_reference(item: Record) -> Record:
    return {key: item[key] for key in ("id", "identifier", "serializedFlag")}


def _from_catalog(item: Record) -> Record:
    return {
        "unitPrice": item["price"], "unitCost": item["cost"], "description": item["description"],
        "invoiceDescription": item["customerDescription"], "taxableFlag": item["taxableFlag"],
        "uom": item["unitOfMeasure"]["name"],
    }  # fmt: skip


def _check_dates(found: Findings, record: Record, agreement: Record, *, moved: bool) -> None:
    start, end = record.get("effectiveDate") or "", record.get("cancelledDate")
    if start < agreement["billStartDate"]:
        text = "effectiveDate cannot be less than the agreement billing start date."
        found.add(None, text, "effectiveDate")
    elif moved and not agreement.get("prorateFlag") and start < agreement["nextInvoiceDate"]:
        found.add(None, INVOICED_PERIOD, None)
    if end and end < start:
        found.add(None, "cancelledDate cannot be less than the effectiveDate.", "cancelledDate")


# -- agreements ---------------------------------------------------------------------------------

_ON_UPDATE = ("employeeCompRate", "invoicingCycle", "billTime", "billExpenses", "billProducts")


def new_agreement(body: Record, find: Find, today: date) -> Record:
    """The record a POST makes, without id."""
    found = Findings("agreement")
    kept = fields.settable(found, body, fields.AGREEMENT)
    _require(found, kept, ("name", "type", "company", "contact"))
    known = _references(found, kept, find)
    found.refuse()
    company = known["company"]
    start = kept.get("startDate") or moment(today)
    record = {
        "startDate": start, "cancelledFlag": False, "customFields": [], "billAmount": Decimal(0),
        # Left out, billing starts a day late, and additions of the first day fail.
        "billStartDate": moment(date.fromordinal(date.fromisoformat(start[:10]).toordinal() + 1)),
        "currency": company.get("currency") or currencies()["EUR"],
        **inherited(known["type"]), **_without_none(kept), **_described(known),
    }  # fmt: skip
    record["noEndingDateFlag"] = not record.get("endDate")
    record["nextInvoiceDate"] = record["billStartDate"]
    _check_agreement_dates(found, record)
    found.refuse()
    return record


def changed_agreement(
    old: Record, changes: Record, find: Find, *, replace: bool, invoiced: bool
) -> Record:
    """As for additions; the start of billing moves only while nothing was invoiced."""
    found = Findings("agreement")
    kept = fields.settable(found, changes, fields.AGREEMENT)
    if replace:
        _require(found, kept, ("name", "type", "company", "contact", *_ON_UPDATE))
    known = _references(found, kept, find, old)
    found.refuse()
    record = {**(_emptied(old, "agreement") if replace else old), **kept, **_described(known)}
    for name in ("startDate", "billStartDate", "currency"):
        record[name] = record.get(name) or old[name]
    record["noEndingDateFlag"] = not record.get("endDate")
    if record["billStartDate"] != old["billStartDate"]:
        if invoiced:
            text = "billStartDate cannot be changed after the agreement was invoiced."
            found.add(None, text, "billStartDate")
        record["nextInvoiceDate"] = record["billStartDate"]
    _check_agreement_dates(found, record)
    found.refuse()
    return _without_none(record)


def _check_agreement_dates(found: Findings, record: Record) -> None:
    if record.get("endDate") and record["endDate"] < record["startDate"]:
        found.add(None, "endDate cannot be less than the startDate.", "endDate")
    if record["billStartDate"] < record["startDate"]:
        found.add(None, "billStartDate cannot be less than the startDate.", "billStartDate")


_KINDS = {"type": "types", "company": "companies", "contact": "contacts",
          "parentAgreement": "agreements", "currency": "currencies"}  # fmt: skip
_SHOWN = {"type": ("id", "name"), "company": ("id", "identifier", "name"), "contact": ("id", "name"),
          "parentAgreement": ("id", "name")}  # fmt: skip


def _references(
    found: Findings, kept: Record, find: Find, old: Record | None = None
) -> dict[str, Record]:
    known = {}
    for name, kind in _KINDS.items():
        if not isinstance(kept.get(name), dict):
            continue
        number = reference_id(kept[name])
        record = find(kind, number)
        if not record or record.get("deletedFlag") or record.get("inactiveFlag"):
            label = name[0].upper() + name[1:]
            found.add("NotFound", f"{label} {number} not found", f"{name}/id")
        else:
            known[name] = record
    company = known.get("company") or (old or {}).get("company") or {}
    if "contact" in known and company and known["contact"]["company"] != company["id"]:
        text = f"Contact {known['contact']['id']} does not belong to company {company['id']}"
        found.add("NotFound", text, "contact/id")
    return known


def _described(known: dict[str, Record]) -> Record:
    """References as ConnectWise answers them, with their names."""
    return {
        name: {key: record[key] for key in _SHOWN.get(name, record)}
        for name, record in known.items()
    }


# -- both ---------------------------------------------------------------------------------------


def patched(operations: Any, names: frozenset[str]) -> Record:
    """The top-level changes of a PATCH body. A path below a field is answered 200 and does nothing."""
    if not isinstance(operations, list):
        raise ApiError(400, "InvalidObject", "The body must be an array of operations.")
    changes: Record = {}
    for operation in operations:
        if not isinstance(operation, dict) or operation.get("op") not in (
            "add",
            "replace",
            "remove",
        ):
            raise ApiError(400, "InvalidObject", "op must be add, replace or remove.")
        path = str(operation.get("path", ""))
        # As documented: a client can't take the 200 for a change that was made.
        if "/" in path:
            continue
        if path not in names:
            raise ApiError(400, "InvalidObject", f"The field {path} does not exist.")
        changes[path] = None if operation["op"] == "remove" else operation.get("value")
    return changes


def _require(found: Findings, kept: Record, names: Any) -> None:
    for name in names:
        if kept.get(name) in (None, ""):
            found.missing(name)


def _without_none(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


def _emptied(old: Record, kind: str) -> Record:
    """What a PUT leaves of a record: its identity, and defaults."""
    if kind == "agreement":
        keep = ("id", "_info", "nextInvoiceDate", "currency", "billStartDate", "startDate")
        return {name: old[name] for name in keep} | {"cancelledFlag": False, "customFields": []}
    keep = ("id", "_info", "agreementId", "billedQuantity", "sequenceNumber", "__invoiced")
    kept = {name: old[name] for name in keep if name in old}
    return kept | {
        "quantity": Decimal(0), "lessIncluded": Decimal(0), "unitPrice": Decimal(0),
        "unitCost": Decimal(0), "serialNumber": "", "invoiceDescription": "", "description": "",
        "taxableFlag": False, "customFields": [],
    }  # fmt: skip
