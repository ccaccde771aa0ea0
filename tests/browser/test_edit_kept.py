"""What is being typed into a row outlasts another's save, a sort, a live update, and the session (P34)."""

from datetime import date

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import expect

from invoices.models import InvoiceLine
from tests.browser.conftest import OPERATOR, MakeLine, SignIn
from tests.browser.row_editing import Edited, begin_edit, row_of
from tests.factories import make_user


def test_p34_the_second_of_two_users_is_told_who_and_what_and_keeps_their_work(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    line = seed()
    first = sign_in(make_user(*OPERATOR, username="anna", first_name="Anna"))
    second = sign_in(operator)
    begin_edit(first, line)
    begin_edit(second, line)
    theirs, mine = month.replace(day=3).isoformat(), month.replace(day=20).isoformat()
    row_of(first, line).get_by_label("Charge Start Date").fill(theirs)
    first.keyboard.press("Enter")
    expect(row_of(first, line)).to_contain_text(theirs)
    row_of(second, line).get_by_label("Charge End Date").fill(mine)
    second.keyboard.press("Enter")
    offer = second.locator("#offer")
    expect(offer).to_contain_text(
        f"The row was not saved: it was changed by Anna just now: Charge Start Date: {theirs}."
    )
    row = row_of(second, line)
    expect(row).to_contain_text(theirs)
    expect(row).not_to_contain_text(mine)
    offer.get_by_role("button", name="Edit again with your values").click()
    expect(row.get_by_label("Charge Start Date")).to_have_value(theirs)
    expect(row.get_by_label("Charge End Date")).to_have_value(mine)
    expect(offer).to_be_empty()
    row.get_by_label("Charge End Date").focus()
    second.keyboard.press("Enter")
    expect(row.locator("input.cell-input")).to_have_count(0)
    line.refresh_from_db()
    assert (line.charge_start_date.isoformat(), line.charge_end_date) == (
        theirs,
        date.fromisoformat(mine),
    )


def test_unsaved_work_is_not_taken_away_by_a_sort(edited: Edited, month: date) -> None:
    page, row = edited.page, edited.row
    row.get_by_label("Charge End Date").fill(month.replace(day=20).isoformat())
    page.get_by_role("link", name="Charge Type", exact=True).click()
    expect(page.locator(".toast-item")).to_contain_text("unsaved changes")
    expect(row.get_by_label("Charge End Date")).to_have_value(month.replace(day=20).isoformat())


def test_live_rows_come_and_the_row_under_edit_is_left_alone_and_told(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    edited, other = seed(), seed()
    page = sign_in(operator)
    row = begin_edit(page, edited)
    row.get_by_label("Charge End Date").fill("2020-01-09")
    box = page.locator(".grid-scroll")
    scrolled = box.evaluate("box => box.scrollLeft")
    assert scrolled > 0
    InvoiceLine.objects.filter(pk=other.pk).update(psa_status="synced", version=2)
    InvoiceLine.objects.filter(pk=edited.pk).update(psa_status="synced", version=2)
    page.evaluate("htmx.trigger(document.body, 'runTick', {live: true})")
    expect(row_of(page, other)).to_contain_text("Synced")
    expect(row.get_by_role("status")).to_contain_text("It was synced; further changes are made")
    expect(row.get_by_label("Charge End Date")).to_have_value("2020-01-09")
    expect(row.get_by_label("Charge End Date")).to_be_focused()
    assert box.evaluate("box => box.scrollLeft") == scrolled


def test_work_outlives_the_session_and_is_saved_after_signing_in_elsewhere(
    edited: Edited, operator: User, month: date
) -> None:
    page, line, row = edited
    row.get_by_label("Charge Start Date").fill(month.replace(day=2).isoformat())
    Session.objects.all().delete()
    notice = page.get_by_text("You are signed out.")
    expect(notice).to_have_count(1)

    page.keyboard.press("Enter")
    # Answered, with the sign-in page: else the Enter below would count as the same press.
    expect(row.locator("form.htmx-request")).to_have_count(0)
    expect(notice).to_have_count(1)
    expect(row.get_by_label("Charge Start Date")).to_be_visible()

    other = Client()
    other.force_login(operator)
    fresh = {"sessionid": other.cookies["sessionid"].value, "csrftoken": "a" * 32}
    root = page.url.partition("/mapping/")[0]
    page.context.add_cookies(
        [{"name": name, "value": value, "url": root} for name, value in fresh.items()]
    )
    expect(notice).to_have_count(0)
    row.get_by_label("Charge Start Date").press("Enter")
    expect(row).to_contain_text("User Updated")
    line.refresh_from_db()
    assert line.charge_start_date == month.replace(day=2)
