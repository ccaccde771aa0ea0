"""Ticks: kept on the server, never on a synced line, of one period."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine, Period, SelectedLine
from invoices.services.selection import select_lines, selected_lines
from tests.factories import make_line, make_user

from .conftest import MAY

TICK = "/mapping/invoices/tick/"


def ticked(user: User) -> set[int]:
    return set(selected_lines(user=user, period=MAY).values_list("pk", flat=True))


def test_a_tick_is_kept_and_counted(signed_in: Client, operator: User) -> None:
    shown, elsewhere = make_line(), make_line()
    signed_in.post(TICK, {"line": [elsewhere.pk], "shown": [elsewhere.pk], "on": "yes"})
    answer = signed_in.post(TICK, {"line": [shown.pk], "shown": [shown.pk], "on": "yes"})
    assert ticked(operator) == {shown.pk, elsewhere.pk}
    text = answer.content.decode()
    assert "<b>2</b> selected, 1 not shown" in text


def test_unticking_takes_away(signed_in: Client, operator: User) -> None:
    first, second = make_line(), make_line()
    signed_in.post(TICK, {"line": [first.pk, second.pk], "on": "yes"})
    signed_in.post(TICK, {"line": [first.pk]})
    assert ticked(operator) == {second.pk}


@pytest.mark.parametrize("values", [{"psa_status": "synced"}, {"in_flight": True}])
def test_synced_and_frozen_lines_are_not_slipped_past_the_server(
    signed_in: Client, operator: User, values: dict[str, object]
) -> None:
    line = make_line(**values)
    signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    assert not SelectedLine.objects.exists()
    select_lines(user=operator, period=MAY, lines=InvoiceLine.objects.all())
    assert not SelectedLine.objects.exists()


def test_a_line_that_was_synced_after_its_tick_is_no_longer_selected(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    InvoiceLine.objects.update(psa_status="synced")
    assert ticked(operator) == set()


def test_lines_of_another_period_are_not_ticked(signed_in: Client, operator: User) -> None:
    other = make_line(period=date(2026, 4, 1))
    signed_in.post(TICK, {"line": [other.pk], "on": "yes"})
    assert not SelectedLine.objects.exists()


def test_all_that_match_are_ticked_as_they_are_at_this_moment(
    signed_in: Client, operator: User
) -> None:
    adobe = [make_line(vendor_name="Adobe").pk for _ in range(25)]
    make_line(vendor_name="Acronis")
    answer = signed_in.post(f"{TICK}all/?vendor=Adobe")
    assert ticked(operator) == set(adobe)
    assert "<b>25</b> selected, 5 not shown" in answer.content.decode()
    make_line(vendor_name="Adobe")
    assert ticked(operator) == set(adobe)


def test_ticking_twice_is_ticking_once(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    for _ in range(2):
        signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    assert SelectedLine.objects.count() == 1


def test_clearing_unticks_everything(signed_in: Client, operator: User, line: InvoiceLine) -> None:
    signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    answer = signed_in.post(f"{TICK}none/")
    assert ticked(operator) == set()
    assert "selected</span>" not in answer.content.decode()


def test_each_user_has_ticks_of_their_own(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    signed_in.post(TICK, {"line": [line.pk], "on": "yes"})
    assert ticked(make_user()) == set()


@pytest.mark.parametrize("path", [TICK, f"{TICK}all/", f"{TICK}none/"])
def test_ticking_is_for_who_may_edit_by_post_on_a_loaded_period(
    client: Client, operator: User, path: str
) -> None:
    assert client.post(path).status_code == 302
    client.force_login(operator)
    assert client.post(path).status_code == 404
    assert client.get(path).status_code == 405
    client.force_login(make_user())
    assert client.post(path).status_code == 403


@pytest.mark.parametrize("line", ["x", "-1", "9" * 30, ["1"] * 500])
def test_rows_are_named_by_their_numbers(signed_in: Client, line: object) -> None:
    assert signed_in.post(TICK, {"line": line, "on": "yes"}).status_code == 400


def test_no_period_is_left_behind_by_a_new_one(operator: User, may: Period) -> None:
    april = make_line(period=date(2026, 4, 1))
    line = make_line()
    select_lines(user=operator, period=MAY, lines=InvoiceLine.objects.filter(pk=line.pk))
    select_lines(user=operator, period=april.period, lines=InvoiceLine.objects.filter(pk=april.pk))
    assert list(SelectedLine.objects.values_list("line", flat=True)) == [april.pk]
