"""Rows of the Organizations and the Products grid; the same few queries for any number of rows."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from mapping.grid import GridState, Page
from mapping.models import Organization
from mapping.tabs import Mapped, Tab, Target

RESPONSE_ERROR, MAPPED, UNMAPPED = "response_error", "mapped", "unmapped"
# What may be chosen, as a condition on the record of ConnectWise.
OFFERED = {
    "company": Q(deleted=False, inactive=False, missing=False),
    "product": Q(inactive=False, missing=False) & ~Q(product_class="Bundle"),
}
STATUSES = {MAPPED: "Mapped", UNMAPPED: "Unmapped", RESPONSE_ERROR: "Response Error"}


@dataclass(frozen=True, kw_only=True)
class MappingRow:
    """One row as it is shown."""

    record: Mapped
    cells: tuple[tuple[str, bool], ...]  # text, and whether its column is a narrow one
    target: Target | None
    status: str
    state: str  # "Closed" or "Suspended", where the customer isn't active
    warning: str  # why the mapped record can't be chosen any more

    @property
    def pk(self) -> int:
        return self.record.pk

    @property
    def status_words(self) -> str:
        return STATUSES[self.status]


@dataclass(frozen=True, kw_only=True)
class StatusCount:
    """One choice of the status filter; `value` "" is all."""

    value: str
    label: str
    count: int


def grid_page(tab: Tab, grid: GridState) -> tuple[list[MappingRow], Page]:
    """The rows of the page that the URL asks for, and where that page is."""
    matching = _matching(tab, grid)
    page = grid.at(matching.count())
    order = F(tab.sorts[grid.sort])
    ordered = order.desc(nulls_last=True) if grid.descending else order.asc(nulls_last=True)
    records = matching.select_related(tab.field).order_by(ordered, "name", "pk")
    return [row_of(tab, one) for one in records[page.offset : page.offset + page.size]], page


def _matching(tab: Tab, grid: GridState) -> QuerySet[Any]:
    rows = _with_status(tab)
    if wanted := grid.filters.get("status"):
        rows = rows.filter(mapping_status__in=wanted)
    for word in grid.search.split():
        found = Q(**{f"{tab.field}__name__unaccent__icontains": word})
        for name in {*(column.key for column in tab.columns), "platform_id"}:
            found |= Q(**{f"{name}__unaccent__icontains": word})
        if word.isdecimal() and word.isascii():
            found |= Q(**{f"{tab.field}__connectwise_id": int(word[:9])})
        rows = rows.filter(found)
    return rows


def _with_status(tab: Tab) -> QuerySet[Any]:
    status = Case(
        When(~Q(response_error=""), then=Value(RESPONSE_ERROR)),
        When(**{f"{tab.field}__isnull": False}, then=Value(MAPPED)),
        default=Value(UNMAPPED),
    )
    return tab.model._default_manager.annotate(mapping_status=status)


def status_counts(tab: Tab) -> list[StatusCount]:
    """How many there are of each status, whatever is searched and filtered."""
    grouped = _with_status(tab).values_list("mapping_status").annotate(number=Count("pk"))
    numbers = dict(grouped.order_by())
    return [
        StatusCount(value="", label="All", count=sum(numbers.values())),
        *(
            StatusCount(value=value, label=label, count=numbers.get(value, 0))
            for value, label in STATUSES.items()
        ),
    ]


def row_of(tab: Tab, record: Mapped) -> MappingRow:
    """A record with its target already fetched, as a row."""
    target: Target | None = getattr(record, tab.field)
    confirmed = MAPPED if target else UNMAPPED
    closed = isinstance(record, Organization) and record.status != "Active"
    return MappingRow(
        record=record,
        cells=tuple((getattr(record, column.key), column.short) for column in tab.columns),
        target=target,
        status=RESPONSE_ERROR if record.response_error else confirmed,
        state=record.status if closed and isinstance(record, Organization) else "",
        warning=why_not_offered(target) if target else "",
    )


def why_not_offered(target: Target) -> str:
    """Why a record can't be chosen for a mapping; "" when it can."""
    reasons = {
        "deleted in ConnectWise": getattr(target, "deleted", False),
        "not in ConnectWise any more": target.missing,
        "inactive in ConnectWise": target.inactive,
        "a bundle, which can't be an addition": getattr(target, "product_class", "") == "Bundle",
    }
    return next((words for words, holds in reasons.items() if holds), "")
