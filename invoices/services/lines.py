"""Changes the dates and ConnectWise values of invoice lines; one row is bulk edit of one (P30–P36).

All or nothing: the lines are locked, checked again as they stand now, and written by one UPDATE
that touches only what differs. Whatever their number, none of them passes through Python.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from invoices.models import EditedLines, InvoiceLine, LineEdit
from invoices.models.lines import ValueSource
from invoices.services import defaults, refusals
from invoices.services.line_change import Choice, LineChange, sentence, stored
from invoices.services.line_writes import differs, write_change
from invoices.services.refusals import Check, LinesRefused, Refusal, why_closed
from mapping.models import MappingChange, Offer, Organization

__all__ = ["Choice", "LineChange", "LinesRefused", "Refusal", "update_lines", "why_closed"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The lines of a change, how many they are, and what they are checked for beside the change.

    `parts` are the same lines in portions, where somebody wants to be told how far it is.
    """

    lines: QuerySet[InvoiceLine]
    total: int
    checks: Sequence[Check]
    parts: Iterable[QuerySet[InvoiceLine]]


@transaction.atomic
def update_lines(
    *,
    seen: Mapping[int, int | None],
    change: LineChange,
    user: User,
    since: datetime | None = None,
) -> LineEdit | None:
    """Change these rows (id → the version the user saw, None for any); None where nothing differs.

    What is chosen becomes the default for new lines (P33). `since` is when the user began: what
    others did after that is told. Raises `LinesRefused`.
    """
    lines = InvoiceLine.objects.filter(pk__in=list(seen))
    scope = Scope(
        lines=lines,
        total=len(seen),
        checks=[refusals.closed(), refusals.grown(seen, since=since)],
        parts=[lines],
    )
    lock(scope)
    check(scope, change)
    # Asked before the write: afterwards none of them differs any more.
    changing = list(lines.filter(differs(change)).order_by("pk"))
    if not changing:
        return None
    edit = _keep(changing, change, user=user)
    change_lines(scope, change, edit=edit, origin=ValueSource.USER)
    return edit


def _keep(changing: Sequence[InvoiceLine], change: LineChange, *, user: User) -> LineEdit:
    one = changing[0] if len(changing) == 1 else None
    words = change.words_for(one) if one else change.words()
    edit = LineEdit.objects.create(
        kind=LineEdit.Kind.ROW,
        user=user,
        period=changing[0].period,
        change=stored(change, only=[label for label, _ in words]),
        changed=words,
        total=len(changing),
        written=len(changing),
        finished_at=timezone.now(),
    )
    EditedLines.objects.create(edit=edit, line_ids=[line.pk for line in changing])
    logger.info(
        "Invoice lines edited: %s by %s: %s",
        edit.written,
        user.get_username(),
        sentence(edit.changed),
        extra={"line": one.platform_id} if one else {},
    )
    return edit


def change_lines(scope: Scope, change: LineChange, *, edit: LineEdit, origin: ValueSource) -> int:
    """Write lines that are locked and checked, in the caller's transaction; how many changed."""
    choices = defaults.choices_made(scope.lines, change)
    written = sum(write_change(part, change, origin=origin, edit=edit) for part in scope.parts)
    bulk = origin == ValueSource.BULK
    defaults.remember(
        choices,
        user=edit.user,
        origin=MappingChange.Origin.BULK if bulk else MappingChange.Origin.LINE,
    )
    return written


def lock(scope: Scope) -> None:
    """Customers and offers before lines: the order in which a change of a mapping takes them.

    Their keys stay: a plan that points at them is kept meanwhile, and never waits in turn.
    Raises `LinesRefused` where a line is not there.
    """
    pairs = scope.lines.order_by().values_list("organization", "offer").distinct()
    organizations, offers = (set(ids) for ids in zip(*pairs, strict=True)) if pairs else ((), ())
    for rows in (
        Organization.objects.filter(pk__in=organizations),
        Offer.objects.filter(pk__in=offers),
    ):
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    lines = scope.lines.select_for_update(of=("self",), no_key=True).order_by("pk")
    if len(lines.values_list("pk")) < scope.total:
        raise LinesRefused([])


def check(scope: Scope, change: LineChange) -> None:
    """Raises `LinesRefused`, with the lines that can't be changed so."""
    refusals.refuse_any(scope.lines, [*scope.checks, *refusals.checks_of(change)])
