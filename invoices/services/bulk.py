"""Bulk Update (P35, P36): drafted when its confirmation is shown, then done whole or not at all.

What takes long is done by a worker, since it must survive that somebody closes the page or the
web server is restarted, and everyone shall see how far it is. Its row is the queue: whoever locks it
does it, in one transaction with its result. A worker that is killed leaves it queued and unlocked.
"""

import logging
from collections.abc import Iterator
from datetime import date
from time import monotonic
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from invoices.models import EditedLines, InvoiceLine, LineEdit, SelectedLine
from invoices.models.lines import ValueSource
from invoices.queries.bulk import PORTION, tell_progress
from invoices.queries.last_change import who_changed
from invoices.services import refusals
from invoices.services.line_change import Choice, LineChange, restored, sentence, stored
from invoices.services.line_writes import differs
from invoices.services.lines import Scope, change_lines, check, lock
from invoices.services.others import fill_others
from invoices.services.refusals import Check, LinesRefused
from invoices.services.selection import selected_lines
from mapping.numbers import numbered
from mapping.services.choices import MappingRefused

logger = logging.getLogger(__name__)

# As many lines are updated within the request; it takes less than a second.
AT_ONCE = 2_000
TRIES = 3
State = LineEdit.State


class NothingToUpdate(Exception):
    """Why there is nothing to confirm, in one sentence."""


@transaction.atomic
def draft_update(*, user: User, period: date, change: LineChange) -> LineEdit:
    """Fix the ticked lines and what shall change on them; raises `NothingToUpdate`."""
    total = selected_lines(user=user, period=period).count()
    if not total:
        raise NothingToUpdate("No line is ticked any more. Tick the lines to update.")
    # One question at a time: what an older dialog would confirm is no more.
    LineEdit.objects.filter(user=user, state=State.DRAFT).delete()
    edit = LineEdit.objects.create(
        kind=LineEdit.Kind.BULK,
        state=State.DRAFT,
        user=user,
        period=period,
        change=stored(change),
        changed=change.words(),
        total=total,
    )
    _fix_lines(edit)
    if not lines_of(edit).filter(differs(change) | ~refusals.OPEN).exists():
        raise NothingToUpdate("The selected lines have these values already: nothing would change.")
    return edit


def confirm_update(*, edit_id: int, user: User) -> LineEdit | None:
    """The user's yes; None where this draft is no more. Ringing for a worker is the caller's."""
    draft = LineEdit.objects.filter(pk=edit_id, user=user, state=State.DRAFT)
    return LineEdit.objects.get(pk=edit_id) if draft.update(state=State.QUEUED) else None


def apply_update(*, edit_id: int) -> LineEdit | None:
    """Do a queued update; None when it is done already, or somebody is at it.

    May be called any number of times, by any number of workers.
    """
    for last_try in (*[False] * (TRIES - 1), True):
        try:
            return _apply(edit_id)
        except OperationalError as error:
            # A load takes rows in another order; PostgreSQL lets one of the two win.
            if last_try or not isinstance(error.__cause__, DeadlockDetected):
                _end(edit_id, State.FAILED, message="Nothing was changed: the database failed.")
                raise
        except LinesRefused as refused:
            return _refuse(edit_id, refused)
        except MappingRefused as refused:
            return _end(edit_id, State.REFUSED, message=f"Nothing was changed. {refused}")
        except Exception:
            words = "Nothing was changed: an error of ours, see the server's log."
            _end(edit_id, State.FAILED, message=words)
            raise
    return None


def waiting_updates() -> list[int]:
    """Updates that wait for a worker, or for whoever is at them."""
    return list(LineEdit.objects.filter(state=State.QUEUED).values_list("pk", flat=True))


@transaction.atomic
def leave_out_refused(edit: LineEdit) -> LineEdit:
    """Untick what stood in the way, and draft the same change for the rest."""
    assert edit.user is not None
    change = restored(edit.change)
    refused = refusals.refused_among(lines_of(edit), [*_checks(edit), *refusals.checks_of(change)])
    ticks = SelectedLine.objects.filter(selection__user=edit.user, selection__period=edit.period)
    ticks.filter(line__in=refused.values("pk")).delete()
    return draft_update(user=edit.user, period=edit.period, change=change)


def lines_of(edit: LineEdit) -> QuerySet[InvoiceLine]:
    """The lines that were fixed, by a subquery: their numbers stay in the database."""
    return _portion(edit, 1, edit.total + 1)


# --- Doing it --------------------------------------------------------------------------------------


@transaction.atomic
def _apply(edit_id: int) -> LineEdit | None:
    queued = LineEdit.objects.filter(pk=edit_id, state=State.QUEUED).select_related("user")
    # Passed over where another worker holds it: the lock is the claim, and ends with its session.
    edit = queued.select_for_update(of=("self",), skip_locked=True).first()
    if edit is None:
        return None
    edit.finished_at = timezone.now()
    if edit.kind == LineEdit.Kind.OTHERS:
        edit.written = fill_others(edit)
        edit.message = _given(edit)
    else:
        edit.written = _change(edit)
        edit.message = _done(edit)
    edit.state = State.DONE
    edit.save(update_fields=["total", "written", "state", "message", "finished_at"])
    EditedLines.objects.filter(edit=edit).update(seen_edits=[])
    logger.info("%s By %s.", edit.message, edit.user)
    return edit


def _change(edit: LineEdit) -> int:
    change = restored(edit.change)
    scope = Scope(
        lines=lines_of(edit), total=edit.total, checks=_checks(edit), parts=_portions(edit)
    )
    lock(scope)
    _refuse_several_companies(scope.lines, change)
    check(scope, change)
    return change_lines(scope, change, edit=edit, origin=ValueSource.BULK)


def _portions(edit: LineEdit) -> Iterator[QuerySet[InvoiceLine]]:
    """One after the other, and told: the cache is seen before the transaction ends."""
    began = monotonic()
    for first in range(1, edit.total + 1, PORTION):
        yield _portion(edit, first, first + PORTION)
        if edit.total > PORTION:
            done = min(first + PORTION - 1, edit.total)
            tell_progress(edit, done, seconds=monotonic() - began)


def _portion(edit: LineEdit, first: int, after: int) -> QuerySet[InvoiceLine]:
    numbers = RawSQL(
        "SELECT unnest(line_ids[%s:%s]) FROM invoices_editedlines WHERE edit_id = %s",
        [first, after - 1, edit.pk],
    )
    return InvoiceLine.objects.filter(pk__in=numbers)


def _checks(edit: LineEdit) -> list[Check]:
    """What may have happened to the lines since they were ticked."""
    by_others = RawSQL(
        """SELECT line.id FROM invoices_editedlines lines
           CROSS JOIN LATERAL unnest(lines.line_ids, lines.seen_edits) seen (line_id, edit_id)
           JOIN invoices_invoiceline line ON line.id = seen.line_id
           JOIN invoices_lineedit edit ON edit.id = line.last_edit_id
           WHERE lines.edit_id = %s AND line.last_edit_id IS DISTINCT FROM seen.edit_id
               AND edit.user_id IS DISTINCT FROM %s""",
        [edit.pk, edit.user_id],
    )
    changed = Check(
        refused=Q(pk__in=by_others),
        reason=lambda line: who_changed(line, since=None),
        is_final=True,
    )
    return [refusals.closed(), changed]


def _refuse_several_companies(lines: QuerySet[InvoiceLine], change: LineChange) -> None:
    """An agreement belongs to one company: all lines must be of it (P36)."""
    if change.agreement is Choice.KEEP:
        return
    # By the name on the line, which is a copy: no join of a hundred thousand lines for a sentence.
    named = lines.order_by("company_name", "organization_name")
    pairs = named.values_list("company", "company_name", "organization_name").distinct()
    customers: dict[tuple[int | None, str], list[str]] = {}
    for company, name, customer in pairs:
        customers.setdefault((company, name), []).append(customer)
    if len(customers) > 1:
        raise LinesRefused([], count=0, sentence=_several(customers))


def _several(customers: dict[tuple[int | None, str], list[str]]) -> str:
    said = [
        f"{name or 'not mapped yet'} ({_listed(names)})" for (_, name), names in customers.items()
    ]
    return (
        "An agreement needs one and the same PSA Organization on all selected lines."
        f" These have {len(customers):,}: {_listed(said, separator='; ')}."
    )


def _listed(names: list[str], *, separator: str = ", ") -> str:
    more = len(names) - 5
    return separator.join(names[:5]) + (f" and {more:,} more" if more > 0 else "")


# --- How it ended ----------------------------------------------------------------------------------


def _done(edit: LineEdit) -> str:
    kept = edit.total - edit.written
    had = f" {kept:,} had these values already." if kept else ""
    lines = numbered(edit.written, "invoice line")
    return f"{lines} updated: {sentence(edit.changed)}.{had}"


def _given(edit: LineEdit) -> str:
    lines = numbered(edit.written, "other line has", "other lines have")
    return f"{lines} now {sentence(edit.changed)}."


def _refuse(edit_id: int, refused: LinesRefused) -> LineEdit:
    named = [
        {"name": _name(refusal.line), "reason": refusal.reason} for refusal in refused.refusals
    ]
    total = LineEdit.objects.values_list("total", flat=True).get(pk=edit_id)
    count = f"{refused.count:,} of {total:,} selected lines"
    stand = "stands" if refused.count == 1 else "stand"
    words = refused.sentence or f"{count} {stand} in the way."
    message = f"Nothing was changed. {words}"
    return _end(edit_id, State.REFUSED, message=message, refusals=named, refused=refused.count)


def _name(line: InvoiceLine) -> str:
    return f"{line.organization_name}, {line.offer_name} ({line.platform_id})"


def _end(edit_id: int, state: LineEdit.State, **values: Any) -> LineEdit:
    queued = LineEdit.objects.filter(pk=edit_id, state=State.QUEUED)
    queued.update(state=state, finished_at=timezone.now(), **values)
    edit = LineEdit.objects.get(pk=edit_id)
    logger.warning("Bulk update by %s: %s", edit.user, edit.message)
    return edit


# --- The draft -------------------------------------------------------------------------------------


def _fix_lines(edit: LineEdit) -> None:
    """What is ticked now, closed lines too: they are told, unless the user synced them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO invoices_editedlines (edit_id, line_ids, seen_edits)
               SELECT %(edit)s, coalesce(array_agg(item.line_id ORDER BY item.line_id), '{}'),
                   coalesce(array_agg(item.seen_edit ORDER BY item.line_id), '{}')
               FROM invoices_selectedline item
               JOIN invoices_selection selection ON selection.id = item.selection_id
               JOIN invoices_invoiceline line ON line.id = item.line_id
               WHERE selection.user_id = %(user)s AND selection.period = %(period)s
                   AND (line.psa_status <> 'synced' OR line.synced_by_id IS DISTINCT FROM %(user)s)
               RETURNING cardinality(line_ids)""",
            {"edit": edit.pk, "user": edit.user_id, "period": edit.period},
        )
        edit.total = cursor.fetchone()[0]
    edit.save(update_fields=["total"])
