"""Why lines can't be changed so: found by conditions of SQL, said in words for the first ones.

No line is loaded but those that are named, however many are asked about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from invoices.models import InvoiceLine
from invoices.queries.last_change import who_changed, why_synced
from invoices.services.line_change import Choice, LineChange
from psa_connectwise.models import Agreement, Company, Product

# As many refused lines are named; the others are counted.
NAMED = 20
# Q() says nothing at all, and is lost among others.
EVERY, NONE = Q(pk__isnull=False), Q(pk__in=[])
OPEN = Q(in_flight=False) & ~Q(psa_status=InvoiceLine.Status.SYNCED)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a line can't be changed so; `field` names the input where there is one to mend."""

    line: InvoiceLine
    reason: str
    field: str = ""


class LinesRefused(Exception):
    """Nothing was written; the first lines that stood in the way, and how many there are.

    `sentence` is said where it is not one line that stands in the way, but all of them together.
    """

    def __init__(
        self, refusals: Sequence[Refusal], *, count: int | None = None, sentence: str = ""
    ) -> None:
        super().__init__(
            sentence or "; ".join(f"{r.line.platform_id}: {r.reason}" for r in refusals)
        )
        self.refusals = refusals
        self.count = len(refusals) if count is None else count
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition on lines under which the change is refused, and the words for such a line."""

    refused: Q
    reason: Callable[[InvoiceLine], str]
    field: str = ""
    # Nothing else is said of a line that can't be changed at all.
    is_final: bool = False


def refuse_any(lines: QuerySet[InvoiceLine], checks: Sequence[Check]) -> None:
    """Raises `LinesRefused` if one of the lines meets one of the checks."""
    marks = {
        f"check_{number}": Case(
            When(check.refused, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
        for number, check in enumerate(checks)
    }
    refused = refused_among(lines, checks)
    related = refused.select_related("last_edit__user", "synced_by", "company", "agreement")
    named = list(related.annotate(**marks).order_by("pk")[: NAMED + 1])
    if not named:
        return
    # Counted only where there are more than are named: mostly there are few.
    count = len(named) if len(named) <= NAMED else refused.count()
    refusals = [refusal for line in named[:NAMED] for refusal in _words(line, checks)]
    raise LinesRefused(refusals, count=count)


def refused_among(lines: QuerySet[InvoiceLine], checks: Sequence[Check]) -> QuerySet[InvoiceLine]:
    """The lines that meet one of the checks, at least."""
    return lines.filter(reduce(or_, (check.refused for check in checks)))


def _words(line: InvoiceLine, checks: Sequence[Check]) -> list[Refusal]:
    met = [check for n, check in enumerate(checks) if getattr(line, f"check_{n}")]
    said = [check for check in met if check.is_final][:1] or met
    return [Refusal(line=line, reason=one.reason(line), field=one.field) for one in said]


# --- The checks ------------------------------------------------------------------------------------


def closed() -> Check:
    """Synced, or on its way: no change is right any more."""
    return Check(refused=~OPEN, reason=why_closed, is_final=True)


def why_closed(line: InvoiceLine) -> str:
    """Why the line can't be edited at all; "" when it can."""
    if line.psa_status == InvoiceLine.Status.SYNCED:
        return why_synced(line)
    return "it is being sent to ConnectWise right now" if line.in_flight else ""


def grown(seen: Mapping[int, int | None], *, since: datetime | None) -> Check:
    """Lines with another version than the user saw; None is any."""
    versions = {pk: version for pk, version in seen.items() if version is not None}
    # One condition for all of them: ten thousand ended at once would be ten thousand otherwise.
    moved = RawSQL(
        """SELECT line.id FROM unnest(%s::bigint[], %s::bigint[]) seen (id, version)
           JOIN invoices_invoiceline line USING (id) WHERE line.version <> seen.version""",
        [list(versions), list(versions.values())],
    )
    return Check(
        refused=Q(pk__in=moved),
        reason=lambda line: who_changed(line, since=since),
        is_final=True,
    )


def checks_of(change: LineChange) -> list[Check]:
    """What of this change a line may stand against."""
    return [
        check
        for check in (_dates(change), _company(change), *_agreement(change), _product(change))
        if check
    ]


def _dates(change: LineChange) -> Check | None:
    """An end that goes back to automatic is never in the way: P25 bounds what is sent."""
    start, end = change.start, change.end
    if end is Choice.AUTOMATIC or (start, end) == (Choice.KEEP, Choice.KEEP):
        return None
    if isinstance(start, date) and isinstance(end, date):
        refused = EVERY if end < start else NONE
    elif isinstance(start, date):
        refused = Q(charge_end_date__lt=start)
    else:
        refused = Q(charge_start_date__gt=end)

    def reason(line: InvoiceLine) -> str:
        first = line.charge_start_date if isinstance(start, Choice) else start
        last = line.charge_end_date if isinstance(end, Choice) else end
        return f"The end {last} is before the start {first}. Choose a later end, or empty it."

    field = "charge_start_date" if isinstance(end, Choice) else "charge_end_date"
    return Check(refused=refused, reason=reason, field=field)


def _company(change: LineChange) -> Check | None:
    company = change.company
    if not isinstance(company, Company) or company.is_offered:
        return None
    reason = f"{company.name} is deleted or inactive in ConnectWise. Choose another one."
    return Check(refused=~Q(company=company), reason=lambda _: reason, field="company")


def _agreement(change: LineChange) -> list[Check]:
    agreement, company = change.agreement, change.company
    if agreement is None or agreement is Choice.KEEP:
        return []
    no_company = Q(company=None) if company is Choice.KEEP else NONE
    checks = [
        Check(
            refused=EVERY if company is None else no_company,
            reason=lambda _: "Choose a PSA Organization first.",
            field="agreement",
        )
    ]
    if not isinstance(agreement, Agreement):
        return checks
    foreign = Q(company__isnull=False) & ~Q(company=agreement.company_id)
    if isinstance(company, Company):
        foreign = NONE if agreement.company_id == company.pk else EVERY

    def of_another(line: InvoiceLine) -> str:
        name = company.name if isinstance(company, Company) else line.company_name
        return f"{agreement.name} is not an agreement of {name}."

    checks.append(Check(refused=foreign, reason=of_another, field="agreement"))
    if not agreement.is_live:
        reason = f"{agreement.name} is not active in ConnectWise. Choose another one."
        dead = ~Q(agreement=agreement)
        checks.append(Check(refused=dead, reason=lambda _: reason, field="agreement"))
    return checks


def _product(change: LineChange) -> Check | None:
    product = change.product
    if not isinstance(product, Product) or product.is_offered:
        return None
    reason = f"{product.name} is inactive or a bundle in ConnectWise. Choose another one."
    return Check(refused=~Q(product=product), reason=lambda _: reason, field="product")
