"""update_lines: one row or many, all or nothing, only what differs (P23, P30–P34)."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoices.models import InvoiceLine, Period
from invoices.services.lines import Choice, LineChange, LinesRefused, update_lines
from mapping.models import AgreementDefault, MappingChange, OrganizationOffer
from psa_connectwise.models import Agreement, Company, Product
from tests.factories import make_agreement, make_company, make_line, make_product

START, END = date(2026, 5, 4), date(2026, 5, 20)
Save = Callable[..., InvoiceLine]


@pytest.fixture
def save(operator: User, may: Period) -> Save:
    """Saves a change of one line, as the user saw it, and gives the line back as it is then."""

    def saved(line: InvoiceLine, **change: Any) -> InvoiceLine:
        update_lines(seen={line.pk: line.version}, change=LineChange(**change), user=operator)
        return InvoiceLine.objects.get(pk=line.pk)

    return saved


@pytest.fixture
def company(db: None) -> Company:
    return make_company(name="Acme")


@pytest.fixture
def agreement(company: Company) -> Agreement:
    return make_agreement(company=company, name="Annual")


@pytest.fixture
def product(db: None) -> Product:
    return make_product(name="E3")


def test_a_date_that_a_user_sets_is_user_updated(save: Save, line: InvoiceLine) -> None:
    saved = save(line, start=START, end=END)
    assert (saved.charge_start_date, saved.charge_start_date_source) == (START, "user")
    assert (saved.charge_end_date, saved.charge_end_date_source) == (END, "user")
    assert saved.version == line.version + 1


@pytest.mark.parametrize("source", ["none", "system", "user"])
def test_an_unchanged_date_keeps_its_badge(save: Save, may: Period, source: str) -> None:
    line = make_line(charge_start_date_source=source, charge_end_date_source=source)
    saved = save(line, start=line.charge_start_date, end=line.charge_end_date)
    assert saved.charge_start_date_source == source
    assert saved.charge_end_date_source == source
    assert saved.version == line.version


def test_an_emptied_end_date_is_the_automatic_one_again(save: Save, may: Period) -> None:
    line = make_line(
        charge_end_date=END,
        charge_end_date_source="user",
        automatic_end_date=date(2026, 5, 28),
        automatic_end_date_source="system",
    )
    saved = save(line, end=Choice.AUTOMATIC)
    assert (saved.charge_end_date, saved.charge_end_date_source) == (date(2026, 5, 28), "system")


def test_emptying_an_automatic_end_date_changes_nothing(save: Save, line: InvoiceLine) -> None:
    assert save(line, end=Choice.AUTOMATIC).version == line.version


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": END, "end": START}, "charge_end_date"),
        ({"end": date(2026, 4, 30)}, "charge_end_date"),
        ({"start": date(2026, 6, 1)}, "charge_start_date"),
    ],
)
def test_an_end_before_the_start_is_refused_at_its_field(
    save: Save, line: InvoiceLine, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(LinesRefused) as refused:
        save(line, **change)
    assert [refusal.field for refusal in refused.value.refusals] == [field]


@pytest.mark.parametrize(
    "change", [{"start": START, "end": START}, {"start": date(2026, 6, 1), "end": Choice.AUTOMATIC}]
)
def test_one_day_and_an_automatic_end_are_never_in_the_way(
    save: Save, line: InvoiceLine, change: dict[str, Any]
) -> None:
    assert save(line, **change).charge_start_date == change["start"]


def test_the_values_of_connectwise_are_set_with_their_copies(
    save: Save, line: InvoiceLine, company: Company, agreement: Agreement, product: Product
) -> None:
    saved = save(line, company=company, agreement=agreement, product=product)
    assert saved.is_mapped
    assert (saved.company, saved.company_name) == (company, "Acme")
    assert saved.company_connectwise_id == company.connectwise_id
    assert (saved.agreement, saved.agreement_name) == (agreement, "Annual")
    assert (saved.product, saved.product_name) == (product, "E3")
    assert saved.product_connectwise_id == product.connectwise_id
    sources = {saved.company_source, saved.agreement_source, saved.product_source}
    assert sources == {"user"}


def test_a_value_that_stays_keeps_its_source(save: Save, may: Period, company: Company) -> None:
    line = make_line(company=company, company_source="default")
    saved = save(line, company=company, start=START)
    assert saved.company_source == "default"


def test_create_new_agreement_is_a_choice_of_its_own(
    save: Save, may: Period, agreement: Agreement, company: Company
) -> None:
    line = make_line(company=company, agreement=agreement)
    saved = save(line, agreement=Choice.CREATE)
    assert saved.create_agreement
    assert (saved.agreement, saved.agreement_name) == (None, "")
    again = save(saved, agreement=agreement)
    assert (again.create_agreement, again.agreement) == (False, agreement)


def test_another_company_clears_the_agreement_that_was_not_chosen(
    save: Save, may: Period, agreement: Agreement, company: Company
) -> None:
    line = make_line(company=company, agreement=agreement, agreement_source="user")
    saved = save(line, company=make_company())
    assert (saved.agreement, saved.agreement_source) == (None, "none")


def test_unmapping_clears_and_frees_the_value(save: Save, may: Period, company: Company) -> None:
    line = make_line(company=company, company_source="user", create_agreement=True)
    saved = save(line, company=None, agreement=None)
    assert (saved.company, saved.company_name, saved.company_source) == (None, "", "none")
    assert not saved.create_agreement


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"company": {"deleted": True}}, "deleted or inactive"),
        ({"company": {"inactive": True}}, "deleted or inactive"),
        ({"agreement": {"status": "Expired"}}, "not active"),
        ({"agreement": {"cancelled": True}}, "not active"),
        ({"product": {"inactive": True}}, "inactive or a bundle"),
        ({"product": {"product_class": "Bundle"}}, "inactive or a bundle"),
    ],
)
def test_what_connectwise_would_refuse_is_refused_here(
    save: Save, line: InvoiceLine, broken: dict[str, dict[str, Any]], reason: str
) -> None:
    company = make_company(**broken.get("company", {}))
    agreement = make_agreement(company=company, **broken.get("agreement", {}))
    product = make_product(**broken.get("product", {}))
    with pytest.raises(LinesRefused, match=reason):
        save(line, company=company, agreement=agreement, product=product)


def test_an_agreement_of_another_company_is_refused(
    save: Save, line: InvoiceLine, agreement: Agreement
) -> None:
    with pytest.raises(LinesRefused, match=r"Annual is not an agreement of"):
        save(line, company=make_company(), agreement=agreement)


@pytest.mark.parametrize("wanted", ["create", "agreement"])
def test_an_agreement_needs_a_company(
    save: Save, line: InvoiceLine, agreement: Agreement, wanted: str
) -> None:
    with pytest.raises(LinesRefused, match="Choose a PSA Organization first"):
        save(line, agreement=Choice.CREATE if wanted == "create" else agreement)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ({"psa_status": "synced"}, "it was synced"),
        ({"in_flight": True}, "being sent to ConnectWise"),
        ({"version": 9}, "changed since you opened it"),
    ],
)
def test_a_line_that_moved_on_is_refused_with_the_reason(
    save: Save, line: InvoiceLine, meanwhile: dict[str, Any], reason: str
) -> None:
    InvoiceLine.objects.update(**meanwhile)
    with pytest.raises(LinesRefused, match=reason):
        save(line, start=START)
    assert InvoiceLine.objects.get().charge_start_date == line.charge_start_date


def test_who_synced_it_is_named(save: Save, operator: User, may: Period) -> None:
    line = make_line(psa_status="synced", synced_by=operator)
    with pytest.raises(LinesRefused, match="synced by olivia"):
        save(line, start=START)


def test_many_lines_are_all_or_nothing(operator: User, may: Period) -> None:
    good, bad = make_line(), make_line(charge_end_date=date(2026, 5, 2))
    with pytest.raises(LinesRefused) as refused:
        update_lines(
            seen={good.pk: None, bad.pk: None}, change=LineChange(start=START), user=operator
        )
    assert [refusal.line for refusal in refused.value.refusals] == [bad]
    assert not InvoiceLine.objects.filter(charge_start_date=START).exists()


def test_many_lines_are_one_update(operator: User, may: Period) -> None:
    lines = [make_line() for _ in range(30)]
    with CaptureQueriesContext(connection) as captured:
        edit = update_lines(
            seen={line.pk: None for line in lines},
            change=LineChange(start=START, end=END, product=None),
            user=operator,
        )
    assert edit is not None
    assert edit.written == 30
    updates = [query for query in captured if query["sql"].startswith("UPDATE")]
    assert len(updates) == 1
    assert len(captured) < 14


def test_what_is_saved_becomes_the_default_and_touches_no_other_line(
    save: Save, line: InvoiceLine, company: Company, agreement: Agreement, product: Product
) -> None:
    other = make_line(organization=line.organization, offer=line.offer)
    save(line, company=company, agreement=agreement, product=product, start=START)
    line.organization.refresh_from_db()
    line.offer.refresh_from_db()
    assert line.organization.company == company
    assert line.offer.product == product
    default = AgreementDefault.objects.get()
    assert (default.contract_id, default.offer, default.agreement) == (
        "CON-1",
        line.offer,
        agreement,
    )
    assert MappingChange.objects.filter(origin="line", lines_affected=0).count() == 3
    other.refresh_from_db()
    assert (other.company, other.version) == (None, 1)


def test_dates_and_unchanged_values_set_no_default(
    save: Save, may: Period, company: Company
) -> None:
    line = make_line(company=company)
    save(line, company=company, start=START)
    assert not MappingChange.objects.exists()


def test_a_custom_line_without_subscription_sets_its_own_organizations_product(
    save: Save, may: Period, product: Product
) -> None:
    line = make_line(invoice_source="custom", subscription_id="", charge_type="Correction")
    save(line, product=product)
    line.offer.refresh_from_db()
    assert line.offer.product is None
    assert OrganizationOffer.objects.get().organization == line.organization


def test_an_error_stays_until_it_is_posted_again(save: Save, may: Period) -> None:
    line = make_line(psa_status="error", error="inactive")
    assert save(line, start=START).psa_status == "error"
