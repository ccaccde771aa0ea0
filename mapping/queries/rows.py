"""Rows of the Organizations and the Products grid; the same few queries for any number of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from mapping.grid import GridState, Page
from mapping.models import Offer, Organization, OrganizationOffer
from mapping.numbers import is_number
from mapping.ports import Waiting, lines
from mapping.queries.offered import mapped_to_gone, why_not_offered
from mapping.queries.steps import Step, step_of
from mapping.queries.suggestions import Proposal, live, proposals, suggestion_counts
from mapping.tabs import WAITING, Mapped, Tab, Target

RESPONSE_ERROR, MAPPED, UNMAPPED = "response_error", "mapped", "unmapped"
# No status of its own: those of the unmapped that have a suggestion.
SUGGESTED = "suggested"
# Nor this: those of the mapped whose company or product can't be used any more.
GONE = "gone"
FILTERS = {MAPPED: "Mapped", UNMAPPED: "Unmapped", SUGGESTED: "Suggested", RESPONSE_ERROR: "Response Error", GONE: "Gone"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MappingRow:
    """One row as it is shown."""

    record: Mapped
    cells: tuple[str, ...]
    target: Target | None
    status: str
    state: str  # "Closed" or "Suspended", where the customer isn't active
    warning: str  # why the mapped record can't be chosen any more
    proposal: Proposal | None  # only of what is unmapped
    waiting: Waiting | None  # the unsynced lines that lack this mapping
    own: int = 0  # organizations for which an offer has a product of their own (P19)

    @property
    def pk(self) -> int:
        return self.record.pk


@dataclass(frozen=True, kw_only=True)
class StatusCount:
    """One choice of the status filter; `value` "" is all."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, kw_only=True)
class TabCounts:
    """How many records each choice of the filter has, how many have a sure suggestion, how far all is."""

    statuses: list[StatusCount]
    sure: int
    step: Step


def grid_page(tab: Tab, grid: GridState) -> tuple[list[MappingRow], Page]:
    """The rows of the page that the URL asks for, and where that page is."""
    matching = _matching(tab, grid)
    page = grid.at(matching.count())
    # The ids of the page first, rows after: the join never sees more than a page.
    shown = _by_money(tab, grid, matching) if grid.sort == WAITING else _sorted(tab, grid, matching)
    pks = list(shown[page.offset : page.offset + page.size])
    records = tab.model._default_manager.select_related(tab.field).in_bulk(pks)
    return rows_of(tab, [records[pk] for pk in pks if pk in records]), page


def _sorted(tab: Tab, grid: GridState, matching: QuerySet[Any]) -> "QuerySet[Any, int]":
    order = F(tab.sorts[grid.sort])
    ordered = order.desc(nulls_last=True) if grid.descending else order.asc(nulls_last=True)
    return matching.order_by(ordered, "name", "pk").values_list("pk", flat=True)


def _by_money(tab: Tab, grid: GridState, matching: QuerySet[Any]) -> list[int]:
    """By what waits; the lines are summed once, not once a row."""
    ranks = lines().waiting_ranks(tab.line_column)
    pks = list(matching.order_by("name", "pk").values_list("pk", flat=True))
    nothing = (0, 0, 0)
    return sorted(pks, key=lambda pk: ranks.get(pk, nothing), reverse=grid.descending)


def _matching(tab: Tab, grid: GridState) -> QuerySet[Any]:
    rows = _with_status(tab)
    if wanted := grid.filters.get("status"):
        shown = Q(mapping_status__in=wanted)
        if SUGGESTED in wanted:
            shown |= Q(Exists(live(tab).filter(record=OuterRef("pk"))))
        if GONE in wanted:
            shown |= Q(pk__in=mapped_to_gone(tab).values("pk"))
        rows = rows.filter(shown)
    for word in grid.search.split():
        found = Q(**{f"{tab.field}__name__unaccent__icontains": word})
        for name in {*(column.key for column in tab.columns), "platform_id"}:
            found |= Q(**{f"{name}__unaccent__icontains": word})
        if is_number(word, digits=9):
            found |= Q(**{f"{tab.field}__connectwise_id": int(word)})
        rows = rows.filter(found)
    return rows


def _with_status(tab: Tab) -> QuerySet[Any]:
    status = Case(
        When(~Q(response_error=""), then=Value(RESPONSE_ERROR)),
        When(**{f"{tab.field}__isnull": False}, then=Value(MAPPED)),
        default=Value(UNMAPPED),
    )
    return tab.model._default_manager.annotate(mapping_status=status)


def tab_counts(tab: Tab) -> TabCounts:
    """What the filter and the buttons count, whatever is searched and filtered."""
    grouped = _with_status(tab).values_list("mapping_status").order_by()
    found = list(grouped.annotate(number=Count("pk"), mapped=Count(tab.field)))
    numbers = {status: number for status, number, _ in found}
    total = sum(numbers.values())
    step = step_of(tab, mapped=sum(mapped for *_, mapped in found), total=total)
    numbers[SUGGESTED], sure = suggestion_counts(tab)
    numbers[GONE] = mapped_to_gone(tab).count()
    statuses = [
        StatusCount(value="", label="All", count=total),
        *(
            StatusCount(value=value, label=label, count=numbers.get(value, 0))
            for value, label in FILTERS.items()
            if value != GONE or numbers[GONE]  # told where there is something to do
        ),
    ]
    return TabCounts(statuses=statuses, sure=sure, step=step)


def rows_of(tab: Tab, records: Sequence[Mapped]) -> list[MappingRow]:
    """Records with their targets already fetched, as rows."""
    unmapped = [one.pk for one in records if getattr(one, tab.field) is None]
    proposed = proposals(tab, unmapped)
    waiting = lines().waiting(tab.line_column, [one.pk for one in records])
    own = _numbers_of_own(tab, records)
    return [
        _row(tab, one, proposed.get(one.pk), waiting.get(one.pk), own.get(one.pk, 0))
        for one in records
    ]


def own_products_of(offer: Offer) -> list[OrganizationOffer]:
    """The organizations for which it is another product than for all, by name."""
    owned = OrganizationOffer.objects.filter(offer=offer)
    return list(owned.select_related("organization", "product").order_by("organization__name"))


def _numbers_of_own(tab: Tab, records: Sequence[Mapped]) -> Mapping[int, int]:
    if tab.kind == "organization":
        return {}
    owned = OrganizationOffer.objects.filter(offer__in=[one.pk for one in records])
    return dict(owned.values_list("offer").annotate(Count("pk")).order_by())


def _row(
    tab: Tab, record: Mapped, proposal: Proposal | None, waiting: Waiting | None, own: int
) -> MappingRow:
    target: Target | None = getattr(record, tab.field)
    confirmed = MAPPED if target else UNMAPPED
    closed = isinstance(record, Organization) and record.status != "Active"
    return MappingRow(
        record=record,
        cells=tuple(getattr(record, column.key) for column in tab.columns),
        target=target,
        status=RESPONSE_ERROR if record.response_error else confirmed,
        state=record.status if closed and isinstance(record, Organization) else "",
        warning=why_not_offered(target) if target else "",
        proposal=proposal,
        waiting=waiting,
        own=own,
    )
