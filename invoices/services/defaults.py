"""What a change of lines teaches: the values that new lines of the same kind will have (P33)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import QuerySet

from invoices.models import InvoiceLine
from invoices.services.line_change import Choice, LineChange
from invoices.services.line_writes import differs
from mapping.models import MappingChange
from mapping.services.choices import AgreementChoice, CompanyChoice, ProductChoice
from mapping.services.remember import remember_choices
from psa_connectwise.models import Agreement, Company, Product


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What mappings a change sets, one for each customer, offer or contract among its lines."""

    companies: Sequence[CompanyChoice] = field(default=())
    products: Sequence[ProductChoice] = field(default=())
    agreements: Sequence[AgreementChoice] = field(default=())


def choices_made(lines: QuerySet[InvoiceLine], change: LineChange) -> Choices:
    """Only what the change changes: the rest may be an older default. Asked before it is written.

    Unmapping a line forgets nothing.
    """
    return Choices(
        companies=_companies(lines, change.company),
        products=_products(lines, change.product),
        agreements=_agreements(lines, change.agreement),
    )


def remember(choices: Choices, *, user: User | None, origin: MappingChange.Origin) -> None:
    """In the caller's transaction; each mapping that changes gets its entry in the history (P13)."""
    remember_choices(
        companies=choices.companies,
        products=choices.products,
        agreements=choices.agreements,
        user=user,
        origin=origin,
    )


def _companies(
    lines: QuerySet[InvoiceLine], company: Company | Choice | None
) -> list[CompanyChoice]:
    if not isinstance(company, Company):
        return []
    changing = lines.filter(differs(LineChange(company=company)))
    organizations = changing.order_by().values_list("organization", flat=True).distinct()
    return [CompanyChoice(organization_id=one, company=company) for one in organizations]


def _products(
    lines: QuerySet[InvoiceLine], product: Product | Choice | None
) -> list[ProductChoice]:
    """Of a custom line without a subscription the product is its organization's alone (P19)."""
    if not isinstance(product, Product):
        return []
    changing = lines.filter(differs(LineChange(product=product))).order_by()
    pseudo = {"invoice_source": InvoiceLine.Source.CUSTOM, "subscription_id": ""}
    own = changing.filter(**pseudo).values_list("offer", "organization").distinct()
    shared = changing.exclude(**pseudo).values_list("offer", flat=True).distinct()
    return [
        *(ProductChoice(offer_id=offer, product=product) for offer in shared),
        *(
            ProductChoice(offer_id=offer, product=product, organization_id=organization)
            for offer, organization in own
        ),
    ]


def _agreements(
    lines: QuerySet[InvoiceLine], agreement: Agreement | Choice | None
) -> list[AgreementChoice]:
    if agreement is None or agreement is Choice.KEEP:
        return []
    changing = lines.filter(differs(LineChange(agreement=agreement))).order_by()
    keys = changing.values_list("organization", "contract_id", "offer").distinct()
    # What is left beside a record is "Create new agreement": unmapping and keeping are out by now.
    chosen = agreement if isinstance(agreement, Agreement) else None
    return [
        AgreementChoice(
            organization_id=organization,
            contract_id=contract,
            offer_id=offer,
            agreement=chosen,
            create_agreement=chosen is None,
        )
        for organization, contract, offer in keys
    ]
