"""What has to be true once things are quiet; the stand-in's own records and ledger are the judge."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.months import last_day
from invoices.sync import run
from psa_connectwise.models import Agreement
from psa_connectwise.sandbox.store import Store
from tests.soak.people import STRANGERS_KEY, People
from tests.soak.scenario import MONTHS, Charge

Status = InvoiceLine.Status
Record = dict[str, Any]
REFUSED = ("(401)", "(403)")


class Wrong(AssertionError):
    """ConnectWise, or what we say of it, is not what it has to be."""


class Judge:
    """Looks at one month, with all that stands from the months before."""

    def __init__(self, store: Store, people: People) -> None:
        self.store, self.people = store, people
        self.charges = list(people.charges.values())
        self.month = people.month
        self.rows = {one.platform_id: one for one in InvoiceLine.objects.all()}
        self.ours = {one["id"]: one for one in store.all("additions") if _is_ours(one)}
        self.of_month = [one for one in self.charges if one.month == self.month]
        self.posted = [one for one in self.of_month if one.posted]

    def check(self) -> None:
        self.nothing_is_under_way()
        for charge in self.of_month:
            self.line(charge)
        self.each_once()
        self.single_lines_of_before_stand()
        self.what_runs_on()
        self.month_is_billed_to_the_cent()
        self.one_agreement()
        self.it_bills_from_the_first_charge()
        self.strangers_stand()
        self.nothing_vanished()

    def nothing_is_under_way(self) -> None:
        under_way = Operation.objects.filter(state__in=["planned", "claimed", "unknown"])
        _equal("operations under way", [str(one) for one in under_way], [])
        _equal("live run", run.live_run(), None)
        in_doubt = [row.platform_id for row in self.rows.values() if row.in_flight]
        _equal("lines not confirmed", in_doubt, [])

    def line(self, charge: Charge) -> None:
        row = self.rows.get(charge.id)
        if row is None:
            _equal(f"{charge.id} isn't loaded", charge.final and not charge.gone, False)
            return
        if not charge.posted:
            wanted = (Status.ERROR, charge.refused) if charge.refused else (Status.NOT_SYNCED, "")
            _equal(f"{charge.id} is left alone", (row.psa_status, row.error_code), wanted)
            _equal(f"{charge.id} has no Addition", row.addition_id, None)
            return
        _equal(f"{charge.id} is Synced", (row.psa_status, row.error), (Status.SYNCED, ""))
        self.money(charge, row)

    def money(self, charge: Charge, row: InvoiceLine) -> None:
        addition = self.ours.get(row.addition_id or 0)
        if addition is None:
            raise Wrong(f"{charge.id}: Addition {row.addition_id} doesn't stand in ConnectWise")
        _equal(f"{charge.id} has a total of the Platform's", row.total_price in charge.totals, True)
        stands = (addition["extPrice"], addition["extCost"], addition["product"]["id"])
        assert charge.product
        wanted = (row.total_price, row.total_cost, charge.product.connectwise_id)
        _equal(f"{charge.id} stands to the cent", stands, wanted)
        if charge.agreement:
            place = charge.agreement.connectwise_id
            _equal(f"{charge.id} stands in its agreement", addition["agreementId"], place)

    def each_once(self) -> None:
        numbers = Counter(self.rows[one.id].addition_id for one in self.posted)
        _equal(
            "Additions with two lines of the month", [n for n, c in numbers.items() if c > 1], []
        )
        keys = Counter(one["serialNumber"] for one in self.ours.values())
        _equal("keys that stand twice", [key for key, count in keys.items() if count > 1], [])

    def single_lines_of_before_stand(self) -> None:
        for charge in self.charges:
            row = self.rows.get(charge.id)
            if row and charge.posted and not charge.recurring and row.psa_status == Status.SYNCED:
                self.money(charge, row)

    def what_runs_on(self) -> None:
        """One open-ended Addition for each subscription that is billed now, and for nobody else."""
        alive = {one.subscription for one in self.of_month if one.subscription}
        running: dict[str, list[int]] = defaultdict(list)
        for number in (n for n, one in self.ours.items() if not one.get("cancelledDate")):
            running[self._subscription_of(number)].append(number)
        twice = {name: numbers for name, numbers in running.items() if len(numbers) > 1}
        _equal("subscriptions that run twice", twice, {})
        _equal("subscriptions that run though they are gone", set(running) - alive, set())
        owed = {one.subscription for one in self.posted if one.recurring}
        _equal("subscriptions that don't run", owed - set(running), set())

    def _subscription_of(self, number: int) -> str:
        """As its invoice description begins: what the customer reads."""
        text = str(self.ours[number]["invoiceDescription"])
        return text.removeprefix("Service ").split(" - ")[0]

    def month_is_billed_to_the_cent(self) -> None:
        """What ConnectWise would bill for the month, summed from all that is active in it."""
        early = self._early()
        active = [
            one
            for one in self.ours.values()
            if (early[one["id"]] == self.month if one["id"] in early else self._is_active(one))
        ]
        posted = {one.id for one in self.posted}
        skipped = {one.subscription for one in self.of_month if not one.posted} - {""}
        billed = _sums(one for one in active if self._subscription_of(one["id"]) not in skipped)
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.rows.values():
            if row.platform_id in posted and row.subscription_id not in skipped:
                owed[row.currency] += row.total_price
        _equal(f"the bill of {self.month:%B}", billed, owed["EUR"])

    def _is_active(self, addition: Record) -> bool:
        first, last = _moment(self.month), _moment(last_day(self.month))
        return bool(
            addition["effectiveDate"] <= last and addition.get("cancelledDate", last) >= first
        )

    def _early(self) -> dict[int | None, date]:
        """Additions of charges that start before their month, and the month that bills them."""
        return {
            self.rows[one.id].addition_id: one.month
            for one in self.charges
            if one.since and one.id in self.rows
        }

    def one_agreement(self) -> None:
        asked = [one for one in self.charges if one.creates and one.posted]
        contract = asked[0].contract
        made = [one["id"] for one in self.store.all("agreements") if one["name"] == contract]
        _equal(f"agreements called {contract}", len(made), 1)
        places = {self.ours[self.rows[one.id].addition_id or 0]["agreementId"] for one in asked
                  if self.rows[one.id].psa_status == Status.SYNCED}  # fmt: skip
        _equal(f"lines of {contract} stand in it", places, set(made))

    def it_bills_from_the_first_charge(self) -> None:
        """The agreement that is ours: from its earliest charge on, and we know it."""
        asked = [one for one in self.charges if one.creates and one.posted]
        first = min([MONTHS[0], *(one.start for one in asked)])
        (made,) = (one for one in self.store.all("agreements") if one["name"] == asked[0].contract)
        _equal(f"{made['name']} bills from", made["billStartDate"], _moment(first))
        known = Agreement.objects.get(connectwise_id=made["id"]).bill_start_date
        _equal(f"{made['name']} is known to bill from", known, first)

    def strangers_stand(self) -> None:
        for number, record in self.people.strangers.items():
            _equal("what strangers made", self.store.find("additions", number), record)

    def nothing_vanished(self) -> None:
        """Every write that made an Addition is answered for: it stands, or we took it away."""
        made = {one["id"] for one in self.store.ledger if _made_ours(one)}
        gone = {one["id"] for one in self.store.ledger if one["record"] is None}
        standing = set(self.ours)
        lost = made - standing - gone - self.people.deleted
        _equal("Additions that vanished", lost, set())


def was_left(failed: SyncRun) -> bool:
    """Whether a 401 or 403 ended this run in its middle; raises where it left more than the rest."""
    _equal(f"{failed} failed and says why", bool(failed.message), True)
    if not any(status in failed.message for status in REFUSED):
        return False
    blamed = Q(error__contains=REFUSED[0]) | Q(error__contains=REFUSED[1])
    names = InvoiceLine.objects.filter(blamed).values_list("platform_id", flat=True)
    _equal(f"lines in Error for what ended {failed}", list(names), [])
    done = failed.operations.filter(state="done")
    return done.exists() and failed.operations.filter(state="withdrawn").exists()


def _is_ours(record: Record) -> bool:
    key = str(record.get("serialNumber", ""))
    return key.startswith("LB-") and not key.startswith(STRANGERS_KEY)


def _made_ours(entry: Record) -> bool:
    made = entry["kind"] == "additions" and entry["before"] is None
    return made and _is_ours(entry["record"])


def _sums(additions: Iterable[Record]) -> Decimal:
    return sum((Decimal(one["extPrice"]) for one in additions), Decimal(0))


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _equal(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, not {wanted!r}")
