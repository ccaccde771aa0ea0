"""A month of creations, updates and ends is taken back by commands, by a worker in another process (P50)."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.months import months_before
from invoices.sync import run
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import OperationState
from invoices.tasks.sync import ring
from tests.e2e.installation import Installation
from tests.e2e.test_commands import mappings
from tests.e2e.waiting import wait_until

Status = InvoiceLine.Status
Books = dict[int, dict[str, Any]]


@pytest.fixture
def two_months(whole: Installation, tmp_path: Path) -> Installation:
    """Two months that are over, loaded; the earlier one is posted."""
    today = business_today(timezone.now())
    earlier, later = (months_before(today, back).strftime("%Y-%m") for back in (2, 1))
    call_command("refresh_directory", verbosity=0)
    call_command("import_mappings", mappings(whole, tmp_path))
    call_command("load_invoices", "--period", earlier, "--period", later)
    leave_a_few_mapped()
    whole.start_worker()
    post(back=2)
    return whole


def leave_a_few_mapped() -> None:
    """Enough of a month to have all of it in, subscriptions that are gone too."""
    today = business_today(timezone.now())
    later = InvoiceLine.objects.filter(period=months_before(today, 1))
    gone = (
        InvoiceLine.objects.filter(is_mapped=True)
        .exclude(subscription_id="")
        .exclude(subscription_id__in=later.values("subscription_id"))
    )
    kept = {*gone.order_by("pk").values_list("organization", flat=True)[:2]}
    kept |= {*later.order_by("organization").values_list("organization", flat=True).distinct()[:5]}
    InvoiceLine.objects.exclude(organization__in=kept).update(product=None)


def post(*, back: int) -> SyncRun:
    month = months_before(business_today(timezone.now()), back)
    scope = RunScope(cancellations=Cancellations.APPLY, force=True)
    started = run.start_run(period=month, scope=scope, user=None)
    ring(started)
    wait_until(lambda: not run.live_run(), f"{month} is posted")
    return started


def books(whole: Installation) -> Books:
    """Every Addition as it stands, ours or not, but for ConnectWise's own notes about it."""
    return {
        one["id"]: {name: value for name, value in one.items() if name != "_info"}
        for one in whole.connectwise.app.store.all("additions")
    }


def worth(of: Books) -> list[Any]:
    """What they bill, whichever their numbers are."""
    return sorted((one["extPrice"], one["extCost"], one.get("cancelledDate", "")) for one in of.values())  # fmt: skip


def test_it_is_what_it_was_field_by_field_and_can_be_posted_again(
    two_months: Installation,
) -> None:
    before = books(two_months)
    posted = post(back=1)
    after = books(two_months)
    done = posted.operations.filter(state=OperationState.DONE)
    assert set(done.values_list("kind", flat=True)) >= {"create", "update", "end"}

    _one_line_is_taken_back(two_months, posted, after)
    told = two_months.result("undo_sync", "--run", str(posted.pk))

    assert books(two_months) == before
    assert (told["state"], told["errors"], told["not_confirmed"]) == ("finished", 0, 0)
    lines = InvoiceLine.objects.filter(operations__in=done)
    assert {line.psa_status for line in lines} == {Status.NOT_SYNCED}
    post(back=1)
    assert worth(books(two_months)) == worth(after)
    assert {line.psa_status for line in lines.all()} == {Status.SYNCED}


def _one_line_is_taken_back(whole: Installation, posted: SyncRun, after: Books) -> None:
    """Its Addition is as it was before this line, and nothing else has changed."""
    updated = posted.operations.filter(kind="update", state=OperationState.DONE, is_step=False)
    one = next(each for each in updated.order_by("pk") if each.before != each.after)
    assert one.line and one.addition_id

    told = whole.result("undo_sync", "--line", one.line.platform_id)

    assert told["undone"] == 1
    stands = books(whole)
    assert {number for number in after if stands[number] != after[number]} == {one.addition_id}
    assert stands.keys() == after.keys()
    assert Operation.objects.filter(undoes=one, state=OperationState.DONE).exists()
