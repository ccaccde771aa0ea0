"""Setting mappings: what is filled and kept, refused and remembered (P12, P13, P33)."""

from typing import Any

import pytest

from mapping.models import AgreementDefault, MappingChange, OrganizationOffer
from mapping.services import (
    MappingRefused,
    remember_choices,
    set_agreement,
    set_company,
    set_product,
)
from mapping.services.choices import AgreementChoice, CompanyChoice, ProductChoice
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

PICKER = MappingChange.Origin.PICKER


def test_a_company_fills_the_lines_of_its_organization_only() -> None:
    line, other = make_line(), make_line()
    company, user = make_company(name="Contoso", connectwise_id=9), make_user()

    change = set_company(organization=line.organization, company=company, user=user, origin=PICKER)

    line.refresh_from_db()
    other.refresh_from_db()
    assert (line.company, other.company) == (company, None)
    assert change is not None
    assert (change.before, change.after) == (
        None,
        {"id": company.pk, "connectwise_id": 9, "name": "Contoso"},
    )
    assert (change.lines_affected, change.user, change.kind) == (1, user, "organization")


def test_the_same_again_leaves_no_trace() -> None:
    company, product, agreement = make_company(), make_product(), make_agreement()
    organization, offer = make_organization(company=company), make_offer(product=product)
    AgreementDefault.objects.create(
        organization=organization, contract_id="C", offer=offer, agreement=agreement
    )
    OrganizationOffer.objects.create(organization=organization, offer=offer, product=product)
    by: dict[str, Any] = {"user": None, "origin": PICKER}

    assert set_company(organization=organization, company=company, **by) is None
    assert set_product(offer=offer, product=product, **by) is None
    assert set_product(offer=offer, product=product, organization=organization, **by) is None
    assert (
        set_agreement(
            organization=organization,
            contract_id="C",
            offer=offer,
            agreement=agreement,
            create_agreement=False,
            **by,
        )
        is None
    )
    assert not MappingChange.objects.exists()


def test_a_product_fills_nothing_but_products() -> None:
    line = make_line(organization=make_organization(company=make_company()))

    set_product(offer=line.offer, product=make_product(), user=None, origin=PICKER)

    line.refresh_from_db()
    assert line.product is not None
    assert line.company is None


def test_a_product_for_one_organization_leaves_the_others() -> None:
    offer, product = make_offer(), make_product()
    line, other = make_line(offer=offer), make_line(offer=offer)

    change = set_product(
        offer=offer, product=product, organization=line.organization, user=None, origin=PICKER
    )

    line.refresh_from_db()
    other.refresh_from_db()
    assert (line.product, other.product) == (product, None)
    assert change is not None
    assert (change.organization, change.offer) == (line.organization, offer)


def test_taking_a_product_of_one_organization_away_brings_the_common_one_back() -> None:
    common, own = make_product(), make_product()
    line = make_line(offer=make_offer(product=common))
    given: dict[str, Any] = {
        "offer": line.offer,
        "organization": line.organization,
        "user": None,
        "origin": PICKER,
    }
    set_product(product=own, **given)

    set_product(product=None, **given)

    line.refresh_from_db()
    assert line.product == common
    assert not OrganizationOffer.objects.exists()


def test_an_agreement_fills_its_contract_and_brings_its_company() -> None:
    line = make_line(contract_id="C-1")
    other = make_line(organization=line.organization, contract_id="C-2")
    agreement = make_agreement()

    change = set_agreement(
        organization=line.organization,
        contract_id="C-1",
        offer=None,
        agreement=agreement,
        create_agreement=False,
        user=None,
        origin=PICKER,
    )

    line.refresh_from_db()
    other.refresh_from_db()
    assert (line.agreement, line.company) == (agreement, agreement.company)
    assert (other.agreement, other.company) == (None, None)
    assert change is not None
    assert (change.contract_id, change.lines_affected) == ("C-1", 1)


def test_create_new_agreement_is_kept_as_such_and_taken_away() -> None:
    line = make_line()
    given: dict[str, Any] = {
        "organization": line.organization,
        "contract_id": line.contract_id,
        "offer": line.offer,
        "agreement": None,
        "user": None,
        "origin": PICKER,
    }

    made = set_agreement(create_agreement=True, **given)
    line.refresh_from_db()
    assert line.create_agreement
    gone = set_agreement(create_agreement=False, **given)

    line.refresh_from_db()
    assert not line.create_agreement
    assert made is not None and gone is not None
    assert (made.after, gone.before, gone.after) == ({"create": True}, {"create": True}, None)
    assert not AgreementDefault.objects.exists()


@pytest.mark.parametrize("state", ["deleted", "missing"])
def test_a_company_that_is_no_more_is_refused(state: str) -> None:
    organization = make_organization()
    company = make_company(name="Gone", connectwise_id=3, **{state: True})

    with pytest.raises(MappingRefused, match=r"Gone \(ConnectWise ID 3\) was deleted"):
        set_company(organization=organization, company=company, user=None, origin=PICKER)

    organization.refresh_from_db()
    assert organization.company is None


def test_a_product_that_is_no_more_is_refused() -> None:
    with pytest.raises(MappingRefused, match="not in ConnectWise any more"):
        set_product(
            offer=make_offer(), product=make_product(missing=True), user=None, origin=PICKER
        )


def test_an_agreement_without_a_company_is_refused() -> None:
    with pytest.raises(MappingRefused, match="belongs to no company"):
        set_agreement(
            organization=make_organization(),
            contract_id="C",
            offer=None,
            agreement=make_agreement(company=None),
            create_agreement=False,
            user=None,
            origin=PICKER,
        )


def test_a_new_choice_clears_the_response_error() -> None:
    organization = make_organization(response_error="busy")

    set_company(organization=organization, company=make_company(), user=None, origin=PICKER)

    organization.refresh_from_db()
    assert organization.response_error == ""


# --- What is saved on a line ---------------------------------------------------------------------


def remember(line: Any, **choice: Any) -> list[MappingChange]:
    """What the line's row was saved with."""
    own = line.organization_id if choice.get("product_for_organization_only") else None
    company, product, agreement = (choice.get(k) for k in ("company", "product", "agreement"))
    ids = {"organization_id": line.organization_id, "contract_id": line.contract_id}
    new = choice.get("create_agreement", False)
    known = set(MappingChange.objects.values_list("pk", flat=True))
    remember_choices(
        companies=[CompanyChoice(organization_id=line.organization_id, company=company)]
        if company
        else [],
        products=[ProductChoice(offer_id=line.offer_id, product=product, organization_id=own)]
        if product
        else [],
        agreements=[
            AgreementChoice(
                **ids, offer_id=line.offer_id, agreement=agreement, create_agreement=new
            )
        ]
        if agreement or new
        else [],
        user=None,
    )
    return list(MappingChange.objects.exclude(pk__in=known).order_by("pk"))


def test_a_line_teaches_new_lines_and_touches_no_other() -> None:
    line = make_line()
    other = make_line(organization=line.organization, offer=line.offer)
    agreement, product = make_agreement(), make_product()

    changes = remember(line, company=agreement.company, product=product, agreement=agreement)

    other.refresh_from_db()
    line.organization.refresh_from_db()
    line.offer.refresh_from_db()
    default = AgreementDefault.objects.get()
    assert (other.company, other.product, other.version) == (None, None, 1)
    assert (line.organization.company, line.offer.product) == (agreement.company, product)
    assert (default.contract_id, default.offer, default.agreement) == (
        line.contract_id,
        line.offer,
        agreement,
    )
    assert [(change.kind, change.origin, change.lines_affected) for change in changes] == [
        ("organization", "line", 0),
        ("offer", "line", 0),
        ("agreement", "line", 0),
    ]


def test_what_was_not_chosen_forgets_nothing() -> None:
    line = make_line(
        organization=make_organization(company=make_company()),
        offer=make_offer(product=make_product()),
    )

    assert remember(line) == []

    line.organization.refresh_from_db()
    assert line.organization.company is not None


def test_a_custom_line_without_a_subscription_teaches_its_organization_only() -> None:
    line, product = make_line(), make_product()

    remember(line, product=product, product_for_organization_only=True)

    line.offer.refresh_from_db()
    own = OrganizationOffer.objects.get()
    assert line.offer.product is None
    assert (own.organization, own.offer, own.product) == (line.organization, line.offer, product)


def test_create_new_agreement_is_remembered_over_an_agreement() -> None:
    line = make_line()
    remember(line, agreement=make_agreement())

    [change] = remember(line, create_agreement=True)
    assert remember(line, create_agreement=True) == []

    default = AgreementDefault.objects.get()
    assert (default.agreement, default.create_agreement) == (None, True)
    assert change.after == {"create": True}
