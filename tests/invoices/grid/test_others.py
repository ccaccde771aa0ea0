""" "Apply to N other unsynced lines" (P33): counted first, one click, nothing else touched."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, LineEdit, Period
from invoices.services import bulk
from invoices.services.line_change import Choice, LineChange
from invoices.services.lines import update_lines
from invoices.services.others import ask_for_others, count_others
from psa_connectwise.models import Agreement
from tests.factories import make_agreement, make_company, make_line, make_product, make_user


@pytest.fixture
def annual(may: Period) -> Agreement:
    return make_agreement(name="Annual")


def saved(line: InvoiceLine, user: User, **change: Any) -> LineEdit:
    edit = update_lines(seen={line.pk: None}, change=LineChange(**change), user=user)
    assert edit is not None
    return edit


def apply_to_others(*, edit: LineEdit, user: User) -> LineEdit:
    applied = bulk.apply_update(edit_id=ask_for_others(edit=edit, user=user).pk)
    assert applied is not None
    return applied


def like(line: InvoiceLine, **values: Any) -> InvoiceLine:
    """Another line of the same customer, contract and offer."""
    return make_line(organization=line.organization, offer=line.offer, **values)


def fresh(line: InvoiceLine) -> InvoiceLine:
    return InvoiceLine.objects.get(pk=line.pk)


def test_a_company_is_for_the_customers_lines_that_have_none_or_the_old_default(
    operator: User, line: InvoiceLine
) -> None:
    acme, old = make_company(name="Acme"), make_company()
    empty, defaulted = like(line), like(line, company=old, company_source="default")
    chosen = like(line, company=old, company_source="user")
    foreign = make_line(offer=line.offer)
    edit = saved(line, operator, company=acme)
    assert count_others(edit) == 2
    applied = apply_to_others(edit=edit, user=operator)
    assert (applied.total, applied.changed) == (2, [["PSA Organization Name", "Acme"]])
    assert (fresh(empty).company, fresh(defaulted).company) == (acme, acme)
    assert fresh(empty).company_source == "default"
    assert fresh(empty).last_edit == applied
    assert (fresh(chosen).company, fresh(chosen).version) == (old, 1)
    assert fresh(foreign).version == 1
    assert count_others(edit) == 0


def test_an_agreement_is_for_the_same_contract_and_brings_its_company(
    operator: User, line: InvoiceLine, annual: Agreement
) -> None:
    company = annual.company
    same, other_contract = like(line), like(line, contract_id="CON-2")
    edit = saved(line, operator, company=company, agreement=annual)
    line_before = fresh(other_contract)
    assert count_others(edit) == 2  # the company is for both
    apply_to_others(edit=edit, user=operator)
    assert (fresh(same).agreement, fresh(same).company) == (annual, company)
    assert (fresh(other_contract).agreement, fresh(other_contract).company) == (None, company)
    assert line_before.product is None


def test_an_agreement_alone_leaves_other_contracts_alone(
    operator: User, may: Period, annual: Agreement
) -> None:
    line = make_line(company=annual.company)
    same, other_contract = like(line), like(line, contract_id="CON-2")
    edit = saved(line, operator, agreement=annual)
    assert count_others(edit) == 1
    apply_to_others(edit=edit, user=operator)
    assert fresh(same).agreement == annual
    assert fresh(other_contract).version == 1


def test_create_new_agreement_is_applied_too(operator: User, may: Period) -> None:
    line = make_line(company=make_company())
    same = like(line, company=line.company)
    edit = saved(line, operator, agreement=Choice.CREATE)
    assert count_others(edit) == 1
    apply_to_others(edit=edit, user=operator)
    assert fresh(same).create_agreement


def test_a_product_is_for_its_offer_whoever_the_customer(operator: User, line: InvoiceLine) -> None:
    product = make_product()
    other = make_line(offer=line.offer)
    elsewhere = make_line(organization=line.organization)
    edit = saved(line, operator, product=product)
    assert count_others(edit) == 1
    apply_to_others(edit=edit, user=operator)
    assert (fresh(other).product, fresh(elsewhere).product) == (product, None)


def test_of_the_pseudo_offer_it_is_for_the_same_customer_only(operator: User, may: Period) -> None:
    custom: dict[str, Any] = {"invoice_source": "custom", "subscription_id": ""}
    line = make_line(**custom)
    same, foreign = like(line, **custom), make_line(offer=line.offer, **custom)
    edit = saved(line, operator, product=make_product())
    assert count_others(edit) == 1
    apply_to_others(edit=edit, user=operator)
    assert (fresh(same).version, fresh(foreign).version) == (2, 1)


@pytest.mark.parametrize("closed", [{"psa_status": "synced"}, {"in_flight": True}])
def test_synced_and_frozen_lines_are_not_among_them(
    operator: User, line: InvoiceLine, closed: dict[str, Any]
) -> None:
    like(line, **closed)
    assert count_others(saved(line, operator, company=make_company())) == 0


def test_a_line_that_two_parts_concern_is_counted_once(operator: User, line: InvoiceLine) -> None:
    both = like(line)
    edit = saved(line, operator, company=make_company(), product=make_product())
    assert count_others(edit) == 1
    assert apply_to_others(edit=edit, user=operator).total == 1
    assert fresh(both).product is not None


def test_dates_and_unmapping_offer_nothing(operator: User, may: Period) -> None:
    line = make_line(company=make_company())
    like(line, company=line.company, company_source="default")
    edit = saved(line, operator, company=None, start=line.charge_start_date.replace(day=4))
    assert count_others(edit) == 0


def test_the_offer_comes_after_the_save_and_one_click_takes_it(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    other = like(line)
    edit = saved(line, operator, company=make_company(name="Acme"))
    path = f"/mapping/invoices/edits/{edit.pk}/others/"
    assert "Apply to 1 other unsynced line<" in signed_in.get(path).content.decode()
    answer = signed_in.post(path)
    assert "1 other line has now PSA Organization Name: Acme." in answer["HX-Trigger"]
    assert "linesChanged" in answer["HX-Trigger"]
    assert "Apply to" not in answer.content.decode()
    assert fresh(other).company_name == "Acme"


def test_very_many_are_filled_by_a_worker_in_portions_while_everyone_sees_it(
    signed_in: Client, operator: User, line: InvoiceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung, told = list[int](), list[int]()
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr("invoices.services.others.PORTION", 2)
    monkeypatch.setattr("invoices.views.edit.ring", rung.extend)
    tell = "invoices.services.others.tell_progress"
    monkeypatch.setattr(tell, lambda _edit, done, **_: told.append(done))
    others = [like(line) for _ in range(5)]
    edit = saved(line, operator, company=make_company(name="Acme"))
    answer = signed_in.post(f"/mapping/invoices/edits/{edit.pk}/others/")
    assert "bulkStarted" in answer["HX-Trigger"]
    assert fresh(others[0]).company is None
    progress = "/mapping/invoices/bulk/progress/"
    assert "Checking 5 lines of May 2026" in signed_in.get(progress).content.decode()
    for _ in range(2):  # a second worker finds nothing to do
        bulk.apply_update(edit_id=rung[0])
    assert told == [2, 4, 5]
    shown = signed_in.get(progress).content.decode()
    assert 'aria-label="Result of Other unsynced lines"' in shown
    assert "5 other lines have now PSA Organization Name: Acme." in shown
    done = LineEdit.objects.get(pk=rung[0])
    assert done.lines.line_ids == sorted(other.pk for other in others)
    assert {fresh(other).last_edit for other in others} == {done}


def test_only_who_saved_it_is_offered_it(client: Client, operator: User, line: InvoiceLine) -> None:
    edit = saved(line, operator, company=make_company())
    path = f"/mapping/invoices/edits/{edit.pk}/others/"
    client.force_login(make_user("invoices.edit_lines"))
    assert client.get(path).status_code == 404
    client.force_login(make_user())
    assert client.post(path).status_code == 403
