"""The offer to end a charge that its agreement would bill again and again, after one period (P45)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from invoices.models import InvoiceLine
from invoices.models.lines import DateSource
from invoices.services.lines import LineChange, Scope, lock, update_lines
from invoices.sync.cautions import offered_end
from invoices.sync.planning import preview


def offered_ends(line_ids: Collection[int]) -> dict[int, date]:
    """By line, as they would be posted now; others are offered none.

    Raises `wire.errors.RemoteError` where we don't know yet who we are.
    """
    periods: dict[date, list[int]] = defaultdict(list)
    lines = InvoiceLine.objects.filter(pk__in=line_ids)
    for pk, period in lines.values_list("pk", "period"):
        periods[period].append(pk)
    return {
        one.line.id: end
        for period, ids in periods.items()
        for one in preview(period, ids)
        if one.line and (end := offered_end(one.warnings))
    }


@transaction.atomic
def end_after_one_period(*, seen: Mapping[int, int | None], user: User) -> int:
    """Sets the offered end as the user's Charge End Date of these lines (id → the version seen).

    All that are offered one, or none; answers how many. Raises `LinesRefused` and
    `wire.errors.RemoteError`.
    """
    # One change of lines sets one end: lines of one end go together.
    lines_by_end: dict[date, dict[int, int | None]] = defaultdict(dict)
    for line_id, end in offered_ends(seen).items():
        lines_by_end[end][line_id] = seen[line_id]
    for end, lines in lines_by_end.items():
        _forget_like(end, InvoiceLine.objects.filter(pk__in=lines), total=len(lines))
        update_lines(seen=lines, change=LineChange(end=end), user=user)
    return sum(map(len, lines_by_end.values()))


def _forget_like(end: date, lines: QuerySet[InvoiceLine], *, total: int) -> None:
    """The Platform's end is not sent (P25), so the same day said by a person is a change."""
    lock(Scope(lines=lines, total=total, checks=(), parts=()))
    theirs = lines.filter(charge_end_date=end).exclude(charge_end_date_source=DateSource.USER)
    theirs.update(charge_end_date=None)
