"""What ConnectWise is known to refuse, refused here first, in plain words with the fix. Pure."""

from datetime import date

from invoices.sync.facts import (
    Agreement,
    AgreementSlot,
    Company,
    Directory,
    Line,
    PlanSettings,
    Product,
    Refusal,
)

# The longest texts that ConnectWise takes, by its API description.
AGREEMENT_NAME_LENGTH = 100
INVOICE_DESCRIPTION_LENGTH = 6000


def line_refusal(
    line: Line,
    agreement_id: int | None,
    slot: AgreementSlot | None,
    directory: Directory,
    settings: PlanSettings,
) -> Refusal | None:
    """What stands in the line's way whatever it becomes."""
    company = directory.companies.get(line.company_id)
    agreement = directory.agreements.get(agreement_id) if agreement_id else None
    return (
        _outdated_refusal(line)
        or _twin_refusal(line, directory, settings)
        or _company_refusal(company)
        or _product_refusal(directory.products.get(line.product_id))
        or (
            _slot_refusal(line, company, directory, settings)
            if slot
            else _agreement_refusal(line, agreement, directory)
        )
    )


def _outdated_refusal(line: Line) -> Refusal | None:
    # A load only flags what is frozen (docs/posting.md, 3): its values here are the old ones.
    if line.outdated:
        return Refusal(
            "changed_on_platform",
            f"It has changed on the Platform. Load {line.period:%B %Y} again, then sync.",
        )
    return None


def _company_refusal(company: Company | None) -> Refusal | None:
    if company is None or not company.usable:
        name = company.name if company else "This PSA Organization"
        return Refusal(
            "company_gone",
            f"{name} is deleted in ConnectWise. Map the organization to another company.",
        )
    return None


def _twin_refusal(line: Line, directory: Directory, settings: PlanSettings) -> Refusal | None:
    """What may have been posted under another number waits for a person, who is warned of it."""
    twin = directory.twins.get(line.id)
    # One that has an Addition of its own was decided about.
    if twin is None or settings.attended or line.id in directory.own:
        return None
    return Refusal(
        "perhaps_posted",
        f"{twin}. Nobody sees the preview of this run: post it from the grid if it is another charge.",
    )


def _product_refusal(product: Product | None) -> Refusal | None:
    if product is None or product.missing:
        name = product.name if product else "The product"
        return Refusal(
            "product_gone",
            f"{name} is no longer in ConnectWise's catalog. Map the offer to another product.",
        )
    if product.inactive:
        return Refusal(
            "product_inactive",
            f"Product inactive: {product.name}. Activate it in ConnectWise, or map the offer to another product.",
        )
    if product.product_class == "Bundle":
        return Refusal(
            "product_bundle",
            f"{product.name} is a bundle, which can't be an Addition. Map the offer to another product.",
        )
    return None


def _slot_refusal(
    line: Line, company: Company | None, directory: Directory, settings: PlanSettings
) -> Refusal | None:
    """Why no agreement can be made for it (P46)."""
    return (
        _agreement_type_refusal(settings)
        or _contact_refusal(company)
        or _new_currency_refusal(line, directory)
        or _contract_refusal(line)
    )


def _agreement_type_refusal(settings: PlanSettings) -> Refusal | None:
    if settings.agreement_type_id is None:
        return Refusal(
            "no_agreement_type",
            "No default Agreement Type is chosen. Choose one in Settings → Configuration.",
        )
    if not settings.agreement_type_usable:
        return Refusal(
            "no_agreement_type",
            f"Agreement Type {settings.agreement_type_name} is inactive or gone in ConnectWise. "
            "Choose another one in Settings → Configuration.",
        )
    return None


def _contact_refusal(company: Company | None) -> Refusal | None:
    if company is not None and company.contact_id is None:
        return Refusal(
            "no_contact",
            f"{company.name} has no default contact in ConnectWise, which a new agreement needs. Set one there.",
        )
    return None


def _new_currency_refusal(line: Line, directory: Directory) -> Refusal | None:
    if line.currency not in directory.currency_ids:
        return Refusal(
            "currency_unknown",
            f"No agreement or company in ConnectWise uses {line.currency}, so a new agreement in it can't be made. "
            "Choose an existing agreement.",
        )
    return None


def _contract_refusal(line: Line) -> Refusal | None:
    if not line.contract_id:
        return Refusal(
            "no_contract",
            "It has no contract, after which a new agreement is named. Choose an existing agreement.",
        )
    if len(line.contract_id) > AGREEMENT_NAME_LENGTH:
        return Refusal(
            "contract_too_long",
            f"The contract's ID has {len(line.contract_id)} characters; an agreement's name, which it "
            f"would be, takes {AGREEMENT_NAME_LENGTH}. Choose an existing agreement.",
        )
    return None


def _agreement_refusal(
    line: Line, agreement: Agreement | None, directory: Directory
) -> Refusal | None:
    if agreement is None:
        return Refusal(
            "agreement_gone", "The agreement is no longer in ConnectWise. Choose another one."
        )
    # Editing refuses this (P33), but a change in ConnectWise can bring it about afterwards.
    if agreement.company_id != line.company_id:
        return Refusal(
            "agreement_of_another_company",
            f"Agreement {agreement.name} belongs to another company. Choose one of this company's.",
        )
    # Whether ConnectWise would take it is not documented, so it is never asked to
    # (docs/connectwise.md, "Ends and proration").
    if not agreement.live:
        return Refusal(
            "agreement_not_active",
            f"Agreement {agreement.name} is {agreement.status.lower() or 'not active'} in ConnectWise. "
            "Choose an active one.",
        )
    if agreement.end and agreement.end < line.start:
        return Refusal(
            "agreement_ended",
            f"Agreement {agreement.name} ends on {agreement.end} in ConnectWise, before the charge "
            f"starts ({line.start}): it would never be billed. Choose another one.",
        )
    return _currency_refusal(line, agreement, directory)


def _currency_refusal(line: Line, agreement: Agreement, directory: Directory) -> Refusal | None:
    """Without one of its own, an agreement has its company's; where nothing has one, all are alike."""
    company = directory.companies.get(line.company_id)
    currency = agreement.currency or (company.currency if company else "")
    if currency and currency != line.currency:
        return Refusal(
            "currency_differs",
            f"The line is in {line.currency}, agreement {agreement.name} in {currency}. "
            f"Choose an agreement in {line.currency}.",
        )
    if not currency and directory.currency_ids:
        return Refusal(
            "currency_unknown",
            f"ConnectWise doesn't say in which currency agreement {agreement.name} bills. "
            "Set it in ConnectWise, or choose another agreement.",
        )
    return None


def text_refusal(description: str) -> Refusal | None:
    """An invoice description that ConnectWise would refuse for its length."""
    if len(description) <= INVOICE_DESCRIPTION_LENGTH:
        return None
    return Refusal(
        "text_too_long",
        f"Its invoice description has {len(description):,} characters; ConnectWise takes "
        f"{INVOICE_DESCRIPTION_LENGTH:,}. Shorten the subscription's name on the Platform, or the charge "
        "type's display name.",
    )


def start_refusal(start: date, agreement: Agreement, *, moved: bool = True) -> Refusal | None:
    """ConnectWise's two rules for the effective date (docs/connectwise.md, "Ends and proration").

    The first gives way where the agreement is ours: it bills earlier then. The second holds only
    for a date that is new or changes.
    """
    if agreement.bills_later_than(start) and not agreement.ours:
        return Refusal(
            "before_billing_start",
            f"The charge starts {start}, before agreement {agreement.name} begins to bill "
            f"({agreement.bill_start}). Change the start date here or the billing start in ConnectWise.",
        )
    if moved and agreement.has_invoiced(start):
        return Refusal(
            "period_invoiced",
            f"Agreement {agreement.name} has been invoiced up to {agreement.next_invoice} and does not prorate. "
            "Start the charge on or after that day.",
        )
    return None


def removal_refusal(
    addition_id: int | None, effective: date, agreement: Agreement | None
) -> Refusal | None:
    """ConnectWise deletes nothing that it has invoiced."""
    if agreement is None or not agreement.has_invoiced(effective):
        return None
    return Refusal(
        "addition_invoiced",
        f"Addition {addition_id} starts {effective} and was invoiced (agreement {agreement.name}, up to "
        f"{agreement.next_invoice}), so it can't be removed. Correct it in ConnectWise.",
    )
