"""What ConnectWise refused: repeated by a person, and by the schedule once something changed (P48)."""

from datetime import date

import pytest
from django.contrib.auth.models import User

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.services.lines import LineChange, update_lines
from invoices.sync import run
from invoices.sync.states import Origin
from tests.invoices.sync.world import MAY, World, fresh, sync, work

Status = InvoiceLine.Status


def by_schedule() -> SyncRun:
    return work(run.start_run(period=MAY, user=None, origin=Origin.SCHEDULE))


@pytest.fixture
def refused(world: World) -> InvoiceLine:
    line = world.line()
    world.script("400_before_write")
    by_schedule()
    assert fresh(line).error_code == "refused_by_connectwise"
    return line


def test_the_schedule_does_not_send_again_what_was_refused(
    world: World, refused: InvoiceLine
) -> None:
    other = world.line()

    done = by_schedule()

    assert done.operations.get(line=refused).reason_code == "refused_before"
    assert fresh(refused).error_code == "refused_by_connectwise"
    assert fresh(other).psa_status == Status.SYNCED
    assert len(world.additions()) == 1


def test_the_schedule_sends_it_again_once_the_line_changed(
    world: World, refused: InvoiceLine, admin_user: User
) -> None:
    change = LineChange(end=date(2026, 5, 20))
    update_lines(seen={refused.pk: None}, change=change, user=admin_user)

    by_schedule()

    assert fresh(refused).psa_status == Status.SYNCED


def test_a_person_sends_it_again(world: World, refused: InvoiceLine) -> None:
    sync()
    assert fresh(refused).psa_status == Status.SYNCED


def test_what_the_plan_refused_is_posted_by_the_schedule_as_soon_as_it_can_be(
    world: World,
) -> None:
    line = world.line(currency="USD")
    by_schedule()
    assert fresh(line).psa_status == Status.ERROR
    InvoiceLine.objects.filter(pk=line.pk).update(currency="EUR")

    by_schedule()

    assert fresh(line).psa_status == Status.SYNCED


def test_lines_whose_agreement_was_refused_wait_for_a_person_too(world: World) -> None:
    line = world.line(create_agreement=True, contract_id="C-77")
    world.script("400_before_write")
    by_schedule()
    assert fresh(line).psa_status == Status.ERROR
    tries = Operation.objects.count()

    by_schedule()

    assert fresh(line).psa_status == Status.ERROR
    assert Operation.objects.filter(kind="create_agreement", times_sent__gt=0).count() == 1
    assert Operation.objects.count() > tries
