"""The page of the System Log (P51)."""

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from integration.system_log.links import links
from integration.system_log.models import LogCount, LogEntry
from integration.system_log.queries import MOST_FOUND, tiles
from integration.system_log.services import prune, store
from integration.system_log.tasks import prune_logs
from integration.times import ago
from invoices.models import InvoiceSettings, Load, SyncRun
from tests.factories import make_line

NOW = datetime(2026, 5, 18, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("open_gate")


@pytest.fixture(autouse=True)
def at_now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def write(summary: str = "text", *, level: int = logging.INFO, **columns: object) -> LogEntry:
    store([{"level": level, "created_at": NOW, "logger": "invoices", "summary": summary} | columns])
    return LogEntry.objects.latest("id")


def shown(client: Client, query: str = "") -> list[str]:
    rows = client.get(f"/logs/{query}").context["rows"]
    return [entry.summary for entry, _links in rows]


def test_tiles_count_thirty_days_by_level() -> None:
    for level in (20, 20, 30, 40):
        write(level=level)
    write(level=40, created_at=NOW - timedelta(days=31))
    counted = tiles(NOW)
    assert (counted.total, counted.errors, counted.warnings) == (4, 1, 1)
    assert counted.newest == NOW
    assert [counted.of(level) for level in ("", "info", "warning", "error")] == [4, 2, 1, 1]


def test_counts_of_one_hour_are_added_up() -> None:
    write()
    write(created_at=NOW + timedelta(minutes=20))
    write(created_at=NOW + timedelta(minutes=40))
    assert list(LogCount.objects.order_by("hour").values_list("entries", flat=True)) == [2, 1]


def test_tiles_are_coloured_only_above_zero(viewer: Client) -> None:
    page = viewer.get("/logs/").text
    assert 'class="tile is-error"' not in page
    write(level=40)
    write(level=30)
    page = viewer.get("/logs/").text
    assert 'class="tile is-error"' in page
    assert 'class="tile is-warning"' in page


@pytest.mark.parametrize(
    "title", ["Total Logs (30d)", "Errors (30d)", "Warnings (30d)", "Last Update"]
)
def test_tiles_have_their_names(viewer: Client, title: str) -> None:
    assert title in viewer.get("/logs/").text


def test_the_newest_entry_is_the_last_update_in_the_time_of_the_business(viewer: Client) -> None:
    settings = InvoiceSettings.load()
    settings.time_zone = "Europe/Berlin"
    settings.save()
    write(created_at=NOW - timedelta(minutes=3))
    page = viewer.get("/logs/").text
    assert "3 minutes ago" in page
    assert "2026-05-18 11:27" in page


def test_newest_come_first_and_pages_hold_twenty(viewer: Client) -> None:
    for number in range(25):
        write(f"n{number}", created_at=NOW - timedelta(minutes=number))
    assert shown(viewer) == [f"n{number}" for number in range(20)]
    assert shown(viewer, "?page=2") == [f"n{number}" for number in range(20, 25)]
    assert shown(viewer, "?page=99") == shown(viewer, "?page=2")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["error", "warning", "info"]),
        ("?level=error", ["error"]),
        ("?level=warning", ["warning"]),
        ("?level=info", ["info"]),
        ("?level=nonsense", ["error", "warning", "info"]),
    ],
)
def test_the_level_filter(viewer: Client, query: str, found: list[str]) -> None:
    for level, name in ((20, "info"), (30, "warning"), (40, "error")):
        write(name, level=level)
    assert shown(viewer, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [("refused", ["One was REFUSED"]), ("traceback", ["Two"]), ("L-3", ["Three"]), ("%25", [])],
)
def test_search_looks_at_title_details_and_line(
    viewer: Client, query: str, found: list[str]
) -> None:
    write("One was REFUSED")
    write("Two", details="Traceback: x")
    write("Three", line="L-3")
    assert shown(viewer, f"?q={query}") == found


def test_search_combines_with_the_level(viewer: Client) -> None:
    write("refused", level=40)
    write("refused too", level=30)
    assert shown(viewer, "?q=refused&level=error") == ["refused"]


def test_a_search_counts_no_further_than_anyone_pages(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_FOUND >= 10_000
    monkeypatch.setattr("integration.system_log.queries.MOST_FOUND", 2)
    for _ in range(3):
        write("same")
    assert "The newest <b>2</b> of <b>3</b>" in viewer.get("/logs/?q=same").text


def test_htmx_gets_the_part_and_everyone_else_the_page(viewer: Client) -> None:
    part = viewer.get("/logs/", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="log"')
    assert "HX-Request" in part.headers["Vary"]
    assert "<html" in viewer.get("/logs/").text


def news(client: Client, since: int, **params: str) -> str:
    return client.get("/logs/news/", {"since": str(since), **params}).text


def test_what_came_since_is_brought_to_the_top_with_the_counts(viewer: Client) -> None:
    old = write("old")
    page = viewer.get("/logs/").text
    assert f'"since": "{old.pk}"' in page
    assert 'hx-trigger="every 10s"' in page
    new = write("new", level=40)
    told = news(viewer, old.pk)
    assert '<tbody hx-swap-oob="afterbegin:#log-rows">' in told
    assert ">new<" in told
    assert ">old<" not in told
    assert 'class="tile is-error"' in told
    assert "<b>2</b> entries" in told
    assert f'"since": "{new.pk}"' in told


def test_news_keep_to_the_level_the_search_and_the_first_page(viewer: Client) -> None:
    for number in range(21):
        write(f"n{number}", level=40)
    assert ">n3<" in news(viewer, 0, level="error")
    assert ">n3<" not in news(viewer, 0, level="warning")
    assert ">n3<" not in news(viewer, 0, q="n4")
    second = news(viewer, 0, page="2")
    assert "log-rows" not in second
    assert "Total Logs (30d)" in second


@pytest.mark.parametrize("since", ["", "x", "9" * 30, "-1"])
def test_news_since_nothing_known_bring_the_counts_only(viewer: Client, since: str) -> None:
    write("one")
    answer = viewer.get("/logs/news/", {"since": since})
    assert answer.status_code == 200
    assert ">one<" not in answer.text


def test_the_first_entry_takes_the_place_of_the_empty_page(viewer: Client) -> None:
    assert '"empty": "1"' in viewer.get("/logs/").text
    write("first")
    answer = viewer.get("/logs/news/", {"since": "0", "empty": "1"})
    assert answer.headers["HX-Retarget"] == "#log"
    assert answer.text.lstrip().startswith('<div id="log"')


def test_columns_are_level_timestamp_and_summary(viewer: Client) -> None:
    write("what happened", level=30, details="line one\nline two")
    page = viewer.get("/logs/").text
    heads = ["Level", "Timestamp", "Summary"]
    assert all(f'<th scope="col">{head}</th>' in page for head in heads)
    assert ">2026-05-18 09:30</time>" in page
    assert "Warning</span>" in page
    assert "<pre>line one\nline two</pre>" in page


def test_an_empty_log_says_what_will_be_here(viewer: Client) -> None:
    LogEntry.objects.all().delete()
    assert "Nothing has been logged" in viewer.get("/logs/").text
    assert "No entry matches" in viewer.get("/logs/?q=x").text


def test_hostile_text_is_escaped(viewer: Client) -> None:
    write("<script>alert(1)</script>", details="<img src=x>", line="<b>\n'\"/../")
    page = viewer.get("/logs/").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_ten_more_rows_cost_no_more_queries(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def write_some(count: int) -> None:
        for n in range(count):
            write(f"n{n}", line=f"L-{n}", run=n, load=n, mapping=f"offer:{n}")

    write_some(2)
    viewer.get("/logs/")
    with CaptureQueriesContext(connection) as before:
        viewer.get("/logs/")
    write_some(10)
    with django_assert_num_queries(len(before)):
        assert len(shown(viewer)) == 12


def test_a_line_leads_to_its_receipt(viewer: Client) -> None:
    line = make_line(platform_id="L/9")
    ((label, address),) = links(write(line="L/9"))
    assert label == "Line L/9"
    target = viewer.get(address).headers["Location"]
    assert target == f"/mapping/invoices/lines/{line.pk}/receipt/"
    assert line.offer_name in viewer.get(target).text


def test_a_run_leads_to_its_page_and_a_load_to_its_month(viewer: Client) -> None:
    run = SyncRun.objects.create(period=date(2026, 4, 1), state="finished")
    load = Load.objects.create(month=date(2026, 3, 1), state="done")
    addresses = [address for _label, address in links(write(run=run.pk, load=load.pk))]
    assert [viewer.get(address).headers["Location"] for address in addresses] == [
        f"/mapping/invoices/runs/{run.pk}/",
        "/mapping/invoices/?period=2026-03",
    ]


@pytest.mark.parametrize(
    ("about", "target"),
    [
        ("organization:ORG-1", "/mapping/organizations/?q=ORG-1"),
        ("offer:OFF-1", "/mapping/products/?q=OFF-1"),
        ("ORG-1", "/mapping/organizations/?q=ORG-1"),
    ],
)
def test_a_mapping_leads_to_its_tab(viewer: Client, about: str, target: str) -> None:
    ((_label, address),) = links(write(mapping=about))
    assert viewer.get(address).headers["Location"] == target


@pytest.mark.parametrize(
    "about",
    ["line/NEVER", "line/%00", "run/99999", "run/%00", "load/99999", "run/x", "run/" + 5000 * "9"],
    ids=lambda about: about[:20],
)
def test_what_is_not_here_leads_back_to_the_log(viewer: Client, about: str) -> None:
    response = viewer.get(f"/logs/{about}/", follow=True)
    assert response.redirect_chain == [("/logs/", 302)]
    assert "is not here" in response.text


def test_pruning_forgets_what_is_older_than_thirty_days() -> None:
    write("old", created_at=NOW - timedelta(days=31))
    write("young", created_at=NOW - timedelta(days=29))
    assert prune(now=NOW) == 1
    assert list(LogEntry.objects.values_list("summary", flat=True)) == ["young"]
    assert LogCount.objects.count() == 1
    prune_logs()
    assert LogEntry.objects.count() == 1


def test_the_schedule_prunes() -> None:
    tasks = [entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()]
    assert prune_logs.name in tasks


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-5, "just now"),
        (12, "12 seconds ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86_400, "1 day ago"),
        (86_400 * 29, "29 days ago"),
    ],
)
def test_ago(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_admin_shows_the_log_and_changes_nothing(admin_client: Client) -> None:
    entry = write("for the admin")
    assert "for the admin" in admin_client.get("/admin/system_log/logentry/").text
    page = f"/admin/system_log/logentry/{entry.pk}"
    assert admin_client.get(f"{page}/change/").status_code == 200
    assert admin_client.post(f"{page}/change/", {"summary": "x"}).status_code == 403
    assert admin_client.post(f"{page}/delete/").status_code == 403
    assert admin_client.get("/admin/system_log/logentry/add/").status_code == 403
