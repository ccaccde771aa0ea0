"""ConnectWise's records of the invented reseller on its first day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox_kit import reseller
from sandbox_kit.reseller import Contract, Customer

Record = dict[str, Any]
DEFAULT_TYPE, PRORATING_TYPE, ANNUAL_TYPE = 2, 3, 5

_CURRENCIES = """
1 | EUR | € | Euro
2 | USD | $ | US Dollar
3 | CHF | CHF | Swiss Franc
4 | GBP | £ | Pound Sterling
"""

# id | name | inactive | prorates | billing cycle id | billing cycle
_TYPES = """
1 | Managed Services | | | 2 | Monthly
2 | Cloud Subscriptions | | | 2 | Monthly
3 | Cloud Subscriptions (prorated) | | yes | 2 | Monthly
4 | Block Hours (retired) | yes | | 2 | Monthly
5 | Annual Licences | | | 5 | Annual
6 | Cloud <Nonprofit> & "Education" | | | 2 | Monthly
"""

# Companies no customer has, and traps beside real ones: id | name | identifier | city | currency | trait
_OTHER_COMPANIES = """
901 | Nordwind Logistik Nord | NordwindNord | Kiel | EUR |
902 | Weserstahl AG | WeserstahlAlt | Bremen | EUR | deleted
903 | Raketen Pizza GmbH & Co. KG | RaketenAlt | Berlin | EUR | inactive
904 | Kontor Cloud Services GmbH | Intern | Hamburg | EUR | no contact
905 | Alpen Treuhand Holding AG | AlpenHold | Zug | CHF |
906 | Müller und Söhne OHG | MuellerOHG | Leipzig | EUR | inactive
907 | Contoso Ltd | ContosoUK | London | GBP |
908 | Fourth Coffee GmbH | FourthCoffeeAlt | Bamberg | EUR | deleted
909 | Schreinerei Vogel | Vogel | Ulm | EUR |
910 | Yacht-Charter Förde | YachtFoerde | Flensburg | EUR |
911 | Zahnarztpraxis Dr. Öz | ZahnOez | Mannheim | EUR |
912 | Contoso Deutschland GmbH | ContosoDE2 | Hamburg | EUR |
"""

# Agreements beside those of the contracts: id | customer | name | type | trait
_OTHER_AGREEMENTS = """
801 | 1001 | Old hosting | 1 | cancelled
802 | 1012 | Support next year | 1 | future
803 | 1012 | Support | 1 | invoiced
804 | 1032 | Cloud services A | 2 | same name
805 | 1024 | Licences until last year | 5 | ended
806 | 1039 | Cloud services A | 2 |
807 | 1022 | Test agreement | 4 | cancelled
"""

# Catalog items no offer stands for: identifier | description | class | price | cost | inactive
_OTHER_ITEMS = """
MISC-CLOUD | Miscellaneous cloud charge | Agreement | 0 | 0 |
MISC-CREDIT | Cloud credit | Agreement | 0 | 0 |
BNDL-START | Starter bundle (M365 + backup) | Bundle | 49.00 | 30.00 |
BNDL-SEC | Security bundle | Bundle | 19.00 | 11.00 |
MS-OLD-E1 | Office 365 E1 (retired) | Agreement | 7.00 | 5.00 | yes
M365-BS-FR | Microsoft 365 Business Standard (frontline) | Agreement | 9.90 | 7.90 |
M365-BP-NP | Microsoft 365 Business Premium (nonprofit) | Agreement | 5.10 | 4.10 |
HW-NB14 | Notebook 14" | Inventory | 1190.00 | 980.00 |
HW-DOCK | Docking station USB-C | Inventory | 189.00 | 140.00 |
HW-FW60 | Firewall appliance 60 | Inventory | 690.00 | 510.00 |
HW-CAB | Patch cable 2 m | NonInventory | 4.90 | 1.20 |
LAB-T1 | Technician hour | Service | 110.00 | 55.00 |
LAB-T2 | Senior engineer hour | Service | 155.00 | 80.00 |
LAB-NIGHT | On-call surcharge | Service | 65.00 | 30.00 |
TRAVEL | Travel flat rate | Service | 49.00 | 20.00 |
MON-SRV | Server monitoring | Agreement | 29.00 | 9.00 |
MON-NET | Network monitoring | Agreement | 19.00 | 6.00 |
BK-OFF | Off-site backup 100 GB | Agreement | 39.00 | 17.00 |
=CMD-1 | =1+1 <i>hostile</i> "item" | Agreement | 1.00 | 0.50 |
"""

CUSTOM_FIELDS = (
    {"id": 12, "caption": "Platform reference", "type": "Text", "entryMethod": "EntryField",
     "numberOfDecimals": 0},
    {"id": 13, "caption": "Checked by", "type": "Text", "entryMethod": "EntryField",
     "numberOfDecimals": 0},
)  # fmt: skip


def moment(day: date) -> str:
    """A day as ConnectWise writes it."""
    return f"{day.isoformat()}T00:00:00Z"


def first_of(day: date, months: int = 0) -> date:
    """The first of the day's month, moved by whole months."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass
class Directory:
    """The records by kind and id."""

    tables: dict[str, dict[int, Record]] = field(default_factory=dict)

    def add(self, kind: str, record: Record) -> None:
        """File a record under its kind and id."""
        self.tables.setdefault(kind, {})[record["id"]] = record


def currencies() -> dict[str, Record]:
    """The currencies of the installation, by code."""
    found = {}
    for line in _lines(_CURRENCIES):
        number, code, symbol, name = line
        found[code] = {
            "id": int(number), "symbol": symbol, "currencyCode": code, "decimalSeparator": ",",
            "numberOfDecimals": 2, "thousandsSeparator": ".", "negativeParenthesesFlag": False,
            "displaySymbolFlag": True, "currencyIdentifier": code, "displayIdFlag": False,
            "rightAlign": False, "name": name,
        }  # fmt: skip
    return found


def build(anchor: date) -> Directory:
    """Everything as on the first day; dates hang on the anchor."""
    directory = Directory({"additions": {}})
    for record in (*_types(), *_companies(anchor), *_catalog()):
        kind = record.pop("__kind")
        directory.add(kind, {**record, "_info": info(anchor)})
    for record in _agreements(anchor, directory):
        directory.add("agreements", {**record, "_info": info(anchor)})
    for record in _additions_by_hand(anchor, directory):
        directory.add("additions", {**record, "_info": info(anchor)})
    return directory


def info(day: date) -> Record:
    """Who made and changed a record, before any client came."""
    stamp = moment(day)
    return {"lastUpdated": stamp, "updatedBy": "admin", "dateEntered": stamp, "enteredBy": "admin"}


def _lines(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _types() -> Iterator[Record]:
    for number, name, inactive, prorates, cycle, cycle_name in _lines(_TYPES):
        yield {
            "__kind": "types", "id": int(number), "name": name, "defaultFlag": number == "1",
            "inactiveFlag": bool(inactive), "prorateFlag": bool(prorates),
            "employeeCompRate": "Actual", "employeeCompNotExceed": "Billing",
            "invoicingCycle": "CalendarYear", "billTime": "Billable", "billExpenses": "Billable",
            "billProducts": "Billable", "billingCycle": {"id": int(cycle), "name": cycle_name},
            "billingTerms": {"id": 1, "name": "Net 14 days"}, "taxableFlag": True,
            "integrationXRef": "",
        }  # fmt: skip


# -- companies ----------------------------------------------------------------------------------


def company_id(customer: Customer) -> int:
    """The company of a customer; never the customer's own number."""
    return 250 + 7 * (customer.number - 1001)


def contact(company: int, name: str) -> Record:
    """The company's default contact."""
    return {"id": company * 10 + 1, "name": f"Accounts {name}"[:60]}


def _companies(anchor: date) -> Iterator[Record]:
    money = currencies()
    for customer in reseller.customers():
        yield _company(company_id(customer), customer.company_name, customer.identifier,
                       customer.city, money[customer.currency], "")  # fmt: skip
    for number, name, identifier, city, currency, trait in _lines(_OTHER_COMPANIES):
        yield _company(int(number), name, identifier, city, money[currency], trait) | (
            {"dateDeleted": moment(anchor - timedelta(days=90))} if trait == "deleted" else {}
        )


def _company(
    number: int, name: str, identifier: str, city: str, currency: Record, trait: str
) -> Record:
    status = {"id": 2, "name": "Inactive"} if trait == "inactive" else {"id": 1, "name": "Active"}
    record = {
        "__kind": "companies", "id": number, "identifier": identifier, "name": name,
        "status": status, "city": city, "addressLine1": f"{number % 90 + 1} Hauptstr.",
        "zip": f"{10000 + number * 37 % 80000}", "country": {"id": 40, "name": "Germany"},
        "phoneNumber": "", "types": [{"id": 1, "name": "Client"}], "currency": currency,
        "deletedFlag": trait == "deleted", "site": {"id": number * 10 + 5, "name": "Main"},
        "taxIdentifier": "",
    }  # fmt: skip
    if trait != "no contact":
        record["defaultContact"] = contact(number, name)
    return record


# -- catalog ------------------------------------------------------------------------------------


def product_id(offer_number: int) -> int:
    """The catalog item of an offer; never the offer's own number."""
    return 600 + 2 * (offer_number - 5001)


def _catalog() -> Iterator[Record]:
    for offer in reseller.offers():
        # A little dearer than what the Platform says: a price left out shows at once.
        price = (offer.price + 1).quantize(Decimal("0.01"))
        yield _item(product_id(offer.number), offer.sku, _described(offer.name), "Agreement", price,
                    offer.cost.quantize(Decimal("0.01")),
                    offer.number == reseller.INACTIVE_PRODUCT_OFFER)  # fmt: skip
    for turn, (identifier, text, kind, price_text, cost, inactive) in enumerate(
        _lines(_OTHER_ITEMS)
    ):
        yield _item(730 + turn, identifier, text, kind, Decimal(price_text), Decimal(cost),
                    bool(inactive))  # fmt: skip


def _described(name: str) -> str:
    return name.replace("Microsoft 365", "M365").replace(", per ", " / ")[:60]


def _item(
    number: int,
    identifier: str,
    text: str,
    kind: str,
    price: Decimal,
    cost: Decimal,
    inactive: bool,
) -> Record:
    return {
        "__kind": "catalog", "id": number, "identifier": identifier, "description": text,
        "inactiveFlag": inactive, "subcategory": {"id": 4, "name": "Subscriptions"},
        "type": {"id": 7, "name": "Cloud"}, "productClass": kind, "serializedFlag": False,
        "unitOfMeasure": {"id": 1, "name": "Each"}, "price": price, "cost": cost,
        "taxableFlag": True, "customerDescription": text, "category": {"id": 3, "name": "Cloud"},
        "recurringFlag": kind == "Agreement", "integrationXRef": "",
    }  # fmt: skip


# -- agreements ---------------------------------------------------------------------------------


def agreement_id(contract: Contract) -> int:
    """The agreement of a contract; unlike both its number and its customer's."""
    return 3 * (contract.customer - 1000) + (1400 if contract.letter == "A" else 1401)


def _agreements(anchor: date, directory: Directory) -> Iterator[Record]:
    for customer in reseller.customers():
        for contract in customer.contracts:
            if contract.kind not in ("new", "none"):
                yield _of_contract(anchor, directory, customer, contract)
    by_number = {customer.number: customer for customer in reseller.customers()}
    for number, owner, name, kind, trait in _lines(_OTHER_AGREEMENTS):
        record = _agreement(int(number), name, int(kind), by_number[int(owner)], anchor, directory)
        yield {**record, **_trait(trait, anchor)}


def _of_contract(
    anchor: date, directory: Directory, customer: Customer, contract: Contract
) -> Record:
    kind = {"prorating": PRORATING_TYPE, "annual": ANNUAL_TYPE}.get(contract.kind, DEFAULT_TYPE)
    name = f"Cloud services {contract.letter}"
    record = _agreement(agreement_id(contract), name, kind, customer, anchor, directory)
    if contract.kind == "foreign":
        # A company of another currency than its agreement: lines in its own can't be posted there.
        record["currency"] = currencies()["EUR"]
    if contract.kind == "child":
        parent = agreement_id(customer.contracts[0])
        record["parentAgreement"] = {"id": parent, "name": "Cloud services A", "type": "Agreement"}
    return {**record, **_trait(contract.kind, anchor)}


def _agreement(
    number: int, name: str, kind: int, customer: Customer, anchor: date, directory: Directory
) -> Record:
    company = directory.tables["companies"][company_id(customer)]
    agreement_type = directory.tables["types"][kind]
    begin = moment(date(anchor.year - 2, 1, 1))
    return {
        "id": number, "name": name, "type": {"id": kind, "name": agreement_type["name"]},
        "company": {key: company[key] for key in ("id", "identifier", "name")},
        "contact": company["defaultContact"], "site": company["site"],
        "startDate": begin, "billStartDate": begin, "noEndingDateFlag": True,
        "cancelledFlag": False, "currency": company["currency"],
        # Behind every month the stand-ins hold, so that each of them can still be posted.
        "nextInvoiceDate": moment(first_of(anchor, -3)),
        **inherited(agreement_type), "billAmount": Decimal("0.00"), "customFields": [],
    }  # fmt: skip


def inherited(agreement_type: Record) -> Record:
    """What an agreement takes from its type."""
    same = ("employeeCompRate", "employeeCompNotExceed", "invoicingCycle", "billTime",
            "billExpenses", "billProducts", "billingCycle", "billingTerms", "prorateFlag")  # fmt: skip
    return {name: agreement_type[name] for name in same} | {"taxable": True}


def _trait(trait: str, anchor: date) -> Record:
    ended = first_of(anchor, -3) - timedelta(days=1)
    traits: dict[str, Record] = {
        "ended": {"endDate": moment(ended), "noEndingDateFlag": False},
        "cancelled": {"cancelledFlag": True, "dateCancelled": moment(ended),
                      "reasonCancelled": "Moved to another agreement"},
        "future": {"startDate": moment(first_of(anchor, 6)),
                   "billStartDate": moment(first_of(anchor, 6)),
                   "nextInvoiceDate": moment(first_of(anchor, 6))},
        "invoiced": {"nextInvoiceDate": moment(first_of(anchor, 1))},
    }  # fmt: skip
    return traits.get(trait, {})


def _additions_by_hand(anchor: date, directory: Directory) -> Iterator[Record]:
    """What people entered before any integration: invoiced already, and not ours to touch."""
    for number, identifier, quantity in ((31, "MON-SRV", 4), (32, "BK-OFF", 2)):
        item = next(
            i for i in directory.tables["catalog"].values() if i["identifier"] == identifier
        )
        count = Decimal(quantity)
        yield {
            "id": number, "product": {"id": item["id"], "identifier": identifier},
            "quantity": count, "lessIncluded": Decimal(0), "unitPrice": item["price"],
            "unitCost": item["cost"], "billCustomer": "Billable",
            "effectiveDate": moment(date(anchor.year - 1, 1, 1)), "taxableFlag": True,
            "serialNumber": "", "invoiceDescription": item["description"],
            "description": item["description"], "agreementId": 803, "billedQuantity": count,
            "extPrice": count * item["price"], "extCost": count * item["cost"],
            "margin": count * (item["price"] - item["cost"]), "sequenceNumber": Decimal(number - 30),
            "uom": "Each", "__invoiced": True,
            "customFields": [dict(known) for known in CUSTOM_FIELDS],
        }  # fmt: skip
