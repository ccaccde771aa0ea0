"""Starting loads: one per period, and none while a run posts that period (P17)."""

from collections.abc import Iterable
from datetime import date

from django.contrib.auth.models import User
from django.db import connection, transaction

from invoices.loading.queries import live_run_of, load_under_way
from invoices.models import Load
from invoices.months import month_name
from invoices.sync.states import Origin

# The class of the locks that keep a load and a run of one month from beginning at once.
PERIOD_LOCK = 7_002


class LoadRefused(Exception):
    """Why a period can't be loaded now, in one sentence; `load` is the one under way, if any."""

    def __init__(self, sentence: str, *, load: Load | None = None) -> None:
        super().__init__(sentence)
        self.load = load


def hold_period(month: date) -> None:
    """Until this transaction ends, nobody else starts a load or a run of that month.

    Whoever starts either takes it first, then looks for the other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [PERIOD_LOCK, month.year * 12 + month.month]
        )


@transaction.atomic
def start_load(*, month: date, user: User | None, origin: Origin = Origin.PERSON) -> Load:
    """Queue a load of the month; raises LoadRefused. Ringing for a worker is the caller's."""
    hold_period(month)
    name = month_name(month)
    if load := load_under_way(month):
        raise LoadRefused(
            f"{name} is being loaded already. Wait until that load has ended.", load=load
        )
    if run := live_run_of(month):
        raise LoadRefused(
            f"{name} can't be loaded while run {run.pk} posts its lines. "
            "Wait until it has ended, or stop it."
        )
    return Load.objects.create(month=month, user=user, origin=origin)


@transaction.atomic
def start_loads(*, months: Iterable[date], user: User | None) -> list[Load]:
    """All of them or none; raises LoadRefused for the first that can't be loaded."""
    # Sorted: two people who load the same months take their locks in one order.
    return [start_load(month=month, user=user) for month in sorted(set(months))]
