"""A company or product chosen on its tab: the effect told before, then saved (P12)."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import MappingChange, Offer, Organization
from mapping.ports import LineScope, lines
from mapping.services.mappings import set_company, set_product
from mapping.services.suggesting import propose_to_namesakes
from mapping.services.targets import point
from mapping.tabs import Mapped, Tab, Target
from psa_connectwise.models import Company, Product


@transaction.atomic
def map_record(
    *,
    record: Mapped,
    target: Target | None,
    user: User | None,
    origin: MappingChange.Origin = MappingChange.Origin.PICKER,
) -> MappingChange | None:
    """Map an organization to a company or an offer to a product; None unmaps; None back: unchanged."""
    if isinstance(record, Organization):
        assert target is None or isinstance(target, Company)
        return set_company(organization=record, company=target, user=user, origin=origin)
    assert target is None or isinstance(target, Product)
    change = set_product(offer=record, product=target, user=user, origin=origin)
    if target is not None:
        propose_to_namesakes(offer=record, product=target)
    return change


def lines_to_change(*, tab: Tab, wanted: Mapping[int, Target | None]) -> int:
    """How many unsynced lines mapping these records so would change; nothing is kept."""
    scope = LineScope(
        columns=(tab.line_column,), keys=tuple((pk,) for pk in wanted), parts=(tab.part,)
    )
    with transaction.atomic():
        # In the order in which everyone locks them.
        list(
            tab.model._default_manager.select_for_update(no_key=True)
            .filter(pk__in=wanted)
            .order_by("pk")
            .values_list("pk")
        )
        point(tab, {pk: target.pk if target else None for pk, target in wanted.items()})
        number = lines().count(scope)
        transaction.set_rollback(True)
    return number


def map_own_product(
    *, offer: Offer, organization: Organization, product: Product | None, user: User | None
) -> MappingChange | None:
    """The product of an offer for one organization only; None: the one for all holds again (P19)."""
    picked = MappingChange.Origin.PICKER
    return set_product(
        offer=offer, organization=organization, product=product, user=user, origin=picked
    )


def own_lines_to_change(
    *, offer: Offer, organization: Organization, product: Product | None
) -> int:
    """How many unsynced lines `map_own_product` would change; nothing is kept."""
    with transaction.atomic():
        try:
            change = map_own_product(
                offer=offer, organization=organization, product=product, user=None
            )
        finally:
            transaction.set_rollback(True)
    return change.lines_affected if change else 0
