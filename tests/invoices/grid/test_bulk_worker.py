"""Bulk Update at length: statements counted, portions told, and what happens to workers (P36)."""

from collections.abc import Iterator
from threading import Timer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DeadlockDetected
from redis.exceptions import ConnectionError

from invoices.models import EditedLines, InvoiceLine, LineEdit, Period, SelectedLine
from invoices.queries.bulk import tell_progress, updates_under_way
from invoices.services import bulk, lines
from invoices.services.line_change import LineChange
from tests.factories import make_agreement, make_company, make_line

from .conftest import MAY
from .test_bulk_update import END, START, Update, run, tick


@pytest.fixture
def draft(operator: User, may: Period) -> Update:
    def drafted(ticked: list[InvoiceLine], **change: Any) -> LineEdit:
        tick(operator, *ticked)
        return bulk.draft_update(user=operator, period=MAY, change=LineChange(**change))

    return drafted


# --- As few statements for many as for one -----------------------------------------------------------


def test_many_lines_take_as_many_statements_as_one(
    draft: Update,
) -> None:
    annual = make_agreement(name="Annual", company=make_company())
    counts = []
    for number in (1, 2, 60):
        ticked = [make_line(company=annual.company, contract_id=f"C{n}") for n in range(number)]
        with CaptureQueriesContext(connection) as captured:
            run(draft(ticked, start=START, end=END, agreement=annual))
        counts.append(len(captured))
        updates = [
            q["sql"] for q in captured if q["sql"].startswith('UPDATE "invoices_invoiceline"')
        ]
        assert len(updates) == 1
        SelectedLine.objects.all().delete()
    assert counts[1] == counts[2]


def test_a_long_one_is_written_in_portions_and_told(
    draft: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(bulk, "PORTION", 2)
    monkeypatch.setattr(bulk, "tell_progress", lambda _edit, done, **_: told.append(done))
    edit = run(draft([make_line() for _ in range(5)], start=START))
    assert (edit.written, told) == (5, [2, 4, 5])


# --- Workers die, databases disagree -----------------------------------------------------------------


def test_how_far_it_is_and_how_long_it_takes_is_told(draft: Update, operator: User) -> None:
    asked = draft([make_line() for _ in range(4)], start=START)
    bulk.confirm_update(edit_id=asked.pk, user=operator)
    [waiting] = updates_under_way()
    assert (waiting.done, waiting.seconds_left) == (None, None)
    tell_progress(asked, 3, seconds=6.2)
    [running] = updates_under_way()
    assert (running.done, running.seconds_left) == (3, 2)


def test_without_a_cache_the_bar_only_says_less(
    draft: Update, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("django.core.cache.cache.get", fails)
    monkeypatch.setattr("django.core.cache.cache.set", fails)
    asked = draft([make_line()], start=START)
    bulk.confirm_update(edit_id=asked.pk, user=operator)
    tell_progress(asked, 1, seconds=1)
    assert updates_under_way()[0].done is None


def test_a_deadlock_is_tried_again(draft: Update, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = draft([make_line()], start=START)
    tries = iter([True, False])
    really = lines.lock

    def lock(scope: Any) -> None:
        if next(tries):
            raise OperationalError from DeadlockDetected()
        really(scope)

    monkeypatch.setattr(bulk, "lock", lock)
    assert run(asked).state == "done"


def test_an_error_of_ours_ends_it_with_nothing_changed(
    draft: Update, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = draft([make_line()], start=START)

    def fails(*_: Any, **__: Any) -> None:
        raise DatabaseError("out of disk")

    monkeypatch.setattr(bulk, "change_lines", fails)
    bulk.confirm_update(edit_id=asked.pk, user=operator)
    with pytest.raises(DatabaseError):
        bulk.apply_update(edit_id=asked.pk)
    asked.refresh_from_db()
    assert (asked.state, bulk.waiting_updates()) == ("failed", [])
    assert asked.message.startswith("Nothing was changed")


def test_one_whose_worker_died_waits_for_the_next(draft: Update, operator: User) -> None:
    asked = draft([make_line()], start=START)
    bulk.confirm_update(edit_id=asked.pk, user=operator)
    assert bulk.waiting_updates() == [asked.pk]
    assert bulk.apply_update(edit_id=asked.pk) is not None
    assert bulk.waiting_updates() == []


def test_its_lines_are_kept_what_was_seen_is_not(draft: Update) -> None:
    ticked = [make_line() for _ in range(2)]
    edit = run(draft(ticked, start=START))
    kept = EditedLines.objects.get(edit=edit)
    assert (kept.line_ids, kept.seen_edits) == ([line.pk for line in ticked], [])


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[Any]:
    """A session of another process."""
    session = connection.get_new_connection(connection.get_connection_params())
    yield session
    session.close()


def test_two_workers_never_do_one_update(
    elsewhere: Any, operator: User, may: Period, line: InvoiceLine
) -> None:
    tick(operator, line)
    change = LineChange(start=START)
    asked = bulk.draft_update(user=operator, period=MAY, change=change)
    bulk.confirm_update(edit_id=asked.pk, user=operator)
    elsewhere.execute("SELECT FROM invoices_lineedit WHERE id = %s FOR UPDATE", [asked.pk])
    assert bulk.apply_update(edit_id=asked.pk) is None
    elsewhere.rollback()  # that worker was killed
    assert bulk.apply_update(edit_id=asked.pk) is not None


def test_a_line_that_is_synced_in_the_same_moment_stops_all(
    elsewhere: Any, operator: User, may: Period, line: InvoiceLine
) -> None:
    other = make_line()
    tick(operator, line, other)
    asked = bulk.draft_update(user=operator, period=MAY, change=LineChange(start=START))
    update = "UPDATE invoices_invoiceline SET psa_status = 'synced', version = 2 WHERE id = %s"
    elsewhere.execute(update, [other.pk])
    commits = Timer(0.3, elsewhere.commit)  # whoever comes first: the lines are read after it
    commits.start()
    edit = run(asked)
    commits.join()
    assert (edit.state, edit.refused) == ("refused", 1)
    assert not InvoiceLine.objects.filter(charge_start_date=START).exists()
