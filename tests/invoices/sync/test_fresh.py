"""A preview that reads ConnectWise first: agreements, companies and products as they are now (P39)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from invoices.models import SyncRun
from invoices.sync import fresh, previews
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Intent, RunState
from mapping.models import DirectoryRefresh
from psa_connectwise.models import Agreement, Product
from tests.invoices.sync.world import MAY, World

State = DirectoryRefresh.State


def planned(draft: SyncRun) -> SyncRun:
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def preview(**scope: object) -> SyncRun:
    of = RunScope(**scope)  # type: ignore[arg-type]
    return planned(previews.start_draft(period=MAY, user=None, scope=of))


def intent(draft: SyncRun) -> str:
    return draft.operations.values_list("intent", flat=True).get()


def test_only_a_fresh_one_sees_what_changed_in_connectwise(world: World) -> None:
    line = world.line()
    assert line.agreement
    world.store.edit(
        "agreements", line.agreement.connectwise_id, agreementStatus="Cancelled", cancelledFlag=True
    )

    known, read = preview(), preview(fresh=True)

    assert intent(read) == Intent.REFUSE
    assert not SyncRun.objects.filter(pk=known.pk).exists()  # the newer one took its place
    assert read.known_at and timezone.now() - read.known_at < timedelta(minutes=1)
    assert read.message == ""


def test_planned_anew_a_preview_catches_up(world: World) -> None:
    line = world.line()
    draft = preview()
    assert intent(draft) == Intent.CREATE
    assert line.product
    world.store.edit("catalog", line.product.connectwise_id, inactiveFlag=True)

    previews.plan_anew(draft, fresh=True)
    draft.refresh_from_db()

    assert intent(planned(draft)) == Intent.REFUSE


def test_it_says_what_it_is_reading(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    tell = fresh.tell

    def heard(run: SyncRun, words: str) -> None:
        told.append(words)
        tell(run, words)

    monkeypatch.setattr(fresh, "tell", heard)
    world.line()

    preview(fresh=True)

    assert told[0] == "Reading companies, products and agreements of ConnectWise"
    assert any(
        words.startswith("Reading ConnectWise: ") and "agreements" in words for words in told
    )
    assert told[-1] == "Reading the Additions of its agreements"


def test_a_refresh_that_somebody_else_began_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line()
    other = DirectoryRefresh.objects.create(
        parts=["companies"], months=1, state=State.RUNNING, heartbeat=timezone.now()
    )
    waits: list[float] = []

    def end_the_other(seconds: float) -> None:
        waits.append(seconds)
        DirectoryRefresh.objects.filter(pk=other.pk).update(state=State.DONE)

    monkeypatch.setattr("invoices.sync.fresh.time.sleep", end_the_other)

    draft = preview(fresh=True)

    assert len(waits) == 1
    assert draft.planned_at is not None


def test_one_that_never_ends_is_not_waited_for_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "LONGEST_WAIT", timedelta(0))
    DirectoryRefresh.objects.create(
        parts=["companies"], months=1, state=State.RUNNING, heartbeat=timezone.now()
    )

    draft = preview(fresh=True)

    assert (draft.state, draft.planned_at) == (RunState.DRAFT, None)
    assert "under way" in draft.message


def test_where_connectwise_refuses_it_is_told_and_can_be_tried_again(
    world: World, settings: Settings
) -> None:
    world.line()
    right, settings.CONNECTWISE_PRIVATE_KEY = settings.CONNECTWISE_PRIVATE_KEY, "wrong"

    draft = preview(fresh=True)

    assert draft.planned_at is None
    assert "ConnectWise refused the keys (401)" in draft.message
    assert not DirectoryRefresh.objects.exists()
    settings.CONNECTWISE_PRIVATE_KEY = right
    previews.plan_anew(draft, fresh=True)
    draft.refresh_from_db()
    assert planned(draft).planned_at is not None


def test_where_only_a_part_is_refused_it_is_told_what(world: World) -> None:
    world.line()
    world.connectwise.faults.set(denied=["catalog:read"])

    draft = preview(fresh=True)

    assert (draft.state, draft.planned_at) == (RunState.DRAFT, None)
    assert "ConnectWise could not be read." in draft.message


def test_an_undo_reads_no_directory(world: World) -> None:
    preview(fresh=True, undo=UndoScope(period=True))

    assert not DirectoryRefresh.objects.exists()
    assert Agreement.objects.exists() and Product.objects.exists()
