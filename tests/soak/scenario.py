"""What the Platform bills and what people want of it, month by month, drawn from the seed."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random

from invoices.months import last_day
from platform_client import schemas
from psa_connectwise.models import Agreement, Company, Product

MONTHS = (date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1))
# When charges of a month start that our agreement doesn't bill yet.
EARLY = {date(2026, 6, 1): date(2026, 4, 1), date(2026, 7, 1): date(2026, 3, 1)}
FIFTY = 50
# So many of a hundred seeds ask for one agreement with fifty lines at once.
WITH_FIFTY = 8


@dataclass(frozen=True)
class Places:
    """Where lines can go in ConnectWise, and where they are refused."""

    company: Company
    agreements: tuple[Agreement, ...]  # live, in euros, of that company
    products: tuple[Product, ...]
    refusing: dict[str, tuple[Company, Agreement, Product]]  # by the error code they bring


@dataclass
class Charge:
    """One invoice line: what the Platform says, and where people put it."""

    id: str
    month: date
    charge_type: str
    company: Company
    agreement: Agreement | None
    product: Product | None
    quantity: Decimal
    unit: Decimal
    lump: bool = False
    subscription: str = ""
    day: int = 1
    # Of a charge that starts before its month.
    since: date | None = None
    cycle: str = "Monthly"
    contract: str = "CON-1"
    creates: bool = False
    custom: bool = False
    final: bool = True
    gone: bool = False
    refused: str = ""
    # Every total the Platform ever said.
    totals: set[Decimal] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.totals.add(self.total)

    @property
    def recurring(self) -> bool:
        return bool(self.subscription) and not self.custom

    @property
    def posted(self) -> bool:
        """Whether it is to stand in ConnectWise in the end."""
        return not (self.gone or self.refused) and self.final and self.product is not None

    @property
    def total(self) -> Decimal:
        return self.unit if self.lump else self.quantity * self.unit

    @property
    def start(self) -> date:
        return self.since or self.month.replace(day=self.day)

    def reprice(self, unit: Decimal) -> None:
        self.unit = unit
        self.totals.add(self.total)

    def as_loaded(self) -> schemas.InvoiceLine:
        """As the Platform's API answers it."""
        subscription = (
            schemas.Subscription(id=self.subscription, name=f"Service {self.subscription}")
            if self.subscription
            else None
        )
        return schemas.InvoiceLine(
            id=self.id,
            invoice_id=f"INV-{self.month:%Y%m}",
            invoice_date=self.month.replace(day=10),
            invoice_status="Issued" if self.final else "New",
            invoice_source="Custom" if self.custom else "Standard",
            organization=schemas.Organization(id="ORG-1", name="Organization", status="Active"),
            contract_id=self.contract,
            offer=schemas.Offer(id="OFF-1", name="Offer", vendor_name="Vendor"),
            charge_type=self.charge_type.replace(" ", ""),
            quantity=self.quantity,
            unit_cost=self.unit,
            unit_price=self.unit,
            total_cost=self.total,
            total_price=self.total,
            currency="EUR",
            charge_start_date=self.start,
            charge_end_date=last_day(self.month),
            billing_cycle=self.cycle,
            subscription=subscription,
        )


@dataclass
class _Subscription:
    name: str
    agreement: Agreement
    product: Product
    cycle: str = "Monthly"
    begun: bool = False


class Scenario:
    """Draws the months in order: each goes on from the one before."""

    def __init__(self, seed: int, places: Places) -> None:
        self.seed, self.places = seed, places
        self.random = Random(f"scenario {seed}")
        self._number = 0
        self.new_contract = f"NEW-{seed}"
        self.waiting = FIFTY if self.random.random() * 100 < WITH_FIFTY else self._few(2, 5)
        self.subscriptions = [self._subscription(n) for n in range(self._few(3, 6))]

    def month(self, month: date) -> list[Charge]:
        made = [self._single(month) for _ in range(self._few(1, 3))]
        made += [one for kept in self.subscriptions for one in self._recurring(kept, month)]
        made += self._asking_for_an_agreement(month)
        made += self._never_posted(month)
        return made

    def _few(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _subscription(self, number: int) -> _Subscription:
        return _Subscription(
            f"SUB-{self.seed}-{number}",
            self.random.choice(self.places.agreements),
            self.random.choice(self.places.products),
            cycle="Annual" if self._chance(0.1) else "Monthly",
        )

    def _charge(self, month: date, charge_type: str, **values: object) -> Charge:
        self._number += 1
        given = {
            "id": f"LINE-{self.seed}-{self._number}",
            "month": month,
            "charge_type": charge_type,
            "company": self.places.company,
            "agreement": self.random.choice(self.places.agreements),
            "product": self.random.choice(self.places.products),
            "quantity": Decimal(self._few(1, 4)),
            "unit": Decimal(self._few(100, 9999)) / 100,
            "lump": self._chance(0.3),
        }
        return Charge(**(given | values))  # type: ignore[arg-type]

    def _single(self, month: date) -> Charge:
        day = self._few(1, 28)
        if self._chance(0.3):
            unit = -Decimal(self._few(100, 9999)) / 100
            return self._charge(month, "Correction", custom=True, day=day, unit=unit)
        return self._charge(month, "One Time Fee", day=day)

    def _recurring(self, kept: _Subscription, month: date) -> list[Charge]:
        if kept.begun and (kept.cycle == "Annual" or self._chance(0.2)):
            return self._not_final(kept, month) if self._chance(0.2) else []
        if kept.begun and self._chance(0.2):
            kept.product = self.random.choice(self.places.products)
        if kept.begun and self._chance(0.2):
            kept.agreement = self.random.choice(self.places.agreements)
        main = self._charge(
            month,
            "Cycle Fee" if kept.begun or self._chance(0.5) else "Purchase Fee",
            subscription=kept.name,
            agreement=kept.agreement,
            product=None if self._chance(0.05) else kept.product,
            cycle=kept.cycle,
        )
        kept.begun = True
        if main.charge_type == "Cycle Fee" and main.product and self._chance(0.2):
            twin = {"agreement": kept.agreement, "product": kept.product, "day": 10}
            return [main, self._charge(month, "Purchase Fee", subscription=kept.name, **twin)]
        return [main]

    def _not_final(self, kept: _Subscription, month: date) -> list[Charge]:
        values = {"subscription": kept.name, "final": False, "product": None}
        return [self._charge(month, "Cycle Fee", **values)]

    def _asking_for_an_agreement(self, month: date) -> list[Charge]:
        count = self.waiting if month == MONTHS[0] else self._few(0, 2)
        values = {"agreement": None, "creates": True, "contract": self.new_contract}
        made = [self._charge(month, "One Time Fee", **values) for _ in range(count)]
        if month != MONTHS[0] and self._chance(0.6):
            # Earlier and earlier: it has to be told again each time.
            early = {**values, "since": EARLY[month].replace(day=self._few(1, 28))}
            made += [self._charge(month, "One Time Fee", **early) for _ in range(self._few(1, 3))]
        return made

    def _never_posted(self, month: date) -> list[Charge]:
        code = self.random.choice(sorted(self.places.refusing))
        company, agreement, product = self.places.refusing[code]
        refused = self._charge(
            month,
            "One Time Fee",
            company=company,
            agreement=agreement,
            product=product,
            refused=code,
        )
        made = [refused, self._charge(month, "One Time Fee", product=None)]
        return [*made, self._charge(month, "Setup Fee", gone=True)] if self._chance(0.5) else made
