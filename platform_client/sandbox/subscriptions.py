"""Which subscriptions the invented customers hold: the same for a seed, whatever the day."""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from sandbox_kit.reseller import Contract, Customer, Offer, customers, offers

MONTHS_OF_CYCLE = {"Monthly": 1, "Quarterly": 3, "Annual": 12, "Triennial": 36}
SPECIAL_OFFERS = frozenset({5057, 5058, 5059, 5060})
_COUNTS = {"ended": 3, "foreign": 1, "child": 2, "annual": 2, "new": 4}


def draw(*key: object) -> int:
    """A large number that depends on the key only."""
    return int.from_bytes(sha256(":".join(map(str, key)).encode()).digest()[:6], "big")


@dataclass(frozen=True)
class Subscription:
    """Months are counted from the month the data were first made for (0); None means no such month."""

    index: int
    id: str
    name: str
    customer: Customer
    contract: Contract
    offer: Offer
    quantity: int
    first_month: int | None = None
    last_month: int | None = None
    gap_month: int | None = None
    split_month: int | None = None
    due_phase: int = 0
    dearer: bool = False
    seed: int = 1

    def is_due(self, month: int) -> bool:
        """Whether the month has a charge for it: inside its life and on its billing cycle."""
        before = self.first_month is not None and month < self.first_month
        after = self.last_month is not None and month > self.last_month
        if before or after or month == self.gap_month:
            return False
        return (month - self.due_phase) % MONTHS_OF_CYCLE[self.offer.cycle] == 0

    def quantity_in(self, month: int) -> int:
        """Seats come and go now and then, and the change stays."""
        now = self.quantity
        # Walked from the first month on, so that each month follows from the one before.
        for earlier in range(-1, month + 1):
            drawn = draw(self.seed, self.id, "seats", earlier)
            if drawn % 5 == 0:
                now = max(1, now + (drawn // 5) % 5 - 2)
        return now

    def price_in(self, month: int) -> Decimal:
        """What a seat is sold at in that month."""
        return self._raised(self.offer.price, month)

    def cost_in(self, month: int) -> Decimal:
        """What a seat costs the reseller in that month."""
        return self._raised(self.offer.cost, month)

    def _raised(self, amount: Decimal, month: int) -> Decimal:
        return (
            (amount * Decimal("1.05")).quantize(Decimal("0.0001"))
            if self.dearer and month >= 0
            else amount
        )


def build(seed: int) -> list[Subscription]:
    """Each contract's subscriptions, by index: many peculiarities hang on the index alone."""
    held: list[Subscription] = []
    regular = [o for o in offers() if o.kind == "cycle" and o.number not in SPECIAL_OFFERS]
    for customer in customers():
        for contract in customer.contracts:
            for position in range(_count(seed, contract)):
                offer = regular[(len(held) * 11 + 3) % len(regular)]
                held.append(_subscription(seed, len(held), customer, contract, offer, position))
    return held + _special(seed, len(held))


def _count(seed: int, contract: Contract) -> int:
    usual = 4 + draw(seed, contract.platform_id) % 5 if contract.letter == "A" else 3
    return _COUNTS.get(contract.kind, usual)


def _subscription(
    seed: int, index: int, customer: Customer, contract: Contract, offer: Offer, position: int
) -> Subscription:
    monthly = offer.cycle == "Monthly"
    identifier = f"sub-{customer.number}-{contract.letter}-{position + 1:02d}"
    name = offer.name if position % 3 else f"{offer.name} – {customer.city}"
    return Subscription(
        index=index,
        id=identifier,
        name=name,
        customer=customer,
        contract=contract,
        offer=offer,
        quantity=1 + draw(seed, identifier, "quantity") % 40,
        first_month=-1 if index % 29 == 3 else 0 if index % 31 == 5 else None,
        last_month=-1 if monthly and index % 37 == 7 else None,
        gap_month=-1 if monthly and index % 47 == 13 else None,
        split_month=0 if monthly and index % 41 == 9 else None,
        due_phase=0 if monthly else -(index % 3),
        dearer=index % 11 == 4,
        seed=seed,
    )


# customer number, contract position, offer number: the plants, and offers nobody has mapped
_SPECIAL = (
    (1004, 0, 5059), (1016, 0, 5059), (1024, 0, 5059),
    (1003, 0, 5057), (1019, 0, 5057), (1028, 0, 5058), (1031, 0, 5058),
)  # fmt: skip


def _special(seed: int, index: int) -> list[Subscription]:
    by_customer = {customer.number: customer for customer in customers()}
    by_offer = {offer.number: offer for offer in offers()}
    return [
        _subscription(
            seed,
            (index + n) * 1000 + 1,
            by_customer[c],
            by_customer[c].contracts[k],
            by_offer[o],
            80 + n,
        )
        for n, (c, k, o) in enumerate(_SPECIAL)
    ]
