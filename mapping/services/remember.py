"""What is saved on lines becomes the default for new lines (P33), and touches no other line."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import MappingChange
from mapping.services.choices import AgreementChoice, By, CompanyChoice, ProductChoice
from mapping.services.mappings import set_agreements, set_companies, set_products


@transaction.atomic
def remember_choices(
    *,
    companies: Iterable[CompanyChoice] = (),
    products: Iterable[ProductChoice] = (),
    agreements: Iterable[AgreementChoice] = (),
    user: User | None,
    origin: MappingChange.Origin = MappingChange.Origin.LINE,
) -> list[MappingChange]:
    """Remember what a user chose on lines; a bulk update's as few statements as a row's."""
    by = By(user=user, origin=origin, fills_lines=False)
    changes: list[MappingChange] = []
    if companies:
        changes += set_companies(companies, by=by)
    if products:
        changes += set_products(products, by=by)
    if agreements:
        changes += set_agreements(agreements, by=by)
    return changes
