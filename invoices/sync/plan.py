"""What a sync will do, as a pure function of lines and of what we know of ConnectWise (P39).

Preview and execution call the same `make_plan`. Everything that ConnectWise is known to refuse is
refused here first, in plain words. Ids are ConnectWise's, except a line's, which is ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from invoices.amounts import Amounts, amounts_to_send, plain
from invoices.charge_dates import RECURRING, end_date_to_send
from invoices.months import last_day
from invoices.sync.images import AdditionImage, one_line
from invoices.sync.keys import posting_key
from invoices.sync.states import OperationKind, OperationState

AGREEMENT_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An invoice line as the plan sees it; `removals` counts its Additions that are gone again."""

    id: int
    version: int
    platform_id: str
    period: date
    customer: str
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
    company_id: int
    agreement_id: int | None
    product_id: int
    gone: bool = False
    outdated: bool = False  # a load found it changed while it was frozen
    removals: int = 0

    @property
    def recurring(self) -> bool:
        """Keeps one persistent Addition per subscription (P45); a custom invoice never does."""
        return self.charge_type in RECURRING and not self.custom and bool(self.subscription_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    id: int
    name: str
    usable: bool  # neither deleted nor missing
    contact_id: int | None
    site_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    id: int
    name: str
    company_id: int | None
    live: bool
    status: str
    currency: str
    bill_start: date | None
    next_invoice: date | None
    prorate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: int
    name: str
    inactive: bool
    missing: bool
    product_class: str
    taxable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """The open persistent Addition of a subscription; `addition_id` None while it is made."""

    subscription_id: str
    line_id: int
    last_period: date
    addition_id: int | None


@dataclass(frozen=True, slots=True)
class AgreementSlot:
    """Which agreement is to be made: one per company, type, currency and contract (P46)."""

    company_id: int
    currency: str
    contract_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What administrators chose, frozen for one plan."""

    seller_id: str
    installation: str  # ConnectWise's company id: part of every key
    agreement_type_id: int | None
    agreement_type_name: str = ""
    price_decimals: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What was last read of ConnectWise, and what we own there."""

    companies: Mapping[int, Company]
    products: Mapping[int, Product]
    agreements: Mapping[int, Agreement]
    own_agreements: Mapping[AgreementSlot, int]
    owned: Mapping[str, Owned]
    currency_ids: Mapping[str, int]
    # First day of the earliest loaded month of a contract: when its new agreement begins to bill.
    first_months: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line can't be posted; `code` groups lines of one cause."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One operation of the plan: planned, skipped or refused, with its reason."""

    kind: OperationKind
    state: OperationState
    line: Line | None = None
    slot: AgreementSlot | None = None
    agreement_id: int | None = None
    key: str = ""
    subscription_id: str = ""  # set when the Addition is the subscription's persistent one
    image: AdditionImage | None = None
    agreement: "NewAgreementPlan | None" = None
    reason: str = ""
    code: str = ""
    warnings: tuple[str, ...] = field(default=())


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


def make_plan(
    lines: Iterable[Line], directory: Directory, settings: PlanSettings
) -> tuple[Planned, ...]:
    """Agreements to make first, then one operation per line, in the lines' order."""
    ordered = sorted(lines, key=lambda line: line.id)
    owners = _owners([line for line in ordered if not line.gone])
    planned = [_plan_line(line, owners, directory, settings) for line in ordered]
    return (*_plan_agreements(planned, directory, settings), *planned)


def _plan_line(
    line: Line, owners: Mapping[str, int], directory: Directory, settings: PlanSettings
) -> Planned:
    if line.gone:
        return Planned(
            kind=OperationKind.CREATE,
            state=OperationState.SKIPPED,
            line=line,
            code="gone",
            reason="It is no longer on the Platform, so it is not posted.",
        )
    agreement_id, slot = _agreement_of(line, directory)
    refusal = _refusal(line, agreement_id, slot, directory, settings)
    if refusal:
        return Planned(
            kind=OperationKind.CREATE,
            state=OperationState.REFUSED,
            line=line,
            agreement_id=agreement_id,
            code=refusal.code,
            reason=refusal.reason,
        )
    persistent = line.recurring and owners.get(line.subscription_id) == line.id
    persistent = persistent and line.subscription_id not in directory.owned
    bounded = line.recurring and not persistent
    return Planned(
        kind=OperationKind.CREATE,
        state=OperationState.PLANNED,
        line=line,
        slot=slot,
        agreement_id=agreement_id,
        key=posting_key(
            seller_id=settings.seller_id,
            installation=settings.installation,
            line_id=line.platform_id,
            removals=line.removals,
        ),
        subscription_id=line.subscription_id if persistent else "",
        image=image_of(
            line, directory.products[line.product_id], settings.price_decimals, bounded=bounded
        ),
        reason="A new Addition.",
        warnings=_warnings(line, directory.agreements.get(agreement_id or 0), bounded=bounded),
    )


def image_of(
    line: Line, product: Product, price_decimals: int, *, bounded: bool = False
) -> AdditionImage:
    """The Addition a line becomes; `bounded` ends it with its start month (P45)."""
    amounts = amounts_to_send(
        quantity=line.quantity,
        unit_price=line.unit_price,
        unit_cost=line.unit_cost,
        total_price=line.total_price,
        total_cost=line.total_cost,
        price_decimals=price_decimals,
    )
    end = end_date_to_send(
        charge_type=line.charge_type,
        custom=line.custom,
        start=line.start,
        end=line.end,
        end_source=line.end_source,
        platform_end=line.platform_end,
    ).value
    return AdditionImage(
        product_id=product.id,
        quantity=amounts.quantity,
        unit_price=amounts.unit_price,
        unit_cost=amounts.unit_cost,
        effective_date=line.start,
        cancelled_date=last_day(line.start) if bounded and end is None else end,
        invoice_description=invoice_description(line, amounts),
        taxable=product.taxable,
    )


def invoice_description(line: Line, amounts: Amounts) -> str:
    """ "Subscription Name - Charge Type", and the true quantity and price behind a lump (P44)."""
    text = f"{line.subject} - {line.charge_type_shown}"
    if amounts.lump:
        text += f" ({plain(line.quantity)} × {plain(line.unit_price)} {line.currency})"
    return one_line(text)


def _owners(lines: Sequence[Line]) -> dict[str, int]:
    """Per subscription the line that owns the persistent Addition: Cycle Fee, then latest start."""
    best: dict[str, Line] = {}
    for line in lines:
        rival = best.get(line.subscription_id)
        if line.recurring and (rival is None or _claim(line) > _claim(rival)):
            best[line.subscription_id] = line
    return {subscription: line.id for subscription, line in best.items()}


def _claim(line: Line) -> tuple[bool, date, int]:
    return (line.charge_type == "Cycle Fee", line.start, -line.id)


def _agreement_of(line: Line, directory: Directory) -> tuple[int | None, AgreementSlot | None]:
    """The agreement it posts into, or the slot of the one to be made for it."""
    if line.agreement_id is not None:
        return line.agreement_id, None
    slot = AgreementSlot(line.company_id, line.currency, line.contract_id)
    existing = directory.own_agreements.get(slot)
    return (existing, None) if existing is not None else (None, slot)


def _refusal(
    line: Line,
    agreement_id: int | None,
    slot: AgreementSlot | None,
    directory: Directory,
    settings: PlanSettings,
) -> Refusal | None:
    company = directory.companies.get(line.company_id)
    agreement = directory.agreements.get(agreement_id) if agreement_id else None
    return (
        _amounts_refusal(line)
        or _company_refusal(company)
        or _product_refusal(directory.products.get(line.product_id))
        or _subscription_refusal(line, directory.owned.get(line.subscription_id))
        or (
            _slot_refusal(line, company, directory, settings)
            if slot
            else _agreement_refusal(line, agreement)
        )
    )


def _amounts_refusal(line: Line) -> Refusal | None:
    if line.outdated:
        return Refusal(
            "changed_on_platform",
            f"It has changed on the Platform. Load {line.period:%B %Y} again, then sync.",
        )
    return None


def _company_refusal(company: Company | None) -> Refusal | None:
    if company is None or not company.usable:
        name = company.name if company else "This PSA Organization"
        return Refusal(
            "company_gone",
            f"{name} is deleted in ConnectWise. Map the organization to another company.",
        )
    return None


def _product_refusal(product: Product | None) -> Refusal | None:
    if product is None or product.missing:
        name = product.name if product else "The product"
        return Refusal(
            "product_gone",
            f"{name} is no longer in ConnectWise's catalog. Map the offer to another product.",
        )
    if product.inactive:
        return Refusal(
            "product_inactive",
            f"Product inactive: {product.name}. Activate it in ConnectWise, or map the offer to another product.",
        )
    if product.product_class == "Bundle":
        return Refusal(
            "product_bundle",
            f"{product.name} is a bundle, which can't be an Addition. Map the offer to another product.",
        )
    return None


def _subscription_refusal(line: Line, owned: Owned | None) -> Refusal | None:
    """A later or earlier month of a subscription that has its Addition is never posted again."""
    if not line.recurring or owned is None:
        return None
    addition = f"Addition {owned.addition_id}" if owned.addition_id else "an Addition being made"
    if owned.line_id == line.id:
        return Refusal(
            "already_posted", f"This line already has {addition} in ConnectWise; check it there."
        )
    if owned.last_period != line.period:
        return Refusal(
            "subscription_has_addition",
            f"This subscription already has {addition}, from {owned.last_period:%B %Y}. "
            "It was not posted a second time; change that Addition in ConnectWise.",
        )
    return None


def _slot_refusal(
    line: Line, company: Company | None, directory: Directory, settings: PlanSettings
) -> Refusal | None:
    if settings.agreement_type_id is None:
        return Refusal(
            "no_agreement_type",
            "No default Agreement Type is chosen. Choose one in Settings → Configuration.",
        )
    if company is not None and company.contact_id is None:
        return Refusal(
            "no_contact",
            f"{company.name} has no default contact in ConnectWise, which a new agreement needs. Set one there.",
        )
    if line.currency not in directory.currency_ids:
        return Refusal(
            "currency_unknown",
            f"No agreement or company in ConnectWise uses {line.currency}, so a new agreement in it can't be made. "
            "Choose an existing agreement.",
        )
    if len(line.contract_id) > AGREEMENT_NAME_LENGTH:
        return Refusal("contract_too_long", "The contract's ID is too long to name an agreement.")
    return None


def _agreement_refusal(line: Line, agreement: Agreement | None) -> Refusal | None:
    if agreement is None:
        return Refusal(
            "agreement_gone", "The agreement is no longer in ConnectWise. Choose another one."
        )
    if agreement.company_id != line.company_id:
        return Refusal(
            "agreement_of_another_company",
            f"Agreement {agreement.name} belongs to another company. Choose one of this company's.",
        )
    if not agreement.live:
        return Refusal(
            "agreement_not_active",
            f"Agreement {agreement.name} is {agreement.status.lower() or 'not active'} in ConnectWise. "
            "Choose an active one.",
        )
    if agreement.currency and agreement.currency != line.currency:
        return Refusal(
            "currency_differs",
            f"The line is in {line.currency}, agreement {agreement.name} in {agreement.currency}. "
            f"Choose an agreement in {line.currency}.",
        )
    return _start_refusal(line, agreement)


def _start_refusal(line: Line, agreement: Agreement) -> Refusal | None:
    """ConnectWise's two rules for the effective date (docs/connectwise.md, "Effective date")."""
    if agreement.bill_start and line.start < agreement.bill_start:
        return Refusal(
            "before_billing_start",
            f"The charge starts {line.start}, before agreement {agreement.name} begins to bill "
            f"({agreement.bill_start}). Change the start date here or the billing start in ConnectWise.",
        )
    if agreement.next_invoice and not agreement.prorate and line.start < agreement.next_invoice:
        return Refusal(
            "period_invoiced",
            f"Agreement {agreement.name} has been invoiced up to {agreement.next_invoice} and does not prorate. "
            "Start the charge on or after that day.",
        )
    return None


def _warnings(line: Line, agreement: Agreement | None, *, bounded: bool) -> tuple[str, ...]:
    told = []
    if bounded:
        told.append(
            "The subscription has another recurring line in this period; this one ends with its start month."
        )
    if agreement is not None and agreement.prorate:
        told.append(f"Agreement {agreement.name} prorates: ConnectWise may prorate this again.")
    return tuple(told)


def _plan_agreements(
    planned: Sequence[Planned], directory: Directory, settings: PlanSettings
) -> list[Planned]:
    """One operation per agreement that a planned line waits for."""
    starts: dict[AgreementSlot, date] = {}
    for operation in planned:
        if operation.slot and operation.line:
            first = directory.first_months.get(operation.slot.contract_id, operation.line.period)
            # A line that starts before the first loaded month would be refused as before billing.
            starts[operation.slot] = min(
                starts.get(operation.slot, first), first, operation.line.start
            )
    return [_plan_agreement(slot, start, directory, settings) for slot, start in starts.items()]


def _plan_agreement(
    slot: AgreementSlot, start: date, directory: Directory, settings: PlanSettings
) -> Planned:
    company = directory.companies[slot.company_id]
    if company.contact_id is None or settings.agreement_type_id is None:
        raise ValueError("a line of this slot should have been refused")
    return Planned(
        kind=OperationKind.CREATE_AGREEMENT,
        state=OperationState.PLANNED,
        slot=slot,
        agreement=NewAgreementPlan(
            name=slot.contract_id,
            company_id=slot.company_id,
            contact_id=company.contact_id,
            site_id=company.site_id,
            type_id=settings.agreement_type_id,
            currency_id=directory.currency_ids[slot.currency],
            start=start,
        ),
        reason=f"A new agreement {slot.contract_id} for {company.name}.",
    )
