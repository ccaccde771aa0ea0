"""The invoice lines of one invented month, as they stand on the wire; `number` gives each its id."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from platform_client.sandbox import months
from platform_client.sandbox.subscriptions import MONTHS_OF_CYCLE, Subscription, draw
from sandbox_kit.reseller import DEFAULT_OFFER, Customer, Offer, customers, offers

Line = dict[str, Any]
FINAL = ("Issued", "Paid", "Verified", "Issued", "Payment Card Error", "Issued", "Paid")
NOT_FINAL = {1017: "New", 1023: "New Corrected"}  # in the present month only
STATUSES = {1036: "Suspended", 1040: "Closed"}
CENT = Decimal("0.01")


def organization_record(customer: Customer) -> Line:
    """A customer as the API shows it."""
    return {
        "id": customer.platform_id,
        "name": customer.name,
        "referenceNumber": customer.reference,
        "status": STATUSES.get(customer.number, "Active"),
    }


def offer_record(offer: Offer) -> Line:
    """An offer as the API shows it."""
    return {
        "id": offer.platform_id, "name": offer.name, "vendorName": offer.vendor, "sku": offer.sku,
    }  # fmt: skip


DEFAULT_OFFER_RECORD = {
    "id": DEFAULT_OFFER, "name": "Offer for Default Subscription", "vendorName": "", "sku": None,
}  # fmt: skip


@dataclass(frozen=True)
class Month:
    """One month of invoices; `offset` counts from the month the data were first made for."""

    first: date
    offset: int
    last_invoice_day: int
    is_present: bool
    seed: int

    def invoice_date(self, customer: Customer) -> date:
        """Spread over the month by customer, never later than its last day of invoices."""
        spread = draw(self.seed, "invoice", customer.number) % 27
        return self.first.replace(day=min(1 + spread, self.last_invoice_day))

    def invoice(self, customer: Customer, source: str, currency: str) -> Line:
        """What all lines of one invoice share."""
        stamp = f"{self.first:%Y%m}-{customer.number}-{source[0]}"
        status = FINAL[draw(self.seed, stamp) % len(FINAL)]
        if self.is_present and source == "Standard":
            status = NOT_FINAL.get(customer.number, status)
        day = self.invoice_date(customer)
        return {
            "invoiceId": f"inv-{stamp}-{currency}",
            "invoiceNumber": None if status == "New" else f"RE-{stamp}",
            "invoiceDate": day.isoformat(),
            "invoiceStatus": status,
            "invoiceSource": source,
            "organization": organization_record(customer),
            "updatedAt": f"{day.isoformat()}T06:{customer.number % 60:02d}:00Z",
        }


def charge(
    month: Month,
    held: Subscription,
    charge_type: str,
    quantity: Decimal,
    start: date,
    end: date | None,
    share: Decimal = Decimal(1),
    source: str = "Standard",
) -> Line:
    """A line of a subscription; `share` is the part of the period that was really charged."""
    price, cost = held.price_in(month.offset), held.cost_in(month.offset)
    currency = held.customer.currency
    return {
        **month.invoice(held.customer, source, currency),
        "contractId": held.contract.platform_id,
        "subscription": {"id": held.id, "name": held.name},
        "offer": offer_record(held.offer),
        "billingCycle": held.offer.cycle,
        "commitmentTerm": held.offer.term or None,
        "chargeType": charge_type,
        **amounts(quantity, cost, price, share),
        "currency": currency,
        "chargeStartDate": start.isoformat(),
        "chargeEndDate": end.isoformat() if end else None,
    }


def amounts(quantity: Decimal, cost: Decimal, price: Decimal, share: Decimal = Decimal(1)) -> Line:
    """Quantity, prices and their totals as text, which is how the API sends decimals."""

    def total(unit: Decimal) -> str:
        return str((quantity * unit * share).quantize(CENT, ROUND_HALF_UP))

    return {
        "quantity": str(quantity),
        "unitCost": str(cost),
        "unitPrice": str(price),
        "totalCost": total(cost),
        "totalPrice": total(price),
    }


def recurring(month: Month, held: Subscription) -> Iterator[Line]:
    """Purchase Fee in the first month, Cycle Fees after; prorated where something began amid the month."""
    if not held.is_due(month.offset):
        return
    first, days = month.first, months.length(month.first)
    quantity = Decimal(held.quantity_in(month.offset))
    cycle = MONTHS_OF_CYCLE[held.offer.cycle]
    end = months.last_of(first, cycle - 1)
    if month.offset == held.split_month:
        half = first + timedelta(days=14)
        yield charge(month, held, "CycleFee", quantity, first, half, Decimal(15) / days)
        yield charge(month, held, "CycleFee", quantity + 2, half + timedelta(days=1), end,
                     Decimal(days - 15) / days)  # fmt: skip
    elif month.offset == held.first_month and month.offset == -1 and cycle == 1:
        start = first.replace(day=11)
        yield charge(month, held, "PurchaseFee", quantity, start, end, Decimal(days - 10) / days)
    else:
        bought_now = cycle > 1 and held.index % 2 == 0 and month.offset <= 0
        begins = bought_now or month.offset == held.first_month
        yield charge(month, held, "PurchaseFee" if begins else "CycleFee", quantity, first, end)


def corrections(month: Month, held: Subscription) -> Iterator[Line]:
    """Credits for seats charged too many, mostly of the month before; one kind is made by hand."""
    if held.offer.cycle != "Monthly" or not held.is_due(month.offset):
        return
    turn = (held.index + month.offset) % 19
    if turn not in (2, 7) or held.contract.kind in ("ended", "foreign"):
        return
    # An agreement that is made for this month can't take a charge from before it began.
    start = month.first if held.contract.kind == "new" else months.first_of(month.first, -1)
    seats = Decimal(-1 - held.index % 3)
    kind = "UserCorrection" if held.index % 5 == 0 else "Correction"
    share = Decimal(12) / 31 if turn == 7 else Decimal(1)
    yield charge(month, held, kind, seats, start, months.last_of(start), share)


def loose(
    month: Month, customer: Customer, offer: Offer, charge_type: str, quantity: Decimal, n: int
) -> Line:
    """A line of a usage, an item, a service: its subscription lives in this month or for ever."""
    contract = customer.contracts[0]
    start = month.first
    if offer.kind == "usage" and contract.kind != "new":
        start = months.first_of(month.first, -1)
    name = f"sub-{customer.number}-{offer.number}"
    return {
        **month.invoice(customer, "Standard", customer.currency),
        "contractId": contract.platform_id,
        "subscription": {"id": name if n == 0 else f"{name}-{n}", "name": offer.name},
        "offer": offer_record(offer),
        "billingCycle": offer.cycle,
        "commitmentTerm": offer.term or None,
        "chargeType": charge_type,
        **amounts(quantity, offer.cost, offer.price),
        "currency": customer.currency,
        "chargeStartDate": start.isoformat(),
        "chargeEndDate": None if offer.kind == "once" else months.last_of(start).isoformat(),
    }


def usage(month: Month, customer: Customer) -> Iterator[Line]:
    """Metered charges: quantities with four decimals, except of the offer that is counted in pieces."""
    metered = [offer for offer in offers() if offer.kind == "usage"]
    for turn in range(1 + customer.number % 2):
        offer = metered[(customer.number + turn * 3) % len(metered)]
        drawn = draw(month.seed, customer.number, offer.number, month.offset)
        quantity = Decimal(drawn % 90_000_000 + 1_000_000).scaleb(-4)
        if offer.number == 5028:
            quantity = Decimal(drawn % 40 + 1)
        yield loose(month, customer, offer, "UsageFee", quantity, 0)


def one_time(month: Month, customer: Customer) -> Iterator[Line]:
    """Items and services sold once, every third month for a customer; one customer's rounding fee."""
    kinds = {"item": "ItemFee", "once": "OneTimeFee"}
    sold = [offer for offer in offers() if offer.kind in kinds]
    if (customer.number + month.offset) % 3 == 0:
        offer = sold[(customer.number // 3 + month.offset) % len(sold)]
        quantity = Decimal(1 + draw(month.seed, customer.number, "once", month.offset) % 6)
        yield loose(month, customer, offer, kinds[offer.kind], quantity, month.offset + 100)
    if customer.number == 1021:
        fee = next(offer for offer in offers() if offer.number == 5060)
        line = loose(month, customer, fee, "RoundingFee", Decimal("-0.01"), 0)
        yield {**line, "billingCycle": None, "commitmentTerm": None, "chargeEndDate": None}


def custom(month: Month, customer: Customer, held: list[Subscription]) -> Iterator[Line]:
    """Custom invoices: some for a subscription, some that stand alone, some credits."""
    turn = (customer.number + month.offset) % 5
    if turn not in (0, 3):
        return
    if turn == 3 and held:
        line = charge(month, held[0], "OneTimeFee", Decimal(1), month.first.replace(day=5),
                      month.first.replace(day=20), source="Custom")  # fmt: skip
        yield line
        return
    worth = Decimal(draw(month.seed, customer.number, "custom", month.offset) % 60_000).scaleb(-2)
    # One customer in four gets a credit; ten more than drawn, so that none is of nothing.
    worth = worth + 10 if customer.number % 4 else -worth - 10
    yield {
        **month.invoice(customer, "Custom", customer.currency),
        "contractId": customer.contracts[0].platform_id,
        "subscription": None,
        "offer": DEFAULT_OFFER_RECORD,
        "billingCycle": None,
        "commitmentTerm": None,
        "chargeType": "OneTimeFee" if customer.number % 2 else "CycleFee",
        **amounts(Decimal(1), (worth * Decimal("0.7")).quantize(CENT), worth),
        "currency": customer.currency,
        "chargeStartDate": month.first.isoformat(),
        "chargeEndDate": months.last_of(month.first).isoformat(),
    }


def believable(month: Month, held: list[Subscription]) -> list[Line]:
    """The month as the reseller would see it, in a fixed order."""
    found: list[Line] = []
    for customer in customers():
        own = [item for item in held if item.customer is customer]
        for item in own:
            found += recurring(month, item)
            found += corrections(month, item)
        found += usage(month, customer)
        found += one_time(month, customer)
        found += custom(month, customer, own)
    return found


FILLING = tuple(c for c in customers() if c.contracts[0].kind in ("active", "new"))
_FILL_OFFERS = tuple(offers()[:17]) + tuple(o for o in offers() if o.kind == "usage")


@lru_cache(maxsize=8192)
def _pattern(month: Month, customer_turn: int, offer_turn: int) -> tuple[Line, Offer]:
    customer, offer = FILLING[customer_turn], _FILL_OFFERS[offer_turn]
    kind = "UsageFee" if offer.kind == "usage" else "CycleFee"
    return loose(month, customer, offer, kind, Decimal(1), 0), offer


def filler(month: Month, index: int) -> Line:
    """One more line of a month that was asked to be large; cheap, and the same at every call."""
    rounds, customer_turn = divmod(index, len(FILLING))
    line, offer = _pattern(month, customer_turn, rounds % len(_FILL_OFFERS))
    held = line["subscription"]
    quantity = Decimal(1 + (index * 7 + month.offset) % 50)
    return {
        **line,
        "subscription": {"id": f"{held['id']}-{index}", "name": held["name"]},
        **amounts(quantity, offer.cost, offer.price),
    }
