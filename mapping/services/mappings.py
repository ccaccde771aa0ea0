"""Sets what organizations, offers and contracts are in ConnectWise, and fills their lines (P12, P13).

One and many go the same way: rows are locked in the order of their ids, what doesn't change leaves
no trace, and every change leaves one row of history with the number of lines it filled.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import AgreementDefault, MappingChange, Offer, Organization, OrganizationOffer
from mapping.ports import LineColumn
from mapping.services.choices import (
    AgreementChoice,
    By,
    CompanyChoice,
    ProductChoice,
    agreement_picture,
    picture,
)
from mapping.services.history import drafted, fill_and_keep
from mapping.services.targets import point
from mapping.tabs import ORGANIZATIONS, PRODUCTS
from psa_connectwise.models import Agreement, Company, Product

BATCH = 1000
Kind = MappingChange.Kind


def set_company(
    *,
    organization: Organization,
    company: Company | None,
    user: User | None,
    origin: MappingChange.Origin,
    batch: UUID | None = None,
) -> MappingChange | None:
    """Map one organization (None unmaps) and fill its lines; None when that is how it was."""
    choice = CompanyChoice(organization_id=organization.pk, company=company)
    changes = set_companies([choice], by=By(user=user, origin=origin, batch=batch))
    return changes[0] if changes else None


def set_product(
    *,
    offer: Offer,
    product: Product | None,
    user: User | None,
    origin: MappingChange.Origin,
    organization: Organization | None = None,
    batch: UUID | None = None,
) -> MappingChange | None:
    """Map one offer, for all or for `organization` only, and fill its lines; None when unchanged."""
    own = organization.pk if organization else None
    choice = ProductChoice(offer_id=offer.pk, product=product, organization_id=own)
    changes = set_products([choice], by=By(user=user, origin=origin, batch=batch))
    return changes[0] if changes else None


def set_agreement(
    *,
    organization: Organization,
    contract_id: str,
    offer: Offer | None,
    agreement: Agreement | None,
    create_agreement: bool,
    user: User | None,
    origin: MappingChange.Origin,
    batch: UUID | None = None,
) -> MappingChange | None:
    """Choose a contract's agreement, for one offer or all, and fill its lines; None when unchanged."""
    choice = AgreementChoice(
        organization_id=organization.pk,
        contract_id=contract_id,
        offer_id=offer.pk if offer else None,
        agreement=agreement,
        create_agreement=create_agreement,
    )
    changes = set_agreements([choice], by=By(user=user, origin=origin, batch=batch))
    return changes[0] if changes else None


@transaction.atomic
def set_companies(choices: Iterable[CompanyChoice], *, by: By) -> list[MappingChange]:
    """Map organizations to companies and fill their lines; what changed, with its history."""
    wanted = {choice.organization_id: choice for choice in choices}
    targets: dict[int, int | None] = {}
    changes = []
    for organization in _lock_organizations(wanted):
        choice = wanted[organization.pk]
        if choice.company == organization.company:
            continue
        choice.check()
        before, after = picture(organization.company), picture(choice.company)
        changes.append(drafted(by, Kind.ORGANIZATION, before, after, organization=organization))
        targets[organization.pk] = choice.company.pk if choice.company else None
    # Before the lines are filled, which reads what the organizations are mapped to.
    point(ORGANIZATIONS, targets)
    return fill_and_keep(changes, by=by, columns=("organization_id",), parts=("customer",))


@transaction.atomic
def set_products(choices: Iterable[ProductChoice], *, by: By) -> list[MappingChange]:
    """Map offers to products, for all or for one organization, and fill their lines."""
    general: dict[int, ProductChoice] = {}
    own: dict[tuple[int, int], ProductChoice] = {}
    for choice in choices:
        if choice.organization_id is None:
            general[choice.offer_id] = choice
        else:
            own[choice.organization_id, choice.offer_id] = choice
    return [*_set_products_for_all(general, by=by), *_set_products_for_one(own, by=by)]


def _set_products_for_all(wanted: Mapping[int, ProductChoice], *, by: By) -> list[MappingChange]:
    targets: dict[int, int | None] = {}
    changes = []
    locked = Offer.objects.select_for_update(of=("self",), no_key=True).select_related("product")
    for offer in locked.filter(pk__in=wanted).order_by("pk"):
        choice = wanted[offer.pk]
        if choice.product == offer.product:
            continue
        choice.check()
        before, after = picture(offer.product), picture(choice.product)
        changes.append(drafted(by, Kind.OFFER, before, after, offer=offer))
        targets[offer.pk] = choice.product.pk if choice.product else None
    point(PRODUCTS, targets)
    return fill_and_keep(changes, by=by, columns=("offer_id",), parts=("product",))


def _set_products_for_one(
    wanted: Mapping[tuple[int, int], ProductChoice], *, by: By
) -> list[MappingChange]:
    locked = _lock_organizations(organization for organization, _ in wanted)
    rows = OrganizationOffer.objects.filter(organization__in=locked).select_related("product")
    known = {(row.organization_id, row.offer_id): row for row in rows}
    changes, chosen, dropped = [], list[OrganizationOffer](), list[int]()
    for key, choice in wanted.items():
        was = known.get(key)
        before, after = picture(was.product if was else None), picture(choice.product)
        if before == after:
            continue
        choice.check()
        where: dict[str, Any] = dict(zip(("organization_id", "offer_id"), key, strict=True))
        changes.append(drafted(by, Kind.OFFER, before, after, **where))
        if choice.product is not None:
            chosen.append(OrganizationOffer(**where, product=choice.product))
        elif was is not None:
            dropped.append(was.pk)
    OrganizationOffer.objects.filter(pk__in=dropped).delete()
    OrganizationOffer.objects.bulk_create(
        chosen,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "offer"],
        update_fields=["product"],
    )
    columns: tuple[LineColumn, ...] = ("organization_id", "offer_id")
    return fill_and_keep(changes, by=by, columns=columns, parts=("product",))


@transaction.atomic
def set_agreements(choices: Iterable[AgreementChoice], *, by: By) -> list[MappingChange]:
    """Choose the agreements of contracts and fill their lines; what changed, with its history."""
    wanted = {(c.organization_id, c.contract_id, c.offer_id): c for c in choices}
    locked = _lock_organizations(organization for organization, _, _ in wanted)
    rows = AgreementDefault.objects.filter(organization__in=locked).select_related("agreement")
    known = {(row.organization_id, row.contract_id, row.offer_id): row for row in rows}
    changes, chosen, dropped = [], list[AgreementDefault](), list[int]()
    for key, choice in wanted.items():
        before, after = agreement_picture(known.get(key)), agreement_picture(choice)
        if before == after:
            continue
        choice.check()
        where: dict[str, Any] = dict(
            zip(("organization_id", "contract_id", "offer_id"), key, strict=True)
        )
        changes.append(drafted(by, Kind.AGREEMENT, before, after, **where))
        if after is None:
            dropped.append(known[key].pk)
        else:
            chosen.append(AgreementDefault(**where, **choice.value))
    _save_agreements(chosen, dropped)
    columns: tuple[LineColumn, ...] = ("organization_id", "contract_id")
    return fill_and_keep(changes, by=by, columns=columns, parts=("customer",))


def _save_agreements(chosen: list[AgreementDefault], dropped: list[int]) -> None:
    AgreementDefault.objects.filter(pk__in=dropped).delete()
    AgreementDefault.objects.bulk_create(
        chosen,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "contract_id", "offer"],
        update_fields=["agreement", "create_agreement"],
    )


def _lock_organizations(ids: Iterable[int]) -> list[Organization]:
    """Locked in the order of their ids, so that two who lock several never wait for each other."""
    locked = Organization.objects.select_for_update(of=("self",), no_key=True).select_related(
        "company"
    )
    return list(locked.filter(pk__in=set(ids)).order_by("pk"))
