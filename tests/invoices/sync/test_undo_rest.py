"""An undo that was stopped, or could not do all, is gone on with: what it has left, and nothing else (P50)."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.test import Client

from invoices.models import InvoiceLine, SyncRun
from invoices.sync import remote, run
from invoices.sync.call import perform
from invoices.sync.claim import claim_next
from invoices.sync.remote import Reference
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.undo import rest_of, why_no_rest
from tests.factories import make_user
from tests.invoices.sync.test_undo_command import command
from tests.invoices.sync.world import (
    MAY,
    World,
    fresh,
    say_yes,
    settle_later,
    sync,
    take_back,
    work,
)

Status = InvoiceLine.Status
REST = "Take back the rest"


def stopped_after_one(scope: UndoScope) -> SyncRun:
    """The one that was posted last is taken back."""
    undo = run.start_run(period=MAY, scope=RunScope(undo=scope), user=None)
    assert run.plan_if_needed(undo.pk, undo.epoch)
    claim = claim_next(undo.pk, undo.epoch)
    assert claim
    perform(remote.client(), claim, Reference("serialNumber"))
    run.stop_run(undo)
    undo.refresh_from_db()
    return undo


def page(client: Client, of: SyncRun) -> str:
    return client.get(f"/mapping/invoices/runs/{of.pk}/").content.decode()


def take_back_the_rest(undo: SyncRun) -> SyncRun:
    assert why_no_rest(undo) == ""
    return work(run.start_run(period=MAY, scope=RunScope(undo=rest_of(undo)), user=None))


def test_what_a_stopped_undo_left_is_taken_back(world: World) -> None:
    for _ in range(3):
        world.line()
    done = sync()
    undo = stopped_after_one(UndoScope(run=done.pk))
    assert (undo.state, len(world.additions())) == ("stopped", 2)

    rest = take_back_the_rest(undo)

    assert world.additions() == []
    assert run.progress(rest).posted == 2
    assert why_no_rest(undo) == why_no_rest(rest) == "It has left nothing to take back."


def test_a_rest_that_was_stopped_too_has_a_rest_of_its_own(world: World) -> None:
    for _ in range(3):
        world.line()
    done = sync()
    first = stopped_after_one(UndoScope(run=done.pk))
    second = stopped_after_one(rest_of(first))
    assert len(world.additions()) == 1

    take_back_the_rest(second)

    assert world.additions() == []


def test_what_was_posted_since_is_no_rest_of_a_months_undo(world: World) -> None:
    first, last = world.line(), world.line()
    sync()
    undo = stopped_after_one(UndoScope(period=True))
    assert fresh(last).psa_status == Status.NOT_SYNCED
    sync(last)

    take_back_the_rest(undo)

    assert fresh(first).psa_status == Status.NOT_SYNCED
    assert [one["id"] for one in world.additions()] == [fresh(last).addition_id]


def test_what_connectwise_refused_to_take_back_can_be_tried_again(world: World) -> None:
    refused, _ = world.line(), world.line()
    done = sync()
    # Neither deleted nor, instead, ended.
    world.script("ok", "400_before_write", "400_before_write")
    undo = take_back(done)
    assert run.progress(undo).errors == 1

    rest = take_back_the_rest(undo)

    assert run.progress(rest).total == 1
    assert fresh(refused).psa_status == Status.NOT_SYNCED
    assert world.additions() == []


def test_what_is_not_confirmed_is_waited_for(world: World) -> None:
    world.line()
    done = sync()
    world.script("503_before_write")
    undo = take_back(done)
    run.stop_run(undo)

    assert "is being sent or checked" in why_no_rest(undo)

    settle_later()
    assert why_no_rest(undo) == "It has left nothing to take back."
    assert world.additions() == []


def test_the_command_goes_on_with_it_and_says_what_it_can_not_do(
    world: World,
) -> None:
    world.line(), world.line()
    done = sync()
    undo = stopped_after_one(UndoScope(run=done.pk))

    told, code = command("--rest", str(undo.pk), "--dry-run")
    assert (told["would_undo"], code, len(world.additions())) == (1, 0, 1)
    told, code = command("--rest", str(undo.pk), "--inline")

    assert (told["undone"], code) == (1, 0)
    assert world.additions() == []
    for number, words in ((undo.pk, "left nothing"), (done.pk, "no undo"), (999, "no run 999")):
        with pytest.raises(CommandError, match=words):
            command("--rest", str(number), "--inline")


def test_the_page_of_a_stopped_undo_leads_to_a_preview_of_the_rest(
    world: World, operator: Client, user: User, rung: list[int]
) -> None:
    world.line(), world.line()
    done = sync()
    undo = stopped_after_one(UndoScope(run=done.pk))
    assert REST in page(operator, undo)

    answer = operator.post(f"/mapping/invoices/runs/{undo.pk}/undo/rest/")

    rest = SyncRun.objects.latest("pk")
    assert answer.headers["Location"] == f"/mapping/invoices/runs/{rest.pk}/"
    assert rest.operations.count() == len(world.additions()) == 1
    say_yes(rest, user)
    assert world.additions() == []
    assert REST not in page(operator, undo)


def test_who_may_not_undo_is_not_offered_the_rest(world: World, client: Client) -> None:
    world.line(), world.line()
    undo = stopped_after_one(UndoScope(run=sync().pk))
    client.force_login(make_user("invoices.sync_invoices"))

    assert REST not in page(client, undo)
    assert client.post(f"/mapping/invoices/runs/{undo.pk}/undo/rest/").status_code == 403
