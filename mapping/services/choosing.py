"""A company or product chosen on its tab: the effect told before, then saved (P12)."""

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import MappingChange, Organization
from mapping.ports import LineScope, lines
from mapping.services.mappings import set_company, set_product
from mapping.tabs import Mapped, Tab, Target
from psa_connectwise.models import Company, Product


def map_record(*, record: Mapped, target: Target | None, user: User | None) -> MappingChange | None:
    """Map an organization to a company or an offer to a product; None unmaps; None back: unchanged."""
    origin = MappingChange.Origin.PICKER
    if isinstance(record, Organization):
        assert target is None or isinstance(target, Company)
        return set_company(organization=record, company=target, user=user, origin=origin)
    assert target is None or isinstance(target, Product)
    return set_product(offer=record, product=target, user=user, origin=origin)


def lines_to_change(*, tab: Tab, record: Mapped, target: Target | None) -> int:
    """How many unsynced lines `map_record` would change; nothing is kept."""
    scope = LineScope(columns=(tab.line_column,), keys=((record.pk,),), parts=(tab.part,))
    with transaction.atomic():
        tab.model._default_manager.filter(pk=record.pk).update(**{tab.field: target})
        number = lines().count(scope)
        transaction.set_rollback(True)
    return number
