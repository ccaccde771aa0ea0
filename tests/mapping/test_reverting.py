"""Changes of mappings taken back: one or many, whole or not at all (P13)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from mapping.models import AgreementDefault, MappingChange, Organization, OrganizationOffer
from mapping.queries.history import changes_of_batch, one_change
from mapping.services import set_agreement, set_company, set_product
from mapping.services.choices import By, CompanyChoice
from mapping.services.mappings import set_companies
from mapping.services.reverting import RevertPlan, RevertRefused, plan_revert, revert_changes
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

PICKER = MappingChange.Origin.PICKER
IMPORT = MappingChange.Origin.IMPORT


def mapped(organization: Organization, company: Any, **given: Any) -> MappingChange:
    change = set_company(
        organization=organization, company=company, **{"user": None, "origin": PICKER, **given}
    )
    assert change is not None
    organization.refresh_from_db()
    return change


def plan(change: MappingChange) -> RevertPlan:
    return plan_revert(one_change(change.pk))


def revert(change: MappingChange) -> list[MappingChange]:
    mark = plan(change).mark
    return revert_changes(one_change(change.pk), mark=mark, user=make_user())


def test_a_change_is_taken_back_with_its_lines_and_leaves_history() -> None:
    first, second = make_company(), make_company()
    organization = make_organization(company=first)
    line, kept = (make_line(organization=organization) for _ in range(2))
    synced = make_line(organization=organization, company=second, psa_status="synced")
    change = mapped(organization, second)
    kept.refresh_from_db()
    kept.company_source = "user"
    kept.save()

    told = plan(change)
    assert (told.is_possible, told.lines) == (True, 1)
    organization.refresh_from_db()
    assert organization.company == second
    [made] = revert(change)

    for one in (organization, line, kept, synced):
        one.refresh_from_db()
    assert organization.company == first
    assert (line.company, kept.company, synced.company) == (first, second, second)
    assert (made.origin, made.reverts, made.lines_affected) == ("revert", change, 1)
    assert made.user is not None


def test_the_first_mapping_is_taken_back_to_none() -> None:
    organization = make_organization()
    line = make_line(organization=organization)
    change = mapped(organization, make_company())

    revert(change)

    organization.refresh_from_db()
    line.refresh_from_db()
    assert (organization.company, line.company) == (None, None)


def test_a_revert_can_be_taken_back() -> None:
    organization, company = make_organization(), make_company()
    [taken_back] = revert(mapped(organization, company))

    revert(taken_back)

    organization.refresh_from_db()
    assert organization.company == company


def test_a_later_change_stands_in_the_way_and_is_named() -> None:
    organization = make_organization()
    change = mapped(organization, make_company())
    mapped(organization, make_company(), user=make_user(username="olivia"))

    told = plan(change)

    [step] = told.blocked
    assert not told.is_possible
    assert step.why_not.startswith("olivia changed it later (")
    assert step.why_not.endswith("chosen on the tab). Revert that change first.")
    with pytest.raises(RevertRefused):
        revert(change)


def test_what_a_later_change_left_as_it_was_can_be_taken_back() -> None:
    organization, company = make_organization(), make_company()
    change = mapped(organization, company)
    later = mapped(organization, make_company())
    revert(later)

    revert(change)

    organization.refresh_from_db()
    assert organization.company is None


def test_what_is_as_before_already_is_nothing_to_do() -> None:
    organization = make_organization()
    change = mapped(organization, make_company())
    revert(change)

    told = plan(change)

    assert (told.is_possible, told.blocked, [step.is_done for step in told.steps]) == (
        False,
        [],
        [True],
    )


def test_a_change_that_history_does_not_know_stands_in_the_way() -> None:
    organization = make_organization()
    change = mapped(organization, make_company())
    Organization.objects.update(company=make_company())

    [step] = plan(change).blocked

    assert "nobody can say by whom" in step.why_not


def test_a_company_that_was_deleted_meanwhile_is_not_brought_back() -> None:
    before = make_company(name="Gone", connectwise_id=3)
    organization = make_organization(company=before)
    change = mapped(organization, make_company())
    before.deleted = True
    before.save()

    [step] = plan(change).blocked

    assert "Gone (ConnectWise ID 3) was deleted" in step.why_not


def test_a_renamed_company_is_still_the_same() -> None:
    company = make_company(name="Old name")
    change = mapped(make_organization(), company)
    company.name = "New name"
    company.save()

    assert plan(change).is_possible


@pytest.mark.parametrize("for_one", [True, False])
def test_a_product_is_taken_back(for_one: bool) -> None:
    line, product = make_line(), make_product()
    own = line.organization if for_one else None
    change = set_product(
        offer=line.offer, product=product, user=None, origin=PICKER, organization=own
    )
    assert change is not None

    [made] = revert(change)

    line.refresh_from_db()
    line.offer.refresh_from_db()
    assert (line.product, line.offer.product, made.lines_affected) == (None, None, 1)
    assert not OrganizationOffer.objects.exists()


@pytest.mark.parametrize("create", [True, False])
def test_an_agreement_is_taken_back(create: bool) -> None:
    line = make_line()
    given: dict[str, Any] = {
        "organization": line.organization,
        "contract_id": line.contract_id,
        "offer": None,
        "user": None,
        "origin": PICKER,
    }
    agreement = make_agreement()
    set_agreement(agreement=agreement, create_agreement=False, **given)
    chosen = None if create else make_agreement(company=agreement.company)
    change = set_agreement(agreement=chosen, create_agreement=create, **given)
    assert change is not None

    revert(change)

    line.refresh_from_db()
    assert AgreementDefault.objects.get().agreement == agreement == line.agreement


def test_an_agreement_that_was_made_as_chosen_is_no_later_change() -> None:
    line = make_line()
    change = set_agreement(
        organization=line.organization,
        contract_id=line.contract_id,
        offer=None,
        agreement=None,
        create_agreement=True,
        user=None,
        origin=PICKER,
    )
    assert change is not None
    AgreementDefault.objects.update(agreement=make_agreement(), create_agreement=False)

    assert plan(change).is_possible


# --- Many at once --------------------------------------------------------------------------------


@pytest.fixture
def imported() -> Callable[[int], list[MappingChange]]:
    """Imports mappings of so many organizations, each with a line."""

    def make(number: int) -> list[MappingChange]:
        choices = [
            CompanyChoice(organization_id=make_line().organization_id, company=make_company())
            for _ in range(number)
        ]
        return set_companies(choices, by=By(user=None, origin=IMPORT, batch=uuid4()))

    return make


def batch_of(changes: list[MappingChange]) -> list[MappingChange]:
    assert changes[0].batch
    return changes_of_batch(changes[0].batch)


def test_a_whole_import_is_taken_back(imported: Any) -> None:
    changes = imported(3)
    told = plan_revert(batch_of(changes))
    assert (len(told.to_do), told.lines) == (3, 3)

    made = revert_changes(batch_of(changes), mark=told.mark, user=make_user())

    assert not Organization.objects.exclude(company=None).exists()
    assert {one.reverts_id for one in made} == {one.pk for one in changes}
    assert len({one.batch for one in made}) == 1 and made[0].batch is not None


def test_one_later_change_keeps_the_whole_import_as_it_is(imported: Any) -> None:
    changes = imported(3)
    organization = changes[1].organization
    mapped(organization, make_company())
    told = plan_revert(batch_of(changes))
    assert [step.change.organization for step in told.blocked] == [organization]

    with pytest.raises(RevertRefused):
        revert_changes(batch_of(changes), mark=told.mark, user=make_user())

    assert Organization.objects.exclude(company=None).count() == 3


def test_what_of_an_import_was_taken_back_before_is_left_out(imported: Any) -> None:
    changes = imported(2)
    revert(changes[0])

    told = plan_revert(batch_of(changes))

    assert (told.is_possible, [step.change for step in told.to_do]) == (True, [changes[1]])


def test_a_plan_that_is_another_one_now_is_refused(imported: Any) -> None:
    changes = imported(2)
    mark = plan_revert(batch_of(changes)).mark
    revert(changes[0])

    with pytest.raises(RevertRefused):
        revert_changes(batch_of(changes), mark=mark, user=make_user())


def test_a_larger_import_costs_no_more_statements(
    imported: Any, django_assert_max_num_queries: Any
) -> None:
    changes = batch_of(imported(30))

    with django_assert_max_num_queries(40):
        plan_revert(changes)


def test_nothing_is_nothing() -> None:
    assert not plan_revert([]).is_possible
    assert one_change(0) == []
