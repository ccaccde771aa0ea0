"""Which agreement a line is filled with, and the company it brings (P33)."""

import pytest

from mapping.models import AgreementDefault
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
)
from tests.invoices.filling import fill

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("source", "chosen", "stays"),
    [
        ("none", "agreement", False),
        ("default", "agreement", False),
        ("user", "agreement", True),
        ("bulk", "agreement", True),
        ("default", "create", False),
        ("user", "create", True),
        ("bulk", "create", True),
        ("user", "nothing", False),
        ("bulk", "nothing", False),
    ],
)
def test_an_agreement_that_a_user_chose_stays(source: str, chosen: str, stays: bool) -> None:
    company = make_company()
    remembered, other = make_agreement(company=company), make_agreement(company=company)
    line = make_line(
        company=company,
        company_source="default",
        agreement=other if chosen == "agreement" else None,
        create_agreement=chosen == "create",
        agreement_source=source,
    )
    line.organization.company = company
    line.organization.save()
    AgreementDefault.objects.create(
        organization=line.organization, contract_id=line.contract_id, agreement=remembered
    )

    fill()

    line.refresh_from_db()
    if stays:
        assert line.agreement == (other if chosen == "agreement" else None)
        assert line.create_agreement is (chosen == "create")
        assert line.agreement_source == source
    else:
        assert (line.agreement, line.create_agreement) == (remembered, False)
        assert (line.agreement_name, line.agreement_source) == (remembered.name, "default")


# What is remembered for: this offer, the whole contract, two other offers → what is filled in.
RESOLUTION = [
    (("A", None, None, None), "A"),
    (("A", "B", None, None), "A"),
    ((None, "B", None, None), "B"),
    ((None, "B", "A", "A"), "B"),
    ((None, None, "A", None), "A"),
    ((None, None, "A", "A"), "A"),
    ((None, None, "A", "B"), None),
    ((None, None, "A", "create"), None),
    ((None, None, "create", "create"), "create"),
    (("create", "B", None, None), "create"),
    (("A", "create", "B", "B"), "A"),
    ((None, None, None, None), None),
]


@pytest.mark.parametrize(("remembered", "expected"), RESOLUTION)
def test_the_nearest_remembered_agreement_is_taken(
    remembered: tuple[str | None, ...], expected: str | None
) -> None:
    company = make_company()
    agreements = {name: make_agreement(company=company) for name in ("A", "B")}
    organization = make_organization(company=company)
    line = make_line(organization=organization)
    for choice, offer in zip(
        remembered, (line.offer, None, make_offer(), make_offer()), strict=True
    ):
        if choice:
            AgreementDefault.objects.create(
                organization=organization,
                contract_id=line.contract_id,
                offer=offer,
                agreement=agreements.get(choice),
                create_agreement=choice == "create",
            )
    # Another contract's choices are none of this line's business.
    AgreementDefault.objects.create(
        organization=organization, contract_id="OTHER", offer=line.offer, create_agreement=True
    )

    fill()

    line.refresh_from_db()
    assert line.agreement == (agreements.get(expected) if expected else None)
    assert line.create_agreement is (expected == "create")
    assert line.agreement_source == ("default" if expected else "none")


def test_a_remembered_agreement_brings_its_own_company() -> None:
    agreement = make_agreement()
    line = make_line(organization=make_organization(company=make_company()))
    AgreementDefault.objects.create(
        organization=line.organization, contract_id=line.contract_id, agreement=agreement
    )

    fill()

    line.refresh_from_db()
    assert (line.company, line.agreement) == (agreement.company, agreement)


def test_a_company_that_a_user_chose_gets_no_agreement_of_another() -> None:
    mine, agreement = make_company(), make_agreement()
    line = make_line(company=mine, company_source="user")
    AgreementDefault.objects.create(
        organization=line.organization, contract_id=line.contract_id, agreement=agreement
    )

    assert fill() == 0

    line.refresh_from_db()
    assert (line.company, line.agreement) == (mine, None)


def test_another_company_clears_the_agreement_of_the_old_one() -> None:
    old, new = make_company(), make_company()
    line = make_line(
        organization=make_organization(company=new),
        company=old,
        company_source="default",
        agreement=make_agreement(company=old),
        agreement_source="default",
    )

    fill()

    line.refresh_from_db()
    assert (line.company, line.agreement, line.agreement_name) == (new, None, "")
    assert line.agreement_source == "none"


def test_the_company_of_an_agreement_that_a_user_chose_stays_with_it() -> None:
    agreement = make_agreement()
    line = make_line(
        organization=make_organization(company=make_company()),
        company=agreement.company,
        company_source="default",
        agreement=agreement,
        agreement_source="user",
    )

    assert fill() == 0

    line.refresh_from_db()
    assert (line.company, line.agreement) == (agreement.company, agreement)
