"""The history of mappings: of one organization or offer, and of all (P13)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from mapping.grid import GridState, Page
from mapping.models import (
    AgreementDefault,
    MappingChange,
    Offer,
    Organization,
    OrganizationOffer,
)
from mapping.tabs import Mapped, Tab
from psa_connectwise.models import DirectoryRecord

# What a dialog lists of one record; all of it is on the page of the history.
SHOWN = 100
Kind = MappingChange.Kind
Picture = dict[str, object] | None
Where = tuple[str, int | None, int | None, str]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change, or the first of several that were made together."""

    change: MappingChange
    changes: int
    lines: int

    @property
    def is_group(self) -> bool:
        return self.changes > 1


def history_of(tab: Tab, record: Mapped) -> list[MappingChange]:
    """Newest first; of an organization also what its own offers and contracts were set to."""
    if isinstance(record, Organization):
        mine = Q(organization=record)
    else:
        mine = Q(offer=record, kind=Kind.OFFER)
    return list(_newest_first(mine)[:SHOWN])


def history_page(grid: GridState, *, batch: UUID | None) -> tuple[list[Entry], Page]:
    """The page of all changes that the URL asks for: those made together are one entry, but of `batch` all."""
    matching = _newest_first(_matching(grid))
    if batch is not None:
        matching = matching.filter(batch=batch)
    elif not grid.search:
        later = MappingChange.objects.filter(batch=OuterRef("batch"), pk__gt=OuterRef("pk"))
        matching = matching.filter(Q(batch=None) | ~Exists(later))
    page = grid.at(matching.count())
    changes = list(matching[page.offset : page.offset + page.size])
    together = {} if batch is not None or grid.search else _sizes(changes)
    return [_entry(change, together) for change in changes], page


def changes_of_batch(batch: UUID) -> list[MappingChange]:
    """All of an import or an "Accept all"."""
    return list(_newest_first(Q(batch=batch)))


def one_change(pk: int) -> list[MappingChange]:
    """That change, with what names it; empty where there is none."""
    return list(_newest_first(Q(pk=pk)))


def mapped_now(changes: Iterable[MappingChange]) -> dict[int, Picture]:
    """What each change's mapping is now, by the change's id; four queries for any number."""
    listed = list(changes)
    now = pictures_now(where(change) for change in listed)
    return {change.pk: now[where(change)] for change in listed}


def pictures_now(mappings: Iterable[Where]) -> dict[Where, Picture]:
    """What each of these mappings is now; four queries for any number."""
    listed = list(mappings)
    organizations: dict[str, set[int]] = defaultdict(set)
    offers: set[int] = set()
    for kind, organization, offer, _ in listed:
        if organization:
            organizations[kind].add(organization)
        elif offer:
            offers.add(offer)
    pictures = {
        **_companies(organizations[Kind.ORGANIZATION]),
        **_products(offers),
        **_own_products(organizations[Kind.OFFER]),
        **_agreements(organizations[Kind.AGREEMENT]),
    }
    return {one: pictures.get(one) for one in listed}


def newest_changes(changes: Iterable[MappingChange]) -> dict[int, MappingChange]:
    """The newest change of the same mapping, by the id of each change."""
    listed = list(changes)
    organizations = {change.organization_id for change in listed if change.organization_id}
    offers = {change.offer_id for change in listed if change.offer_id}
    same = Q(organization__in=organizations) | Q(offer__in=offers)
    columns = ("kind", "organization_id", "offer_id", "contract_id")
    newest = MappingChange.objects.filter(same).values_list(*columns).annotate(Max("pk"))
    ids: dict[Where, int] = {(row[0], row[1], row[2], row[3]): row[4] for row in newest.order_by()}
    found = _newest_first(Q(pk__in={ids[where(change)] for change in listed})).in_bulk()
    return {change.pk: found[ids[where(change)]] for change in listed}


def where(change: MappingChange) -> Where:
    """Which mapping it is about."""
    return (change.kind, change.organization_id, change.offer_id, change.contract_id)


def _newest_first(condition: Q) -> "QuerySet[MappingChange]":
    related = MappingChange.objects.select_related("user", "organization", "offer", "reverts")
    return related.filter(condition).order_by("-pk")


def _matching(grid: GridState) -> Q:
    """Every word of the search in a name of the Platform or of ConnectWise; and the filters."""
    condition = Q()
    for word in grid.search.split():
        names = (
            "organization__name",
            "offer__name",
            "before__name",
            "after__name",
            "user__username",
        )
        found = Q(contract_id__icontains=word)
        for name in names:
            found |= Q(**{f"{name}__icontains": word})
        condition &= found
    if kinds := grid.filters.get("kind"):
        condition &= Q(kind__in=kinds)
    return condition


def _sizes(changes: Iterable[MappingChange]) -> dict[UUID, tuple[int, int]]:
    """How many changes and lines each batch has."""
    batches = {change.batch for change in changes if change.batch}
    rows = MappingChange.objects.filter(batch__in=batches).values_list("batch").order_by()
    counted = rows.annotate(Count("pk"), Sum("lines_affected"))
    return {batch: (number, lines) for batch, number, lines in counted if batch}


def _entry(change: MappingChange, together: dict[UUID, tuple[int, int]]) -> Entry:
    alone = (1, change.lines_affected)
    number, lines = together.get(change.batch, alone) if change.batch else alone
    return Entry(change=change, changes=number, lines=lines)


def _picture(record: DirectoryRecord | None) -> Picture:
    return {"id": record.pk} if record else None


def _companies(ids: set[int]) -> dict[Where, Picture]:
    rows = Organization.objects.filter(pk__in=ids).select_related("company")
    return {(Kind.ORGANIZATION, one.pk, None, ""): _picture(one.company) for one in rows}


def _products(ids: set[int]) -> dict[Where, Picture]:
    rows = Offer.objects.filter(pk__in=ids).select_related("product")
    return {(Kind.OFFER, None, one.pk, ""): _picture(one.product) for one in rows}


def _own_products(organizations: set[int]) -> dict[Where, Picture]:
    rows = OrganizationOffer.objects.filter(organization__in=organizations)
    return {
        (Kind.OFFER, one.organization_id, one.offer_id, ""): {"id": one.product_id} for one in rows
    }


def _agreements(organizations: set[int]) -> dict[Where, Picture]:
    rows = AgreementDefault.objects.filter(organization__in=organizations)
    found: dict[Where, Picture] = defaultdict(lambda: None)
    for one in rows:
        chosen: dict[str, Any] = {"create": True} if one.create_agreement else {}
        if one.agreement_id:
            chosen = {"id": one.agreement_id}
        found[Kind.AGREEMENT, one.organization_id, one.offer_id, one.contract_id] = chosen
    return found
