"""Bulk Update as a service: fixed when it is asked, then whole or not at all (P35, P36)."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User

from invoices.models import InvoiceLine, LineEdit, Period, SelectedLine
from invoices.services import bulk
from invoices.services.line_change import Choice, LineChange
from invoices.services.lines import update_lines
from invoices.services.selection import select_lines
from mapping.models import AgreementDefault, MappingChange
from psa_connectwise.models import Agreement
from tests.factories import make_agreement, make_company, make_line, make_organization, make_user

from .conftest import MAY

START, END = date(2026, 5, 4), date(2026, 5, 20)
Update = Callable[..., LineEdit]


def tick(user: User, *lines: InvoiceLine) -> None:
    ids = [line.pk for line in lines]
    select_lines(user=user, period=MAY, lines=InvoiceLine.objects.filter(pk__in=ids))


def run(draft: LineEdit) -> LineEdit:
    """The user's yes, and the worker."""
    assert draft.user is not None
    assert bulk.confirm_update(edit_id=draft.pk, user=draft.user)
    edit = bulk.apply_update(edit_id=draft.pk)
    assert edit is not None
    return edit


@pytest.fixture
def draft(operator: User, may: Period) -> Update:
    def drafted(lines: Sequence[InvoiceLine] = (), **change: Any) -> LineEdit:
        tick(operator, *lines)
        return bulk.draft_update(user=operator, period=MAY, change=LineChange(**change))

    return drafted


@pytest.fixture
def update(draft: Update) -> Update:
    """Ticks lines, and does what is asked of them."""

    def updated(lines: Sequence[InvoiceLine], **change: Any) -> LineEdit:
        return run(draft(lines, **change))

    return updated


@pytest.fixture
def annual(db: None) -> Agreement:
    return make_agreement(name="Annual", company=make_company(name="Acme"))


def fresh(line: InvoiceLine) -> InvoiceLine:
    return InvoiceLine.objects.get(pk=line.pk)


# --- What it writes --------------------------------------------------------------------------------


def test_dates_and_agreement_are_set_on_all_and_marked_as_the_users(
    update: Update, annual: Agreement
) -> None:
    lines = [make_line(company=annual.company) for _ in range(3)]
    edit = update(lines, start=START, end=END, agreement=annual)
    assert edit.message == (
        "3 invoice lines updated: Charge Start Date: 2026-05-04, Charge End Date: 2026-05-20, "
        "PSA Agreement Name: Annual."
    )
    for line in map(fresh, lines):
        assert (line.charge_start_date, line.charge_end_date) == (START, END)
        assert (line.charge_start_date_source, line.charge_end_date_source) == ("user", "user")
        assert (line.agreement, line.agreement_source) == (annual, "bulk")
        assert (line.version, line.last_edit_id) == (2, edit.pk)


def test_blank_keeps(update: Update, annual: Agreement) -> None:
    line = make_line(company=annual.company, agreement=annual, agreement_source="default")
    update([line], end=END)
    after = fresh(line)
    assert (after.agreement, after.agreement_source) == (annual, "default")
    assert (after.charge_start_date, after.charge_start_date_source) == (date(2026, 5, 1), "none")


def test_a_line_that_has_the_value_keeps_its_badge_and_is_counted_apart(update: Update) -> None:
    has, lacks = make_line(charge_start_date=START), make_line()
    edit = update([has, lacks], start=START)
    assert edit.message.endswith("2026-05-04. 1 had these values already.")
    assert edit.message.startswith("1 invoice line updated")
    assert (fresh(has).charge_start_date_source, fresh(has).version) == ("none", 1)


def test_create_new_agreement_is_for_all_of_them(update: Update, annual: Agreement) -> None:
    lines = [make_line(company=annual.company, agreement=annual) for _ in range(2)]
    update(lines, agreement=Choice.CREATE)
    assert all(fresh(line).create_agreement for line in lines)
    assert {fresh(line).agreement_source for line in lines} == {"bulk"}


def test_only_what_was_ticked_is_touched(update: Update) -> None:
    ticked, other = make_line(), make_line()
    update([ticked], start=START)
    assert fresh(other).version == 1


def test_the_agreement_becomes_the_default_with_its_history(
    update: Update, annual: Agreement, operator: User
) -> None:
    organization = make_organization()
    lines = [
        make_line(company=annual.company, organization=organization, contract_id=f"CON-{n % 2}")
        for n in range(4)
    ]
    update(lines, agreement=annual)
    assert set(AgreementDefault.objects.values_list("contract_id", "agreement")) == {
        ("CON-0", annual.pk),
        ("CON-1", annual.pk),
    }
    changes = MappingChange.objects.filter(user=operator, origin="bulk", kind="agreement")
    assert changes.count() == AgreementDefault.objects.count() == 4


# --- The draft -------------------------------------------------------------------------------------


def test_what_is_ticked_later_is_not_part_of_it(draft: Update, operator: User) -> None:
    asked, later = make_line(), make_line()
    edit = draft([asked], start=START)
    tick(operator, later)
    assert edit.total == 1
    run(edit)
    assert fresh(later).version == 1


@pytest.mark.parametrize("same", [True, False])
def test_it_opens_only_if_something_would_change(draft: Update, same: bool) -> None:
    line = make_line(charge_start_date=START if same else date(2026, 5, 2))
    if same:
        with pytest.raises(bulk.NothingToUpdate, match="have these values already"):
            draft([line], start=START)
    else:
        assert draft([line], start=START).changed == [("Charge Start Date", "2026-05-04")]


def test_nothing_ticked_is_nothing_to_update(draft: Update) -> None:
    with pytest.raises(bulk.NothingToUpdate, match="No line is ticked"):
        draft(start=START)


def test_a_new_question_takes_the_place_of_the_old_one(draft: Update, operator: User) -> None:
    line = make_line()
    old = draft([line], start=START)
    draft(start=END)
    assert bulk.confirm_update(edit_id=old.pk, user=operator) is None


def test_only_who_asked_may_say_yes_and_only_once(draft: Update, operator: User) -> None:
    edit = draft([make_line()], start=START)
    assert bulk.confirm_update(edit_id=edit.pk, user=make_user()) is None
    assert bulk.apply_update(edit_id=edit.pk) is None
    run(edit)
    assert bulk.confirm_update(edit_id=edit.pk, user=operator) is None
    assert bulk.apply_update(edit_id=edit.pk) is None


# --- All or nothing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ({"psa_status": "synced"}, "it was synced; further changes are made in ConnectWise"),
        ({"in_flight": True}, "it is being sent to ConnectWise right now"),
    ],
)
@pytest.mark.parametrize("when", ["before it is asked", "after it is asked"])
def test_a_line_that_was_closed_meanwhile_stops_all_and_is_named(
    draft: Update, operator: User, meanwhile: dict[str, Any], reason: str, when: str
) -> None:
    good, bad = make_line(), make_line()
    tick(operator, good, bad)
    if when == "before it is asked":
        InvoiceLine.objects.filter(pk=bad.pk).update(**meanwhile)
    asked = draft(start=START, end=END)
    InvoiceLine.objects.filter(pk=bad.pk).update(**meanwhile)
    edit = run(asked)
    assert (edit.state, edit.written) == ("refused", 0)
    assert edit.message == "Nothing was changed. 1 of 2 selected lines stands in the way."
    name = f"{bad.organization_name}, {bad.offer_name} ({bad.platform_id})"
    assert edit.refusals == [{"name": name, "reason": reason}]
    assert fresh(good).version == 1


def test_what_i_synced_myself_since_i_ticked_it_is_simply_no_longer_ticked(
    draft: Update, operator: User
) -> None:
    lines = [make_line(), make_line()]
    tick(operator, *lines)
    InvoiceLine.objects.filter(pk=lines[0].pk).update(psa_status="synced", synced_by=operator)
    edit = run(draft(start=START))
    assert (edit.state, edit.total) == ("done", 1)


def test_what_somebody_else_changed_since_it_was_ticked_is_told_with_who_and_what(
    draft: Update, operator: User
) -> None:
    line, other = make_line(), make_line()
    tick(operator, line, other)
    anna = make_user(username="anna")
    update_lines(seen={line.pk: 1}, change=LineChange(start=END), user=anna)
    edit = run(draft(start=START))
    assert [refusal["reason"] for refusal in edit.refusals] == [
        "it was changed by anna just now: Charge Start Date: 2026-05-20"
    ]
    assert fresh(other).version == 1


def test_what_i_changed_myself_or_ticked_anew_stands_in_no_ones_way(
    draft: Update, operator: User
) -> None:
    mine, seen = make_line(), make_line()
    tick(operator, mine, seen)
    update_lines(seen={mine.pk: 1}, change=LineChange(start=END), user=operator)
    update_lines(seen={seen.pk: 1}, change=LineChange(start=END), user=make_user())
    tick(operator, seen)
    assert run(draft(start=START)).state == "done"


def test_an_end_before_the_start_is_refused_for_each_row_by_name(update: Update) -> None:
    lines = [make_line(platform_start_date=date(2026, 5, day)) for day in (1, 12, 25)]
    edit = update(lines, end=date(2026, 5, 10))
    assert [refusal["name"].split("(")[1][:-1] for refusal in edit.refusals] == [
        lines[1].platform_id,
        lines[2].platform_id,
    ]
    assert "The end 2026-05-10 is before the start 2026-05-12." in edit.refusals[0]["reason"]


def test_an_agreement_needs_one_organization_on_all_else_the_dates_fail_too(
    update: Update, annual: Agreement
) -> None:
    contoso, litware = make_organization(name="Contoso"), make_organization(name="Litware")
    lines = [
        make_line(organization=contoso, company=annual.company),
        make_line(organization=litware, company=make_company(name="Beta")),
        make_line(organization=litware),
    ]
    edit = update(lines, start=START, agreement=annual)
    assert edit.message == (
        "Nothing was changed. An agreement needs one and the same PSA Organization on all selected"
        " lines. These have 3: not mapped yet (Litware); Acme (Contoso); Beta (Litware)."
    )
    assert not InvoiceLine.objects.filter(version=2).exists()


def test_an_agreement_of_another_company_is_refused(update: Update, annual: Agreement) -> None:
    edit = update([make_line(company=make_company(name="Beta"))], agreement=annual)
    assert edit.refusals[0]["reason"] == "Annual is not an agreement of Beta."


def test_twenty_are_named_and_the_rest_counted(update: Update) -> None:
    edit = update([make_line() for _ in range(25)], end=date(2026, 4, 1))
    assert (len(edit.refusals), edit.refused) == (20, 25)
    assert "25 of 25 selected lines stand in the way" in edit.message


def test_what_stood_in_the_way_is_left_out_on_request(update: Update, operator: User) -> None:
    good = make_line()
    refused = update([good, *(make_line(charge_end_date=START) for _ in range(21))], start=END)
    edit = bulk.leave_out_refused(refused)
    assert (edit.total, edit.changed) == (1, [("Charge Start Date", "2026-05-20")])
    assert list(SelectedLine.objects.values_list("line", flat=True)) == [good.pk]
    assert run(edit).state == "done"
