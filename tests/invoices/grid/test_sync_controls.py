"""Where posting begins above the grid and in its rows, and when it can't (P38)."""

import pytest
from django.test import Client

from tests.invoices.views.runs_world import live_run, mapped_line


def test_the_button_is_the_last_and_primary_one_of_the_pages_actions(signed_in: Client) -> None:
    page = signed_in.get("/mapping/invoices/").content.decode()

    actions = page.partition('class="page-actions"')[2].partition("</header>")[0]
    button = actions.rpartition("<button")[2]
    assert 'id="sync-invoices" class="btn btn-primary"' in button
    assert "Sync Invoices to PSA</button>" in button
    assert " disabled" not in button


@pytest.mark.parametrize(
    ("overrides", "run_is_on", "why"),
    [
        ({}, False, ""),
        ({"psa_status": "error"}, False, ""),
        ({"psa_status": "synced"}, False, "Already synced"),
        ({"product": None}, False, "Map it first"),
        ({"in_flight": True}, False, "It is being sent to ConnectWise"),
        ({}, True, "A sync is running"),
    ],
)
def test_the_upload_icon_is_off_where_the_line_can_not_be_posted_and_says_why(
    signed_in: Client, overrides: dict[str, object], run_is_on: bool, why: str
) -> None:
    line = mapped_line(**overrides)
    if run_is_on:
        live_run()

    page = signed_in.get("/mapping/invoices/").content.decode()

    icon = page.partition(f'id="sync-{line.pk}"')[2].partition(">")[0]
    assert 'aria-label="Sync Invoice Line"' in icon
    assert f'title="{why or "Sync Invoice Line"}"' in icon
    assert (" disabled" in icon) is bool(why)
