"""Hostile text in every row of the database, and in every parameter: no address gives way.

The addresses are those of the access matrix, so a new one is asked as well.
"""

import csv
import io
import zipfile
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils import timezone

from invoices.models import Load, MailedReport, SyncRun
from invoices.services.mailed_reports import send_due_reports
from mapping.csv_cells import FORMULAS
from psa_connectwise.models import ConnectWiseSettings
from tests.integration.access import world
from tests.integration.access.admin_table import ADMIN
from tests.integration.access.asking import send, signed_in_again, user_as
from tests.integration.access.rows import STAFF, Row
from tests.integration.access.table import PAGES
from tests.integration.hostile import LONG, MARKUP, markup_of, plant

TABLE = [*PAGES, *ADMIN]
HTMX = {"HX-Request": "true"}
PARAMETERS = (
    *("q", "period", "sort", "page", "per_page", "status", "mapping", "vendor", "find", "since"),
    *("told", "was", "seen", "running", "company", "target", "level", "row", "focus", "kind"),
    *("editing", "again", "charge_type", "rule", "slot", "cause", "line", "next", "o", "p", "e"),
)
INVOICES = "/mapping/invoices/"


@pytest.fixture(autouse=True)
def no_remotes(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr("integration.views.settings.check_connections", list)
    monkeypatch.setattr("integration.views.settings.fetch_agreement_types", lambda: 0)
    monkeypatch.setattr("integration.views.health.ask_workers", lambda: True)
    monkeypatch.setattr("invoices.views.loading.ring", lambda loads: None)


@pytest.fixture
def things(open_gate: ConnectWiseSettings, client: Client) -> dict[str, Any]:
    """The world of the access matrix, for an administrator who is signed in."""
    user = user_as(STAFF)
    client.force_login(user)
    return world.build(user)


def test_no_page_takes_text_for_markup(client: Client, things: dict[str, Any]) -> None:
    plant(MARKUP)
    wrong, shown = [], 0
    for row in TABLE:
        for method in row.methods:
            with transaction.atomic(), signed_in_again(client):
                answer = send(client, row, method, things)
                transaction.set_rollback(True)
            assert answer.status_code < 500, row.path
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                found, texts = markup_of(answer.text)
                shown += texts
                wrong += [f"{method} {row.path}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)
    assert shown > 100  # it was there to be seen


@pytest.mark.parametrize(
    "text", ["\0", MARKUP, LONG, "-1", "9" * 30, "١٢", "\u202e", "🙂", "2026-13", "%00", "[]"]
)
def test_no_parameter_breaks_a_page(client: Client, things: dict[str, Any], text: str) -> None:
    parameters = dict.fromkeys(PARAMETERS, text)
    wrong = []
    for row in PAGES:
        if "get" in row.methods:
            with transaction.atomic():
                path = row.path.format(**things).partition("?")[0]
                answer = client.get(path, parameters, headers=HTMX)
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                wrong.append(f"{row.path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("text", ["\0", LONG, "9" * 30, "🙂", "-1"])
def test_no_posted_value_breaks_a_page(client: Client, things: dict[str, Any], text: str) -> None:
    wrong = []
    for row in PAGES:
        if "post" in row.methods and "/accounts/" not in row.path:
            with transaction.atomic(), signed_in_again(client):
                answer = post(client, row, things, text)
                transaction.set_rollback(True)
            if answer >= 500:
                wrong.append(f"{row.path}: {answer}")
    assert not wrong, "\n".join(wrong)


def post(client: Client, row: Row, things: dict[str, Any], text: str) -> int:
    data = dict.fromkeys(row.methods["post"].data, text)
    return client.post(row.path.format(**things), data, headers=HTMX).status_code


@pytest.mark.parametrize("start", FORMULAS)
@pytest.mark.parametrize("address", ["export.csv", "runs/{preview}/rows.csv"])
def test_no_csv_holds_a_formula(
    client: Client, things: dict[str, Any], start: str, address: str
) -> None:
    plant(f"{start}1+cmd|' /C calc'!A0\"")
    answer = client.get(f"{INVOICES}{address.format(**things)}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    planted = [cell for cell in cells if "cmd|" in cell]
    assert planted or "rows.csv" in address
    assert not any(cell.startswith(FORMULAS) for cell in planted)


def test_no_workbook_holds_a_formula(client: Client, things: dict[str, Any]) -> None:
    plant("=1+cmd|' /C calc'!A0")
    answer = client.get(f"{INVOICES}export.xlsx")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "sheet1" in name]
    assert any("cmd|" in sheet for sheet in sheets)
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_no_mail_takes_a_head_or_a_tag(
    things: dict[str, Any], settings: LazySettings, open_gate: ConnectWiseSettings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = user_as(STAFF)
    user.email = "anna@example.com"
    user.save()
    MailedReport.objects.create(user=user, when="always")
    evil = f"{MARKUP}\r\nBcc: evil@example.com\r\n\r\n<b>"
    ended = {"origin": "schedule", "finished_at": timezone.now(), "message": evil}
    SyncRun.objects.create(period=world.MONTH, state="failed", **ended)
    Load.objects.create(month=world.MONTH, state="failed", **ended)

    assert send_due_reports() == 2

    for one in mail.outbox:
        assert one.recipients() == ["anna@example.com"]
        assert "planted" not in one.subject
        assert one.message().get_content_type() == "text/plain"
        assert one.message()["Bcc"] is None


def test_no_page_size_but_those_that_are_offered(client: Client, things: dict[str, Any]) -> None:
    for grid in ("invoices/", "organizations/", "products/", "history/", "invoices/runs/"):
        answer = client.get(f"/mapping/{grid}", {"per_page": "100000", "page": "9" * 9})
        assert answer.context["page"].size == 20, grid
        assert answer.context["page"].number == 1, grid


def test_what_is_posted_has_an_end(client: Client, things: dict[str, Any]) -> None:
    page = f"{INVOICES}runs/{things['preview']}/confirm/"
    ticked = {"epoch": things["epoch"], "ends": [f"LB-{number}" for number in range(1000)]}
    # A thousand ticks are read, and refused: they are none of those that the preview shows.
    assert client.post(page, ticked, headers=HTMX).status_code == 204
    assert client.post(page, {"ends": ["x"] * 3000}, headers=HTMX).status_code == 400
    assert client.post(page, {"epoch": "1" * 2_000_000}, headers=HTMX).status_code == 400
    files = {"one": io.BytesIO(b"anything"), "two": io.BytesIO(b"anything")}
    assert client.post(page, files, headers=HTMX).status_code == 400
    large = io.BytesIO(b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
    answer = client.post("/mapping/import/", {"file": large}, headers=HTMX)
    assert "The file is larger than 2 MB." in answer.text  # it was read past, and not kept
