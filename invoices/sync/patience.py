"""What a plan is made from is asked for again where nobody answers: the run waits, and says so (P40).

A run in planning, or a preview being made, is put off by a growing pause and taken up by the sweep.
"""

import logging
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from invoices.models import SyncRun
from invoices.sync.states import Origin, RunState, patience_of
from wire.errors import TransientError
from wire.session import LONGEST_PAUSE_SECONDS, UNREACHABLE

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=2)
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500


def begin(run: SyncRun) -> bool:
    """Whether it may be planned now: it doesn't wait, or its time has come."""
    due = Q(ask_again_at=None) | Q(ask_again_at__lte=Now())
    mine = SyncRun.objects.filter(due, pk=run.pk, epoch=run.epoch, state=run.state)
    return bool(mine.update(ask_again_at=None, message="", heartbeat=Now()))


def wait(run: SyncRun, error: TransientError) -> str:
    """Puts it off; after too long a time it answers why it is given up instead, else ""."""
    mine = SyncRun.objects.filter(pk=run.pk, epoch=run.epoch, state=run.state)
    is_first = mine.filter(unanswered_since=None).update(unanswered_since=Now())
    waited = _waited(mine)
    if waited is None:
        return ""  # stopped, or another worker's by now
    words = _words(error)
    longest = patience_of(Origin(run.origin))
    if waited >= longest:
        hours = longest // timedelta(hours=1)
        return (
            f"It was tried for {'an hour' if hours == 1 else f'{hours} hours'}, but {words}. "
            f"Look whether {error.service} is well, and at its address under Settings → "
            "Authentication; then try again."
        )
    # Half as long as it has waited: soon again after a short silence, seldom in a long one.
    asked = timedelta(seconds=min(error.retry_after or 0, LONGEST_PAUSE_SECONDS))
    pause = max(asked, min(max(waited / 2, SHORTEST_PAUSE), LONGEST_PAUSE))
    mine.update(ask_again_at=Now() + pause, message=words, heartbeat=Now())
    if is_first:
        logger.warning("Planning waits and is tried again: %s", error, extra={"run": run.pk})
    return ""


def _waited(mine: QuerySet[SyncRun]) -> timedelta | None:
    since = ExpressionWrapper(Now() - F("unanswered_since"), output_field=DurationField())
    waited: timedelta | None = mine.annotate(waited=since).values_list("waited", flat=True).first()
    return waited


def _words(error: TransientError) -> str:
    """What its page says, before "; trying again at 12:30:05"."""
    if error.status == TOO_MANY_REQUESTS or error.retry_after:
        return f"{error.service} takes no more requests for now"
    if error.status and error.status >= SERVER_ERROR:
        return f"{error.service} has a problem of its own (server error {error.status})"
    if UNREACHABLE in str(error):
        return f"{error.service} can't be reached"
    return f"{error.service} does not answer"


def due() -> list[SyncRun]:
    """Those whose time has come: to be rung for. Whoever begins them takes the mark away."""
    planned = [RunState.PLANNING, RunState.DRAFTING]
    return list(SyncRun.objects.filter(state__in=planned, ask_again_at__lte=Now()))
