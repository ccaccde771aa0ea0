"""Stamps of a database clock that was ahead, and was put right since.

What waits for one of them would wait for as long as the clock was ahead: a line frozen as "not
confirmed", a run that is live and keeps all others out.
"""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from invoices.models import Operation, SyncRun
from invoices.sync import remote
from invoices.sync.states import DRAFTS, LIVE_RUN, UNFINISHED, OperationState
from wire.session import LONGEST_PAUSE_SECONDS

# NTP's small steps are none of our business.
SLACK = timedelta(minutes=1)
LONGEST_WAIT = timedelta(seconds=LONGEST_PAUSE_SECONDS) + SLACK


def put_right() -> None:
    """What lies further ahead than any wait of ours begins to wait now."""
    lease = timedelta(seconds=remote.lease_seconds())
    unfinished = Operation.objects.filter(state__in=[state.value for state in UNFINISHED])
    unfinished.filter(sent_at__gt=Now() + SLACK).update(sent_at=Now())
    late = unfinished.filter(lease_expires_at__gt=Now() + lease + SLACK)
    late.update(lease_expires_at=Now() + lease)
    waiting = Operation.objects.filter(state__in=[OperationState.PLANNED, OperationState.UNKNOWN])
    waiting.filter(not_before__gt=Now() + LONGEST_WAIT).update(not_before=Now())
    rechecked = Operation.objects.filter(recheck_at__gt=Now() + remote.LAST_RECHECK + SLACK)
    rechecked.update(recheck_at=Now())
    ahead = Q(ask_again_at__gt=Now() + LONGEST_WAIT) | Q(heartbeat__gt=Now() + SLACK)
    at_work = SyncRun.objects.filter(ahead, state__in=[s.value for s in (*LIVE_RUN, *DRAFTS)])
    for run in at_work:
        asks = Now() if run.ask_again_at else None
        SyncRun.objects.filter(pk=run.pk, epoch=run.epoch).update(
            heartbeat=Now(), ask_again_at=asks
        )
