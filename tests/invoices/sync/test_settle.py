"""What is not known is settled by what surely stands there, and only where it was sent (P42)."""

import pytest
from django.db.models import F
from pytest_django import Settings

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.sync import call, lanes, run
from invoices.sync.settle import MOST_TIMES_SENT
from invoices.sync.states import OperationKind, RunState
from invoices.tasks.sync import settle_postings
from tests.invoices.sync.mishaps import forget_postings, other_agreement
from tests.invoices.sync.world import MAY, World, fresh, let_time_pass, settle_later, sync
from wire.errors import PermanentError
from wire.throttle import Throttle

Status = InvoiceLine.Status


def test_a_write_that_always_breaks_off_ends_in_error_with_its_reason(world: World) -> None:
    line = world.line()
    world.script(*["500_before_write"] * 30)
    sync()

    for _ in range(12):
        settle_later()

    row = fresh(line)
    assert (row.psa_status, row.in_flight) == (Status.ERROR, False)
    assert "server error (500)" in row.error
    assert Operation.objects.get().recheck_at is not None


def test_one_operation_that_breaks_the_sweep_stops_neither_the_others_nor_the_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = world.line(), world.line(agreement=other_agreement(world))
    world.script("lost_reply", "lost_reply")
    sync()
    Operation.objects.filter(line=broken).update(after={})
    woken: list[int] = []
    monkeypatch.setattr("invoices.tasks.sync.wake_lanes", lambda a_run: woken.append(a_run.pk))
    third = run.start_run(period=MAY, line_ids=[], user=None)
    SyncRun.objects.filter(pk=third.pk).update(state=RunState.RUNNING)

    let_time_pass(400)
    settle_postings()

    assert fresh(sound).psa_status == Status.SYNCED
    assert fresh(broken).in_flight
    assert woken == [third.pk]


def test_nor_does_an_agreement_that_breaks_it(world: World) -> None:
    broken = world.line(create_agreement=True, contract_id="C-NEW")
    sound = world.line(agreement=other_agreement(world))
    world.script("lost_reply", "lost_reply")
    sync()
    Operation.objects.filter(own_agreement__isnull=False).update(own_agreement=None)

    settle_later()

    assert fresh(sound).psa_status == Status.SYNCED
    assert fresh(broken).psa_status == Status.NOT_SYNCED


def test_a_key_that_cannot_be_looked_for_keeps_the_others_waiting_once_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line()
    world.script("drop")
    sync()
    settle_later()
    asked: list[int] = []

    def breaks(client: object, operation: Operation) -> int:
        asked.append(operation.pk)
        raise PermanentError("No.", service="ConnectWise")

    monkeypatch.setattr("invoices.sync.recheck._look_again", breaks)
    let_time_pass(3700)
    lanes.sweep()
    lanes.sweep()
    assert len(asked) == 1

    let_time_pass(400)
    lanes.sweep()
    assert len(asked) == 2


def test_an_addition_of_ours_that_cannot_be_read_is_not_sent_again(world: World) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], billCustomer=7)

    settle_later()

    assert len(world.additions()) == 1
    assert fresh(line).in_flight
    assert "can't be read" in Operation.objects.get().last_error
    world.store.edit("additions", addition["id"], billCustomer="Billable")
    settle_later()
    assert fresh(line).addition_id == addition["id"]


def test_a_foreign_addition_that_cannot_be_read_stops_nobody(world: World) -> None:
    line = world.line()
    foreign = world.line()
    sync(foreign)
    number = fresh(foreign).addition_id
    world.store.edit("additions", number, billCustomer=7, serialNumber="theirs")
    world.script("drop")
    sync(line)
    Operation.objects.update(highest_id_before=0)

    settle_later()

    assert fresh(line).psa_status == Status.SYNCED


def test_an_unreadable_addition_with_the_lines_key_is_refused_by_the_plan(world: World) -> None:
    line = world.line()
    sync()
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], billCustomer=7)
    forget_postings()

    sync()

    assert len(world.additions()) == 1
    row = fresh(line)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "stands_there")
    assert f"Addition {addition['id']}" in row.error


def test_a_line_that_moved_to_another_agreement_is_not_posted_beside_its_addition(
    world: World,
) -> None:
    line, neighbour = world.line(), world.line()
    sync(line)
    (addition,) = world.additions()
    forget_postings()
    InvoiceLine.objects.filter(pk=line.pk).update(
        agreement=other_agreement(world), version=F("version") + 1
    )

    sync(line, neighbour)  # the neighbour's agreement is listed, too

    row = fresh(line)
    assert (row.psa_status, row.error_code) == (Status.ERROR, "stands_there")
    assert f"Addition {addition['id']}" in row.error
    assert fresh(neighbour).psa_status == Status.SYNCED


def test_nothing_is_sent_again_into_another_connectwise(world: World, settings: Settings) -> None:
    line = world.line()
    world.script("drop")
    sync()
    writes = len(world.writes())
    for one in SyncRun.objects.all():
        one.plan["installation"] = "the-old-company"
        one.save(update_fields=["plan"])

    settle_later()

    row = fresh(line)
    assert (row.psa_status, row.in_flight) == (Status.ERROR, False)
    assert "the-old-company" in row.error
    assert len(world.writes()) == writes


def test_a_run_planned_for_another_connectwise_fails(world: World) -> None:
    line = world.line()
    started = run.start_run(period=MAY, line_ids=None, user=None)
    assert run.plan_if_needed(started.pk, started.epoch)
    started.refresh_from_db()
    started.plan["installation"] = "the-old-company"
    started.save(update_fields=["plan"])

    lanes.work_lane(started.pk, started.epoch, lane=0)

    started.refresh_from_db()
    assert started.state == RunState.FAILED
    assert (world.writes(), fresh(line).psa_status) == ([], Status.NOT_SYNCED)


@pytest.mark.parametrize("flag", ["gone", "changed_on_platform"])
def test_what_a_load_flagged_meanwhile_is_not_sent_again(world: World, flag: str) -> None:
    line = world.line()
    world.script("drop")
    sync()
    InvoiceLine.objects.update(**{flag: True}, version=F("version") + 1)

    settle_later()

    assert world.additions() == []
    assert (fresh(line).psa_status, fresh(line).in_flight) == (Status.NOT_SYNCED, False)


def test_a_line_with_outdated_amounts_is_loaded_again_before_it_is_posted(world: World) -> None:
    line = world.line(changed_on_platform=True)

    sync()

    assert fresh(line).error_code == "changed_on_platform"
    assert world.writes() == []


def test_tries_that_connectwise_had_no_time_for_are_not_counted_as_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Throttle, "pause", lambda self, seconds: None)
    line = world.line()
    world.script("drop")
    sync()

    for _ in range(MOST_TIMES_SENT + 1):
        world.script("429", retry_after_seconds=90)
        settle_later()

    assert (fresh(line).in_flight, Operation.objects.get().times_sent) == (True, 1)
    settle_later()
    assert (fresh(line).psa_status, len(world.additions())) == (Status.SYNCED, 1)
    assert Operation.objects.get().times_sent == 2


def test_what_breaks_off_inside_the_product_every_time_is_given_up_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a bug")

    line = world.line()
    monkeypatch.setitem(call.SENDERS, OperationKind.CREATE, broken)
    sync()

    for _ in range(MOST_TIMES_SENT):
        settle_later()

    assert (fresh(line).error_code, fresh(line).in_flight) == ("never_confirmed", False)
