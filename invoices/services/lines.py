"""Changes the dates and ConnectWise values of invoice lines; one row is bulk edit of one (P30–P36).

All or nothing: the lines are locked, checked again as they stand now, and written by one UPDATE
that touches only what differs.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, ForeignKey, Q, Value, When

from invoices.models import InvoiceLine
from invoices.models.lines import DateSource, ValueSource
from mapping.models import Offer, Organization
from mapping.services.remember import remember_line_choice
from psa_connectwise.models import Agreement, Company, Product

logger = logging.getLogger(__name__)


class Choice(Enum):
    """What a change may say besides a value."""

    KEEP = "keep"
    AUTOMATIC = "automatic"  # of an end date: what it is without a user
    CREATE = "create"  # of an agreement: "Create new agreement"


@dataclass(frozen=True, kw_only=True)
class LineChange:
    """What shall change; None unmaps."""

    start: date | Choice = Choice.KEEP
    end: date | Choice = Choice.KEEP
    company: Company | Choice | None = Choice.KEEP
    agreement: Agreement | Choice | None = Choice.KEEP
    product: Product | Choice | None = Choice.KEEP


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a line can't be changed so; `field` names the input where there is one to mend."""

    line: InvoiceLine
    reason: str
    field: str = ""


class LinesRefused(Exception):
    """Nothing was written; every line that stood in the way, with its reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(f"{r.line.platform_id}: {r.reason}" for r in refusals))
        self.refusals = refusals


@transaction.atomic
def update_lines(
    *,
    seen: Mapping[int, int | None],
    change: LineChange,
    user: User,
    origin: ValueSource = ValueSource.USER,
) -> int:
    """Change these lines (id → the version the user saw, None for any); how many really changed.

    `origin` is USER for a row's edit and BULK for a bulk update. What is chosen becomes the default
    for new lines (P33). Raises `LinesRefused`.
    """
    lines = _locked(seen)
    refusals = [refusal for line in lines for refusal in _refusals(line, change, seen)]
    if refusals or len(lines) < len(seen):
        raise LinesRefused(refusals)
    written = _write(lines, change, origin)
    for line in _one_per_default(lines, change):
        _remember(line, change, user=user)
    logger.info(
        "Invoice lines edited: %s by %s",
        written,
        user.get_username(),
        extra={"line": lines[0].platform_id} if len(lines) == 1 else {},
    )
    return written


def _locked(seen: Mapping[int, int | None]) -> list[InvoiceLine]:
    """Customers and offers before lines: the order in which a change of a mapping takes them."""
    ids = list(seen)
    lines = InvoiceLine.objects.filter(pk__in=ids)
    for model, column in ((Organization, "organization"), (Offer, "offer")):
        rows = model.objects.filter(pk__in=lines.values(column)).order_by("pk")
        list(rows.select_for_update().values_list("pk"))
    return list(
        lines.select_for_update(of=("self",))
        .select_related("company", "agreement", "product", "synced_by")
        .order_by("pk")
    )


def _refusals(
    line: InvoiceLine, change: LineChange, seen: Mapping[int, int | None]
) -> list[Refusal]:
    """Why this line, as it stands now, can't take the change; empty when it can."""
    reason = why_closed(line)
    version = seen[line.pk]
    if not reason and version is not None and version != line.version:
        reason = "it was changed since you opened it"
    if reason:
        return [Refusal(line=line, reason=reason)]
    checks = (_wrong_dates, _wrong_company, _wrong_agreement, _wrong_product)
    return [refusal for check in checks if (refusal := check(line, change))]


def why_closed(line: InvoiceLine) -> str:
    """Why the line can't be edited at all; "" when it can."""
    if line.psa_status == InvoiceLine.Status.SYNCED:
        by = f" by {line.synced_by.get_username()}" if line.synced_by else ""
        return f"it was synced{by}; further changes are made in ConnectWise"
    return "it is being sent to ConnectWise right now" if line.in_flight else ""


def _wrong_dates(line: InvoiceLine, change: LineChange) -> Refusal | None:
    """An end that goes back to automatic is never in the way: P25 bounds what is sent."""
    if change.end is Choice.AUTOMATIC or (change.start, change.end) == (Choice.KEEP, Choice.KEEP):
        return None
    start = line.charge_start_date if isinstance(change.start, Choice) else change.start
    end = line.charge_end_date if isinstance(change.end, Choice) else change.end
    if end is None or end >= start:
        return None
    field = "charge_start_date" if isinstance(change.end, Choice) else "charge_end_date"
    reason = f"The end {end} is before the start {start}. Choose a later end, or empty it."
    return Refusal(line=line, reason=reason, field=field)


def _wrong_company(line: InvoiceLine, change: LineChange) -> Refusal | None:
    company = change.company
    if not isinstance(company, Company) or company == line.company or company.is_offered:
        return None
    reason = f"{company.name} is deleted or inactive in ConnectWise. Choose another one."
    return Refusal(line=line, reason=reason, field="company")


def _wrong_agreement(line: InvoiceLine, change: LineChange) -> Refusal | None:
    company = line.company if isinstance(change.company, Choice) else change.company
    agreement = change.agreement
    if agreement is None or agreement is Choice.KEEP:
        return None
    reason = ""
    if company is None:
        reason = "Choose a PSA Organization first."
    elif isinstance(agreement, Agreement) and agreement.company_id != company.pk:
        reason = f"{agreement.name} is not an agreement of {company.name}."
    elif isinstance(agreement, Agreement) and agreement != line.agreement and not agreement.is_live:
        reason = f"{agreement.name} is not active in ConnectWise. Choose another one."
    return Refusal(line=line, reason=reason, field="agreement") if reason else None


def _wrong_product(line: InvoiceLine, change: LineChange) -> Refusal | None:
    product = change.product
    if not isinstance(product, Product) or product == line.product or product.is_offered:
        return None
    reason = f"{product.name} is inactive or a bundle in ConnectWise. Choose another one."
    return Refusal(line=line, reason=reason, field="product")


# --- Writing ---------------------------------------------------------------------------------------


def _write(lines: Sequence[InvoiceLine], change: LineChange, origin: ValueSource) -> int:
    """One UPDATE, whatever changes; a line that stays as it is keeps its badges and version."""
    parts = [
        *_start(change.start),
        *_end(change.end),
        *_company(change, origin),
        *_agreement(change, origin),
        *_product(change, origin),
    ]
    differs, values = Q(pk__in=[]), dict[str, Any]()
    for condition, assignments in parts:
        differs |= condition
        values |= {name: _where(condition, name, value) for name, value in assignments.items()}
    if not values:
        return 0
    mine = InvoiceLine.objects.filter(pk__in=[line.pk for line in lines])
    return mine.filter(differs).update(**values, version=F("version") + 1)


# Where the condition holds, the line differs and gets these values.
Part = tuple[Q, Mapping[str, Any]]


def _start(start: date | Choice) -> list[Part]:
    if isinstance(start, Choice):
        return []
    values = {"charge_start_date": start, "charge_start_date_source": DateSource.USER}
    return [(~Q(charge_start_date=start), values)]


def _end(end: date | Choice) -> list[Part]:
    if end is Choice.KEEP:
        return []
    if end is Choice.AUTOMATIC:
        automatic = {
            "charge_end_date": F("automatic_end_date"),
            "charge_end_date_source": F("automatic_end_date_source"),
        }
        return [(Q(charge_end_date_source=DateSource.USER), automatic)]
    values = {"charge_end_date": end, "charge_end_date_source": DateSource.USER}
    return [(_differs("charge_end_date", end), values)]


def _company(change: LineChange, origin: ValueSource) -> list[Part]:
    company = change.company
    if isinstance(company, Choice):
        return []
    values = {
        "company": company,
        "company_name": company.name if company else "",
        "company_connectwise_id": company.connectwise_id if company else None,
        "company_source": origin if company else ValueSource.NONE,
    }
    return [(_differs("company", company), values)]


def _agreement(change: LineChange, origin: ValueSource) -> list[Part]:
    """Another company clears an agreement that was not chosen along with it (P31)."""
    agreement = change.agreement
    if agreement is Choice.KEEP:
        if isinstance(change.company, Choice):
            return []
        return [(_differs("company", change.company), _agreement_values(None, origin))]
    creates = agreement is Choice.CREATE
    chosen = None if isinstance(agreement, Choice) else agreement
    differs = _differs("agreement", chosen) | ~Q(create_agreement=creates)
    return [(differs, _agreement_values(chosen, origin, creates=creates))]


def _agreement_values(
    agreement: Agreement | None, origin: ValueSource, *, creates: bool = False
) -> Mapping[str, Any]:
    return {
        "agreement": agreement,
        "agreement_name": agreement.name if agreement else "",
        "create_agreement": creates,
        "agreement_source": origin if agreement or creates else ValueSource.NONE,
    }


def _product(change: LineChange, origin: ValueSource) -> list[Part]:
    product = change.product
    if isinstance(product, Choice):
        return []
    values = {
        "product": product,
        "product_name": product.name if product else "",
        "product_connectwise_id": product.connectwise_id if product else None,
        "product_source": origin if product else ValueSource.NONE,
    }
    return [(_differs("product", product), values)]


def _differs(field: str, value: object) -> Q:
    return Q(**{f"{field}__isnull": False}) if value is None else ~Q(**{field: value})


def _where(condition: Q, name: str, value: Any) -> Case:
    """The column's new value where the condition holds, else what it is."""
    column: Any = InvoiceLine._meta.get_field(name)
    kind = column.target_field if isinstance(column, ForeignKey) else column
    new = value if isinstance(value, F) else Value(getattr(value, "pk", value), output_field=kind)
    return Case(When(condition, then=new), default=F(name), output_field=kind)


# --- Defaults for new lines -------------------------------------------------------------------------


def _one_per_default(lines: Sequence[InvoiceLine], change: LineChange) -> list[InvoiceLine]:
    """The lines whose values changed, one for each default that they would set."""
    chosen = {
        (line.organization_id, line.contract_id, line.offer_id): line
        for line in lines
        if _changed(line.company, change.company)
        or _changed(line.product, change.product)
        or _changed_agreement(line, change)
    }
    return list(chosen.values())


def _remember(line: InvoiceLine, change: LineChange, *, user: User) -> None:
    """Only what the user changed: the rest may be an older default."""
    agreement = change.agreement if _changed_agreement(line, change) else None
    remember_line_choice(
        organization_id=line.organization_id,
        offer_id=line.offer_id,
        contract_id=line.contract_id,
        company=change.company if _changed(line.company, change.company) else None,  # type: ignore[arg-type]
        product=change.product if _changed(line.product, change.product) else None,  # type: ignore[arg-type]
        agreement=agreement if isinstance(agreement, Agreement) else None,
        create_agreement=agreement is Choice.CREATE,
        product_for_organization_only=line.invoice_source == InvoiceLine.Source.CUSTOM
        and not line.subscription_id,
        user=user,
    )


def _changed(before: object, after: object) -> bool:
    return not isinstance(after, Choice) and after != before


def _changed_agreement(line: InvoiceLine, change: LineChange) -> bool:
    if change.agreement is Choice.CREATE:
        return not line.create_agreement
    return _changed(line.agreement, change.agreement)
