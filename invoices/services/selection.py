"""What a user has ticked, kept on the server (P35): one period at a time, synced lines never."""

from collections.abc import Collection
from datetime import date

from django.contrib.auth.models import User
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet

from invoices.models import InvoiceLine, SelectedLine, Selection


def tickable(lines: QuerySet[InvoiceLine]) -> QuerySet[InvoiceLine]:
    """Those that may be ticked: neither synced nor frozen."""
    return lines.exclude(psa_status=InvoiceLine.Status.SYNCED).exclude(in_flight=True)


def selected_lines(*, user: User, period: date) -> QuerySet[InvoiceLine]:
    """The user's ticked lines of the period that may still be changed or sent."""
    ticked = SelectedLine.objects.filter(selection__user=user, selection__period=period)
    return tickable(InvoiceLine.objects.filter(pk__in=ticked.values("line")))


@transaction.atomic
def select_lines(*, user: User, period: date, lines: QuerySet[InvoiceLine]) -> None:
    """Tick these lines of the period, as far as they may be; one statement, however many.

    Ticked anew, a line counts as seen as it is now.
    """
    selection = _selection(user=user, period=period)
    wanted = tickable(lines.filter(period=period)).order_by()
    try:
        sql, params = wanted.values_list("pk", "last_edit").query.sql_with_params()
    except EmptyResultSet:  # it is plain from the conditions that there is none
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoices_selectedline AS item (selection_id, line_id, seen_edit)"
            f" SELECT %s, wanted.id, wanted.edit FROM ({sql}) wanted (id, edit)"
            " ON CONFLICT (selection_id, line_id) DO UPDATE SET seen_edit = excluded.seen_edit"
            " WHERE item.seen_edit IS DISTINCT FROM excluded.seen_edit",
            [selection.pk, *params],
        )


@transaction.atomic
def unselect_lines(*, user: User, period: date, ids: Collection[int]) -> None:
    """Untick these; those that aren't ticked are none of it."""
    SelectedLine.objects.filter(
        selection__user=user, selection__period=period, line__in=ids
    ).delete()


@transaction.atomic
def clear_selection(*, user: User, but_of: date | None = None) -> None:
    """Untick everything; with `but_of`, only when the ticks are in another period."""
    selections = Selection.objects.filter(user=user)
    if but_of is not None:
        selections = selections.exclude(period=but_of)
    if found := list(selections):  # each page asks, and hardly ever is there one
        SelectedLine.objects.filter(selection__in=found).delete()
        selections.filter(pk__in=[one.pk for one in found]).delete()


def _selection(*, user: User, period: date) -> Selection:
    clear_selection(user=user, but_of=period)
    return Selection.objects.get_or_create(user=user, defaults={"period": period})[0]
