"""Sync's dialog lists subscriptions that are gone; a person ticks what is ended (P49)."""

import pytest
from django.test import Client

from invoices.models import InvoiceLine, InvoiceSettings, Posting, SyncRun
from tests.factories import make_user
from tests.invoices.sync.test_cancellations import gone, in_july
from tests.invoices.sync.world import World

__all__ = ["gone", "in_july"]  # fixtures

SYNC = "/mapping/invoices/sync/"
JUNE = {"period": "2026-06"}


@pytest.fixture
def operator(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("invoices.views.sync.ring", lambda run: None)
    client.force_login(make_user("invoices.sync_invoices"))
    return client


def key_of_the_gone() -> str:
    return Posting.objects.get(subscription_id="SUB-GONE").key


def test_it_lists_them_unticked(world: World, gone: InvoiceLine, operator: Client) -> None:
    text = operator.get(SYNC, JUNE).content.decode()

    assert "1 subscription no longer invoiced" in text
    assert f'<input type="checkbox" name="ends" value="{key_of_the_gone()}">' in text
    assert "it ends on 2026-05-31" in text
    assert "0 new, 4 updated" in text or "0 new, 0 updated, 0 moved, 4 as they are" in text


def test_what_is_ticked_goes_into_the_run(
    world: World, gone: InvoiceLine, operator: Client
) -> None:
    operator.post(SYNC, {**JUNE, "ends": key_of_the_gone()})

    assert SyncRun.objects.latest("pk").scope == {"ends": [key_of_the_gone()]}


def test_more_than_the_usual_share_takes_a_second_yes(
    world: World, gone: InvoiceLine, operator: Client
) -> None:
    InvoiceSettings.load()
    InvoiceSettings.objects.update(cancellation_share=10)
    runs = SyncRun.objects.count()

    asked = operator.post(SYNC, {**JUNE, "ends": key_of_the_gone()})

    assert SyncRun.objects.count() == runs
    assert asked["HX-Reswap"] == "innerHTML"
    text = asked.content.decode()
    assert "more Additions than usually end at once" in text
    assert "Post 4 and end 1" in text
    assert "checked>" in text
    operator.post(SYNC, {**JUNE, "ends": key_of_the_gone(), "force": "yes"})
    assert SyncRun.objects.latest("pk").scope == {"ends": [key_of_the_gone()], "force": True}
