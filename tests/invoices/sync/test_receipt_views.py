"""The receipt's panel and page, Retry, and where Undo leads (P37, P41, P50)."""

import pytest
from django.test import Client

from invoices.models import InvoiceLine
from tests.factories import make_line, make_user
from tests.invoices.sync.world import JUNE, MAY, World, sync

HTMX = {"HX-Request": "true"}
IN_PANEL = {**HTMX, "HX-Target": "dialog-body"}
LINES = "/mapping/invoices/lines/"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(make_user())
    return client


def receipt(client: Client, line: InvoiceLine, **headers: str) -> str:
    answer = client.get(f"{LINES}{line.pk}/receipt/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


# --- The receipt -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_receipt_is_for_who_signed_in_and_only_to_read(client: Client) -> None:
    path = f"{LINES}{make_line().pk}/receipt/"

    assert client.get(path).status_code == 302
    client.force_login(make_user())
    assert client.post(path).status_code == 405
    assert client.get(f"{LINES}999999/receipt/").status_code == 404


@pytest.mark.django_db
def test_it_is_a_panel_for_the_grid_and_a_page_for_a_link(viewer: Client) -> None:
    line = make_line()

    panel, page = receipt(viewer, line, **IN_PANEL), receipt(viewer, line)

    assert "<html" not in panel and "dialog-side" in panel and 'aria-label="Close"' in panel
    assert "<html" in page and "dialog-side" not in page and "Show in the grid" in page
    assert "This line has not been posted yet." in panel
    answer = viewer.get(f"{LINES}{line.pk}/receipt/")
    assert "HX-Request" in answer.headers["Vary"]


def test_a_posted_line_links_to_connectwise_and_names_its_reference(
    world: World, viewer: Client
) -> None:
    line = world.line()
    sync()

    text = receipt(viewer, line, **IN_PANEL)

    addition = world.addition(line)
    assert f"Addition {addition['id']}" in text
    assert f'href="{world.connectwise.url}/v4_6_release/services/system_io/router/' in text
    assert "Further changes are made in ConnectWise." in text
    assert addition["serialNumber"] in text
    assert "37.50 EUR" in text
    assert "Undo…" not in text  # no permission


def test_where_nothing_was_sent_it_only_says_what_stands_there(
    world: World, viewer: Client
) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE)
    sync(period=JUNE)

    text = receipt(viewer, june, **IN_PANEL)

    assert "What stands there" in text
    assert "ConnectWise said so already; nothing was sent." in text
    for head in ("What was sent", "Sent</th>", "What ConnectWise computed"):
        assert head not in text


def test_who_may_undo_finds_it_on_the_receipt(world: World, operator: Client) -> None:
    line = world.line()
    sync()

    assert f'hx-post="{LINES}{line.pk}/undo/"' in receipt(operator, line, **IN_PANEL)


def test_a_refusal_offers_retry_and_its_fix_to_who_may(world: World, operator: Client) -> None:
    line = world.line()
    world.script("400")
    sync()

    text = receipt(operator, line, **IN_PANEL)

    assert "ConnectWise said:" in text
    assert "Refused by ConnectWise" in text
    assert f'hx-post="{LINES}{line.pk}/sync/"' in text
    operator.force_login(make_user())
    assert "Retry" not in receipt(operator, line, **IN_PANEL).replace("then retry", "")


def test_a_line_being_confirmed_offers_nothing_to_press(world: World, operator: Client) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()

    text = receipt(operator, line, **IN_PANEL)

    assert "Not confirmed – checking." in text
    assert "There is nothing to do" in text
    assert "/sync/" not in text and "/retry/" not in text


def test_hostile_text_is_escaped(world: World, viewer: Client) -> None:
    line = world.line(subscription_name="<script>alert(1)</script>", offer_name='"><img>')
    sync()

    text = receipt(viewer, line, **IN_PANEL)

    assert "<script>alert" not in text
    assert '"><img>' not in text


# --- Rights -------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("invoices.sync_invoices", "lines/{}/retry/"),
        ("invoices.sync_invoices", "lines/{}/retry/1/"),
        ("invoices.undo_sync", "lines/{}/undo/"),
        ("invoices.undo_sync", "runs/{}/undo/"),
    ],
)
def test_each_takes_its_permission_a_post_and_what_is_there(
    client: Client, permission: str, path: str
) -> None:
    others = {"invoices.sync_invoices", "invoices.undo_sync", "invoices.edit_lines"} - {permission}
    here = "/mapping/invoices/" + path.format(make_line().pk)
    nowhere = "/mapping/invoices/" + path.format(999999)

    assert client.post(here).status_code == 302
    client.force_login(make_user(*others))
    assert client.post(here).status_code == 403
    client.force_login(make_user(permission))
    assert client.post(nowhere).status_code == 404
    assert client.get(nowhere).status_code in (404, 405)
