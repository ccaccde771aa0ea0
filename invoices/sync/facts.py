"""What the plan is made from and what it is made of: plain values, no Django, no HTTP.

Ids are ConnectWise's, except a line's, which is ours.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from invoices.charge_dates import RECURRING
from invoices.sync.cautions import Caution, Twin
from invoices.sync.images import AdditionImage, differences
from invoices.sync.states import (
    AGREEMENT_KINDS,
    ENDS,
    Intent,
    OperationKind,
    OperationState,
    PostingState,
)

# The codes of ends that are not sent before a person says yes (P49).
ASKED_FOR, TOO_MANY = "waits_for_a_yes", "too_many_ends"
WAITS_FOR_A_YES = (ASKED_FOR, TOO_MANY)
INTENTS = {
    OperationKind.UPDATE: Intent.UPDATE,
    OperationKind.END: Intent.END,
    OperationKind.DELETE: Intent.REMOVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An invoice line as the plan sees it; `removals` counts its Additions that are gone again."""

    id: int
    version: int
    platform_id: str
    period: date
    customer: str
    organization_id: int | None = None  # ours
    contract_id: str
    subscription_id: str
    subject: str  # the subscription's name, or the offer's where there is none
    charge_type: str
    charge_type_shown: str
    custom: bool
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    total_price: Decimal
    total_cost: Decimal
    currency: str
    start: date
    end: date | None
    end_source: str
    platform_end: date | None
    platform_start: date | None = None
    company_id: int
    agreement_id: int | None
    product_id: int
    billing_cycle: str = ""
    gone: bool = False
    outdated: bool = False  # a load found it changed while it was frozen
    removals: int = 0

    @property
    def recurring(self) -> bool:
        """Keeps one persistent Addition per subscription (P45); a custom invoice never does."""
        return self._recurs and bool(self.subscription_id)

    @property
    def nameless(self) -> bool:
        """Recurs, but names no subscription: no later line could go on with its Addition, or end it."""
        return self._recurs and not self.subscription_id

    @property
    def _recurs(self) -> bool:
        return self.charge_type in RECURRING and not self.custom


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A recurring line that may own its subscription's persistent Addition in its period."""

    line_id: int
    subscription_id: str
    charge_type: str
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A customer in ConnectWise, as far as a plan asks."""

    id: int
    name: str
    usable: bool  # neither deleted nor missing
    contact_id: int | None
    site_id: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AgreementSlot:
    """Which agreement is to be made: one per company, type, currency and contract (P46)."""

    company_id: int
    currency: str
    contract_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement in ConnectWise; `live` is active, neither cancelled nor gone."""

    id: int
    name: str
    company_id: int | None
    live: bool
    status: str
    currency: str
    bill_start: date | None
    next_invoice: date | None
    prorate: bool
    billing_cycle: str = ""
    start: date | None = None
    end: date | None = None  # the last day; None where it runs on
    ours: AgreementSlot | None = None  # what it was made for, where it was made by us

    def bills_later_than(self, day: date) -> bool:
        """ConnectWise takes no Addition from a day before billing starts."""
        return self.bill_start is not None and day < self.bill_start

    def has_invoiced(self, effective_date: date) -> bool:
        """Whether a charge from that day stands on an invoice, as far as can be known here.

        An agreement that doesn't prorate takes no charge in a period it has invoiced. One whose next
        invoice is its first has invoiced nothing.
        """
        if self.prorate or self.next_invoice is None:
            return False
        first = self.bill_start is not None and self.next_invoice <= self.bill_start
        return effective_date < self.next_invoice and not first


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A catalog item in ConnectWise; a "Bundle" can't be an Addition."""

    id: int
    name: str
    inactive: bool
    missing: bool
    product_class: str
    taxable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """An Addition of ours that is open; `addition_id` is None while it is being made."""

    key: str
    line_id: int  # the line that opened it
    last_line_id: int  # the line that wrote it last
    last_period: date
    subscription_id: str = ""  # "" where it is one line's alone
    addition_id: int | None = None
    agreement_id: int = 0
    image: AdditionImage | None = None  # as we wrote it last
    busy: bool = False  # an operation on it isn't settled yet


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What administrators chose, frozen for one plan."""

    seller_id: str
    installation: str  # ConnectWise's company id: part of every key
    agreement_type_id: int | None
    agreement_type_name: str = ""
    agreement_type_usable: bool = True  # neither inactive nor missing there
    agreement_type_cycle: str = ""
    price_decimals: int = 4
    # End a charge after one agreement period where the agreement bills more often than it (P45).
    end_long_cycles: bool = False
    # A person's word for these lines: write over what was changed in ConnectWise (docs/posting.md, 1).
    overwrite: bool = False
    # A person sees the plan, or asks for the line, before anything is sent.
    attended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What was last read of ConnectWise, and what we own there."""

    companies: Mapping[int, Company]
    products: Mapping[int, Product]
    agreements: Mapping[int, Agreement]
    own_agreements: Mapping[AgreementSlot, int]
    currency_ids: Mapping[str, int]
    # First day of the earliest loaded month of a contract: when its new agreement begins to bill.
    first_months: Mapping[str, date]
    # By subscription: its open persistent Addition.
    owned: Mapping[str, Owned]
    # By line: the open Addition that is this line's alone.
    own: Mapping[int, Owned] = field(default_factory=dict)
    # By subscription: the newest period that wrote a persistent Addition of it, ended ones too.
    latest_periods: Mapping[str, date] = field(default_factory=dict)
    # Recurring lines of the period that aren't planned now, but may own an Addition.
    contenders: Sequence[Contender] = ()
    # By key: what stands in ConnectWise now (None: nothing); only of what was just listed.
    found: Mapping[str, AdditionImage | None] = field(default_factory=dict)
    # Keys of that list that our books don't know: another installation's, or from after a backup.
    unknown_keys: Collection[str] = ()
    # By line: what may be the same charge, posted under another number.
    twins: Mapping[int, Twin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line can't be posted; `code` groups lines of one cause."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """One of ours that turned out to be over: kept as ended or removed, without a call."""

    key: str
    state: PostingState
    image: AdditionImage | None = None  # as it stands there, where it does


@dataclass(frozen=True, slots=True)
class BillingNeed:
    """An agreement of ours that has to bill from that day before an operation can be sent (P46)."""

    agreement_id: int
    start: date


@dataclass(frozen=True, slots=True)
class AgreementDates:
    """When an agreement starts and when it begins to bill."""

    start: date | None
    bill_start: date | None

    def moved_back(self, day: date) -> "AgreementDates":
        """Billing from that day on, and never before the agreement itself starts."""
        start = None if self.start is None else min(self.start, day)
        return AgreementDates(start, day if self.bill_start is None else min(self.bill_start, day))

    def to_json(self) -> dict[str, str | None]:
        """As an Operation keeps them."""
        days = {"start_date": self.start, "bill_start_date": self.bill_start}
        return {name: day.isoformat() if day else None for name, day in days.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreementPlan:
    """An agreement to be made; billing starts with it."""

    name: str
    company_id: int
    contact_id: int
    site_id: int | None
    type_id: int
    currency_id: int
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One operation of the plan: planned, skipped or refused, with its reason.

    An update whose `before` equals its `image` sends nothing: its line just becomes Synced.
    """

    kind: OperationKind
    state: OperationState
    line: Line | None = None
    slot: AgreementSlot | None = None
    agreement_id: int | None = None
    key: str = ""
    addition_id: int | None = None
    subscription_id: str = ""  # set when the Addition is the subscription's persistent one
    before: AdditionImage | None = None
    image: AdditionImage | None = None  # after
    agreement: NewAgreementPlan | None = None
    dates_before: AgreementDates | None = None  # of an agreement whose billing start moves
    dates: AgreementDates | None = None
    needs: BillingNeed | None = None
    closes: Closing | None = None
    spent: tuple[str, ...] = ()  # earlier keys of its line that our books have forgotten
    follows: bool = False  # it waits for the operation just before it in the plan
    is_step: bool = False  # another operation of its line follows: the line is done with that one
    undoes: int | None = None  # the operation it takes back
    customer: str = ""
    reason: str = ""
    code: str = ""
    warnings: tuple[Caution, ...] = field(default=())

    @property
    def agreement_work(self) -> AgreementSlot | int | None:
        """The agreement to be made (its slot) or to bill earlier (its id): this does it, or waits."""
        if self.kind == OperationKind.UPDATE_AGREEMENT:
            return self.agreement_id
        return self.slot or (self.needs.agreement_id if self.needs else None)

    @property
    def is_ended_by_policy(self) -> bool:
        """Its subscription is gone, and nobody is asked, but perhaps once more for their number."""
        ends = self.line is None and not self.undoes and self.kind in ENDS
        return ends and (self.state == OperationState.PLANNED or self.code == TOO_MANY)

    @property
    def intent(self) -> Intent:
        """What a person reads; an end that waits for a yes is an end still."""
        if self.kind in AGREEMENT_KINDS:
            return Intent.AGREEMENT
        waits = self.line is None and self.code in WAITS_FOR_A_YES
        if self.state == OperationState.SKIPPED and not waits:
            return Intent.SKIP
        if self.is_step:
            return Intent.STEP
        if self.state == OperationState.REFUSED:
            return Intent.REFUSE
        if self.kind == OperationKind.CREATE:
            return Intent.MOVE if self.follows and self.undoes is None else Intent.CREATE
        return Intent.UNCHANGED if self.unchanged else INTENTS[self.kind]

    @property
    def unchanged(self) -> bool:
        """Nothing is sent for it."""
        if self.before is None or self.image is None:
            return False
        return not differences(self.before, self.image)
