"""What is saved on a line becomes the default for new lines (P33), and touches no other line."""

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import MappingChange
from mapping.services.choices import AgreementChoice, By, CompanyChoice, ProductChoice
from mapping.services.mappings import set_agreements, set_companies, set_products
from psa_connectwise.models import Agreement, Company, Product


@transaction.atomic
def remember_line_choice(
    *,
    organization_id: int,
    offer_id: int,
    contract_id: str,
    company: Company | None,
    product: Product | None,
    agreement: Agreement | None,
    create_agreement: bool,
    product_for_organization_only: bool,
    user: User | None,
    origin: MappingChange.Origin = MappingChange.Origin.LINE,
) -> list[MappingChange]:
    """Remember what a user chose: company by organization, product by offer, agreement by contract.

    None is "not chosen" and forgets nothing. A product is only for this organization where the line
    is a custom one without a subscription (P19).
    """
    by = By(user=user, origin=origin, fills_lines=False)
    changes: list[MappingChange] = []
    if company is not None:
        changes += set_companies(
            [CompanyChoice(organization_id=organization_id, company=company)], by=by
        )
    if product is not None:
        own = organization_id if product_for_organization_only else None
        changes += set_products(
            [ProductChoice(offer_id=offer_id, product=product, organization_id=own)], by=by
        )
    if agreement is not None or create_agreement:
        changes += set_agreements(
            [
                AgreementChoice(
                    organization_id=organization_id,
                    contract_id=contract_id,
                    offer_id=offer_id,
                    agreement=agreement,
                    create_agreement=create_agreement,
                )
            ],
            by=by,
        )
    return changes
