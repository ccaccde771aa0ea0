"""What came of a run, counted when it ends and kept with it: its history asks for it again and again.

What was open then is settled later, by a lane that was still at work or by the sweep; until all of
it is, each sweep counts the run once more.
"""

from django.db import transaction
from django.db.models import Q, QuerySet

from invoices.models import SyncRun
from invoices.queries.history import count_outcomes
from invoices.queries.runs import OPEN
from invoices.sync.states import OVER


def keep_outcomes(run_id: int) -> None:
    """The caller holds the run's row, so that no older count is written over a newer one."""
    counted = count_outcomes([run_id])[run_id]
    SyncRun.objects.filter(pk=run_id).update(outcomes=counted)


def count_again(run_id: int) -> None:
    """Something of a run that is over became something else after all."""
    _over().filter(pk=run_id).update(outcomes=None)


def count_what_settled() -> int:
    """Counts the runs that are over and were not counted, or not to the end; how many these were."""
    due = _over().filter(Q(outcomes__isnull=True) | Q(outcomes__has_any_keys=list(OPEN)))
    return sum(_count(run_id) for run_id in due.order_by("pk").values_list("pk", flat=True))


def _count(run_id: int) -> bool:
    with transaction.atomic():
        run = _over().select_for_update(no_key=True).filter(pk=run_id).first()
        if run:
            keep_outcomes(run.pk)
    return run is not None


def _over() -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(state__in=[state.value for state in OVER])
