"""What is loaded, what is being loaded, and what stands in a load's way."""

from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from invoices.models import InvoiceSettings, Load, Period, SyncRun
from invoices.months import month_of, months_before
from invoices.sync.states import LIVE_RUN

MONTHS_SHOWN = 15  # beside the current one (P14)
# A worker writes its heartbeat with each page. One page lasts at most so long, with all the
# repetitions and pauses the client allows itself.
LONGEST_SILENCE = timedelta(minutes=10)
# So long a worker may need from its claim to its first sign of life.
SHORTEST_SILENCE = timedelta(seconds=20)
# The class of the advisory locks that workers hold on the load they work on.
WORKER_LOCK = 7_001


def business_today(now: datetime) -> date:
    """Today where the business is (P16)."""
    return InvoiceSettings.load().business_day(now)


def visible_periods(today: date) -> QuerySet[Period]:
    """Loaded periods, the current month and up to 15 back, newest first (P14)."""
    this_month = month_of(today)
    return Period.objects.filter(
        loaded_at__isnull=False,
        month__lte=this_month,
        month__gte=months_before(this_month, MONTHS_SHOWN),
    ).order_by("-month")


def load_under_way(month: date) -> Load | None:
    """The load of that month that is queued or running: no sync may start meanwhile."""
    return Load.objects.filter(month=month, state__in=Load.UNDER_WAY).first()


def live_run_of(month: date) -> SyncRun | None:
    """The live run that posts lines of that month."""
    return SyncRun.objects.filter(
        period=month, state__in=[state.value for state in LIVE_RUN]
    ).first()


def abandoned(now: datetime) -> Q:
    """Loads that nobody works on: not begun, or their worker is gone.

    A living worker's session holds the load's advisory lock, so one that was killed is known at
    once; silence tells of a worker whose host vanished and left its session hanging.
    """
    return Q(state=Load.State.QUEUED) | (
        Q(state=Load.State.RUNNING)
        & (
            Q(heartbeat__lt=now - LONGEST_SILENCE)
            | (Q(heartbeat__lt=now - SHORTEST_SILENCE) & ~Q(pk__in=_loads_with_a_worker()))
        )
    )


def _loads_with_a_worker() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT objid::bigint FROM pg_locks
               WHERE locktype = 'advisory' AND classid = %s AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            [WORKER_LOCK],
        )
        return [int(row[0]) for row in cursor.fetchall()]
