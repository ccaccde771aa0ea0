"""A run's rows as its page shows them: which match, in which order, and one page of them."""

from collections.abc import Sequence

from django.db.models import Case, F, OrderBy, Q, QuerySet, Value, When, prefetch_related_objects

from invoices.models import LineSearch, Operation, SyncRun
from invoices.queries.lines import normalised
from invoices.queries.runs import KINDS, OUTCOMES, rows_of_run
from invoices.sync.cautions import CautionCode
from invoices.sync.states import Intent
from mapping.grid import GridState, Page
from mapping.numbers import is_number

# In the order of what a person wants to see: what is in the way first, what changes nothing last.
_ORDER = (
    Intent.REFUSE,
    Intent.AGREEMENT,
    Intent.MOVE,
    Intent.UPDATE,
    Intent.CREATE,
    Intent.REMOVE,
    Intent.END,
    Intent.SKIP,
    Intent.UNCHANGED,
)
RANK = Case(
    *(When(intent=intent.value, then=Value(rank)) for rank, intent in enumerate(_ORDER)),
    default=Value(len(_ORDER)),
)
# What a head sorts by.
SORTS: dict[str, Case | F] = {
    "kind": RANK,
    "customer": F("organization__name"),
    "revenue": F("revenue"),
    "cost": F("cost"),
}
DEFAULT_SORT = "kind"
FILTERS = ("kind", "outcome", "customer", "currency", "warning")
LONG_CYCLE, ANY = CautionCode.LONG_CYCLE.value, "any"
WARNINGS = {ANY: "any", LONG_CYCLE: "billed longer than its agreement"}
RELATED = ("line", "organization", "agreement")
# Of what a row is joined with, it tells no more than these; a line alone has fifty columns.
SHOWN = (
    *(field.name for field in Operation._meta.concrete_fields),
    *(f"line__{name}" for name in ("platform_id", "period", "create_agreement", "error_code")),
    *("line__subscription_name", "line__offer_name", "line__organization_name"),
    *("line__agreement_name", "line__product_name", "organization__name"),
    *("agreement__name", "agreement__connectwise_id"),
)
# Of few rows: the agreement that is made for them first. Joined, it would cost each row.
SELDOM = ("own_agreement", "waits_for__own_agreement", "waits_for__waits_for__own_agreement")


def matching_rows(run: SyncRun, grid: GridState) -> QuerySet[Operation]:
    """The run's rows that meet the search and the filters."""
    rows = rows_of_run(run)
    for name, values in grid.filters.items():
        rows = rows.filter(_condition(name, values))
    return rows.filter(_found(grid.search)) if grid.search else rows


def ordered(rows: QuerySet[Operation], grid: GridState) -> QuerySet[Operation]:
    """Rows without money come last either way; the id keeps pages from overlapping."""
    key = OrderBy(SORTS[grid.sort], descending=grid.descending, nulls_last=True)
    return rows.order_by(key, OrderBy(F("pk"), descending=grid.descending))


def rows_of_page(rows: QuerySet[Operation], grid: GridState, page: Page) -> list[Operation]:
    """The page's ids first; what they are joined with after."""
    ids = ordered(rows, grid).values_list("pk", flat=True)[page.offset : page.offset + page.size]
    return rows_by_ids(list(ids))


def rows_by_ids(ids: Sequence[int]) -> list[Operation]:
    """In this order, each with what it is shown with."""
    found = Operation.objects.select_related(*RELATED).only(*SHOWN).in_bulk(ids)
    rows = [found[one] for one in ids if one in found]
    prefetch_related_objects(rows, *SELDOM)
    # Only what has no line of its own is named after the one that opened its Addition.
    prefetch_related_objects([one for one in rows if one.line_id is None], "posting__line")
    return rows


def label_of(name: str, value: str) -> str:
    """A filter's value as people read it; a customer's is looked up by the page."""
    if name == "kind":
        return KINDS.get(value, value)
    if name == "outcome":
        return OUTCOMES[value][0] if value in OUTCOMES else value
    return WARNINGS.get(value, value) if name == "warning" else value


def _condition(name: str, values: Sequence[str]) -> Q:
    if name == "kind":
        return Q(intent__in=values)
    if name == "outcome":
        states = [state for value in values if value in OUTCOMES for state in OUTCOMES[value][1]]
        return Q(state__in=states)
    if name == "customer":
        return Q(organization__in=[int(value) for value in values if is_number(value)])
    if name == "currency":
        return Q(currency__in=values)
    if values == (LONG_CYCLE,):
        return Q(warnings__contains=[{"code": LONG_CYCLE}])
    return ~Q(warnings=[])


def _found(text: str) -> Q:
    """By what the grid finds a line by, its subscription, or its id on the Platform."""
    lines = LineSearch.objects.filter(text__contains=normalised(text)).values("line")
    return (
        Q(line__in=lines)
        | Q(line=None, posting__line__in=lines)
        | Q(line__platform_id__icontains=text)
        | Q(line__subscription_name__icontains=text)
        | Q(organization__name__icontains=text)
        | Q(posting__line__subscription_name__icontains=text)
    )
