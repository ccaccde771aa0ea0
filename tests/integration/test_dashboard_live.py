"""The Dashboard while a load or a sync is under way (P40, P52): its figures follow, and nothing else moves."""

import re
from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from invoices.models import Load, Period, SyncRun
from tests.factories import make_line

MAY = date(2026, 5, 1)
BAR = "/mapping/invoices/run/"
pytestmark = pytest.mark.usefixtures("open_gate")


@pytest.fixture
def may() -> Period:
    return Period.objects.create(month=MAY, complete=True)


def news(viewer: Client) -> str:
    return viewer.get("/news/", headers={"HX-Request": "true"}).text


def links_of(part: str) -> list[str]:
    return re.findall(r"<a [^>]*>", part)


def test_the_page_shows_the_bars_of_what_is_under_way(viewer: Client, may: Period) -> None:
    page = viewer.get("/").text
    assert f'<div id="run" hx-get="{BAR}?alone=1" hx-trigger="load, nudge"' in page
    assert 'id="load-progress"' in page


def test_figures_are_asked_for_only_when_a_bar_has_told_of_something(
    viewer: Client, may: Period
) -> None:
    page = viewer.get("/").text
    asks = next(tag for tag in re.findall(r"<div [^>]*>", page) if 'hx-get="/news/"' in tag)
    assert "data-quiet" in asks
    assert "runTick from:body" in asks
    assert "linesChanged from:body" in asks
    assert "periodsChanged from:body" in asks
    assert "every " not in page

    assert "HX-Trigger" not in viewer.get(f"{BAR}?was=quiet&told=0").headers
    SyncRun.objects.create(period=MAY, state="running", total=3, heartbeat=timezone.now())
    assert "runTick" in viewer.get(f"{BAR}?was=quiet&told=0").headers["HX-Trigger"]


def test_lines_that_were_posted_meanwhile_are_counted(viewer: Client, may: Period) -> None:
    line = make_line()
    make_line()
    assert "<b>0</b> of 2 lines are in ConnectWise" in news(viewer)

    type(line).objects.filter(pk=line.pk).update(psa_status="synced")

    assert "<b>1</b> of 2 lines is in ConnectWise" in news(viewer)


def test_a_run_that_begins_and_ends_stands_in_the_list(viewer: Client, may: Period) -> None:
    run = SyncRun.objects.create(period=MAY, state="running", heartbeat=timezone.now())
    assert "In progress" in news(viewer)

    SyncRun.objects.filter(pk=run.pk).update(state="finished", outcomes={"done": 4})

    assert "Finished: 4 posted" in news(viewer)
    assert "In progress" not in news(viewer)


def test_only_parts_that_have_a_place_come_and_no_field_that_somebody_may_be_at(
    viewer: Client, may: Period
) -> None:
    Load.objects.create(month=MAY, state="done", message="3 new lines")
    page, parts = viewer.get("/").text, news(viewer)

    assert "<html" not in parts
    assert "<form" not in parts
    assert "<select" not in parts
    swapped = re.findall(r'id="([a-z-]+)" hx-swap-oob="true"', parts)
    assert swapped == ["dashboard-month", "dashboard-mapped", "schedule", "recent-rows"]
    assert all(page.count(f'id="{part}"') == 1 for part in swapped)


def test_focus_finds_every_link_again_by_its_id(viewer: Client, may: Period) -> None:
    make_line()
    make_line(psa_status="error", error_code="product_inactive", error="inactive")
    Load.objects.create(month=MAY, state="done", message="3 new lines")
    SyncRun.objects.create(period=MAY, state="finished")

    links = links_of(news(viewer))

    assert len(links) > 8
    assert [link for link in links if " id=" not in link] == []
    ids = re.findall(r' id="([^"]+)"', " ".join(links))
    assert len(set(ids)) == len(ids)


def test_the_first_month_takes_the_place_of_how_to_begin(viewer: Client) -> None:
    assert "Nothing has been loaded yet" in news(viewer)
    Period.objects.create(month=MAY, complete=True)
    make_line()
    assert "Nothing has been loaded yet" not in news(viewer)
    assert "May 2026" in news(viewer)
    assert "Twelve months" in viewer.get("/months/").text
