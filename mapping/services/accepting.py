"""A person's yes or no to suggestions: one at a time, or all that are sure, as they were shown (P11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from mapping.models import MappingChange
from mapping.queries.suggestions import Proposal, live, sure_proposals
from mapping.services.choices import By, CompanyChoice, MappingRefused, ProductChoice
from mapping.services.choosing import lines_to_change, map_record
from mapping.services.mappings import set_companies, set_products
from mapping.tabs import Mapped, Tab, Target
from psa_connectwise.models import Company, Product

SUGGESTION = MappingChange.Origin.SUGGESTION
GONE = "This suggestion isn't there any more: {} was mapped, or the company or product changed."


class ListChanged(Exception):
    """The suggestions are not those that were shown; the person has to look again."""


@dataclass(frozen=True, kw_only=True)
class SureOnes:
    """What "Accept all" would map, and what somebody else claims too, which needs a tick of its own."""

    clear: Sequence[Proposal]
    claimed: Sequence[Proposal]

    @property
    def mark(self) -> str:
        """Changes whenever the list does."""
        pairs = sorted((one.best.record_id, one.best.target_id) for one in self._all)
        return sha256(repr(pairs).encode()).hexdigest()

    @property
    def _all(self) -> list[Proposal]:
        return [*self.clear, *self.claimed]

    def chosen(self, also: Collection[int]) -> list[Proposal]:
        """The clear ones, and of the claimed ones those of these records."""
        return [*self.clear, *(one for one in self.claimed if one.record.pk in also)]


@transaction.atomic
def accept_suggestion(
    *, tab: Tab, record: Mapped, target_id: int, user: User
) -> MappingChange | None:
    """Map the record to what was suggested; raises `MappingRefused` where that isn't so any more."""
    suggestion = live(tab).filter(record=record, target=target_id).select_related("target").first()
    if suggestion is None:
        raise MappingRefused(GONE.format(record.name))
    return map_record(record=record, target=suggestion.target, user=user, origin=SUGGESTION)


def dismiss_suggestion(*, tab: Tab, record: Mapped, target_id: int, user: User) -> bool:
    """Never propose it for this record again; False where it wasn't proposed."""
    mine = live(tab).filter(record=record, target=target_id)
    return bool(mine.update(dismissed_by=user, dismissed_at=timezone.now()))


def sure_ones(tab: Tab) -> SureOnes:
    """What "Accept all" shows."""
    found = sure_proposals(tab)
    return SureOnes(
        clear=[one for one in found if not one.conflict],
        claimed=[one for one in found if one.conflict],
    )


def lines_to_fill(tab: Tab, shown: SureOnes) -> int:
    """How many lines the clear ones would fill."""
    wanted: dict[int, Target | None] = {one.record.pk: one.target for one in shown.clear}
    return lines_to_change(tab=tab, wanted=wanted) if wanted else 0


@transaction.atomic
def accept_sure_ones(
    *, tab: Tab, mark: str, also: Collection[int], user: User
) -> list[MappingChange]:
    """Map all that was shown, or nothing; raises `ListChanged` where the list is another one now."""
    # Whoever maps one of them meanwhile waits, or is waited for and seen.
    unmapped = tab.model._default_manager.filter(**{f"{tab.field}__isnull": True})
    list(unmapped.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    shown = sure_ones(tab)
    if shown.mark != mark:
        raise ListChanged
    by = By(user=user, origin=SUGGESTION, batch=uuid4())
    companies, products = [], []
    for one in shown.chosen(also):
        if isinstance(one.target, Company):
            companies.append(CompanyChoice(organization_id=one.record.pk, company=one.target))
        elif isinstance(one.target, Product):
            products.append(ProductChoice(offer_id=one.record.pk, product=one.target))
    return [*set_companies(companies, by=by), *set_products(products, by=by)]
