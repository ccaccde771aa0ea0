"""What a live run waits for, and until when: told by its page, the bar, the history, the Dashboard (P40)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min
from django.db.models.functions import Now

from invoices.models import SyncRun
from invoices.sync.states import OperationState, Origin, RunState, patience_of
from wire.session import UNREACHABLE


@dataclass(frozen=True, slots=True)
class Waiting:
    """`words` is the reason, to stand before "; trying again at 12:30:05"."""

    words: str
    until: datetime
    # A plan is not asked for for ever; what is planned, is.
    gives_up_at: datetime | None = None


def waiting_of(run: SyncRun) -> Waiting | None:
    """None where it isn't live, or waits for nobody."""
    if run.state == RunState.PLANNING and run.ask_again_at:
        since = run.unanswered_since
        gives_up_at = since + patience_of(Origin(run.origin)) if since else None
        return Waiting(run.message, run.ask_again_at, gives_up_at)
    until = _put_off_until(run) if run.state == RunState.RUNNING else None
    return Waiting("ConnectWise can't be reached", until) if until else None


def _put_off_until(run: SyncRun) -> datetime | None:
    put_off = run.operations.filter(
        state=OperationState.PLANNED, not_before__gt=Now(), last_error__contains=UNREACHABLE
    )
    first: datetime | None = put_off.aggregate(first=Min("not_before"))["first"]
    return first
