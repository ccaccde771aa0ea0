"""Sync Organizations, Load Products, their progress, and the Best Practices (P4, P9, P10)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mapping import tasks
from mapping.models import DirectoryRefresh
from mapping.tabs import ORGANIZATIONS, PRODUCTS
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SYNC = "/mapping/organizations/sync/"
LOAD = "/mapping/products/load/"
PROGRESS = "/mapping/organizations/progress/"


@pytest.fixture
def mapper(client: Client) -> Client:
    client.force_login(make_user("mapping.edit_mappings", username="ada"))
    return client


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The refreshes for which a worker was rung."""
    heard: list[int] = []
    monkeypatch.setattr(tasks.refresh_directory, "delay", heard.append)
    return heard


def test_sync_organizations_queues_its_parts_and_rings(
    mapper: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = mapper.post(SYNC)

    refresh = DirectoryRefresh.objects.get()
    assert refresh.parts == ["organizations", "agreement_types", "companies", "agreements"]
    assert rung == [refresh.pk]
    assert "refreshStarted" in response.headers["HX-Trigger"]
    assert refresh.user is not None


@pytest.mark.parametrize("months", [1, 2, 3, 6, 12])
def test_load_products_takes_a_window(mapper: Client, rung: list[int], months: int) -> None:
    mapper.post(LOAD, {"months": months})

    refresh = DirectoryRefresh.objects.get()
    assert (refresh.parts, refresh.months) == (["offers", "products"], months)


def test_load_products_asks_for_the_window_first(mapper: Client) -> None:
    page = mapper.get(LOAD).text

    assert page.count('type="radio"') == 5
    assert page.count("since 2") == 5
    assert page.count("checked") == 1


@pytest.mark.parametrize("months", ["", "4", "x", "-1"])
def test_another_window_is_refused(mapper: Client, rung: list[int], months: str) -> None:
    response = mapper.post(LOAD, {"months": months})

    assert response.status_code == 422
    assert "Choose" in response.text
    assert not DirectoryRefresh.objects.exists()


def test_a_second_one_is_refused_with_a_toast(mapper: Client, rung: list[int]) -> None:
    mapper.post(SYNC)

    response = mapper.post(LOAD, {"months": "1"})

    assert "is under way" in response.headers["HX-Trigger"]
    assert DirectoryRefresh.objects.count() == 1


@pytest.mark.parametrize("path", [SYNC, LOAD])
def test_starting_needs_the_permission(client: Client, path: str) -> None:
    client.force_login(make_user())

    assert client.post(path).status_code == 403


def test_sync_organizations_refuses_get(mapper: Client) -> None:
    assert mapper.get(SYNC).status_code == 405


@pytest.mark.parametrize("path", [SYNC, LOAD, PROGRESS, "/mapping/best-practices/"])
def test_signing_in_is_required(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302


# --- Progress ------------------------------------------------------------------------------------


def make_refresh(**given: Any) -> DirectoryRefresh:
    return DirectoryRefresh.objects.create(
        **{"parts": ["organizations", "companies"], "state": "running", **given}
    )


def test_everyone_sees_how_far_it_is(client: Client) -> None:
    make_refresh(
        counts={
            "organizations": {"read": 3, "done": True},
            "companies": {"read": 1200, "total": 50000},
        },
        user=make_user(username="grace"),
    )
    client.force_login(make_user())

    page = client.get(PROGRESS).text

    assert "Reading companies of ConnectWise" in page
    assert "1,200 of 50,000" in page
    assert "step 2 of 2" in page
    assert "started by grace" in page
    assert 'max="50000" value="1200"' in page
    assert "every 1s" in page


def test_before_a_worker_takes_it_the_page_says_so(mapper: Client) -> None:
    make_refresh(state="queued")

    assert "Waiting for a worker…" in mapper.get(PROGRESS).text


def test_the_button_and_the_grid_follow_the_end(mapper: Client) -> None:
    make_refresh(state="done", message="40 organizations.", finished_at=timezone.now())

    response = mapper.get(PROGRESS, {"running": "1"})

    assert "40 organizations." in response.text
    assert "directoryRefreshed" in response.headers["HX-Trigger"]
    assert 'id="refresh-button" hx-swap-oob="true"' in response.text
    assert "every 10s" in response.text


def test_nothing_happens_while_nothing_happens(mapper: Client) -> None:
    response = mapper.get(PROGRESS, {"running": "0", "since": "nonsense"})

    assert "HX-Trigger" not in response.headers
    assert "refresh-button" not in response.text
    assert "<section" not in response.text


def test_a_failure_says_what_became_of_the_mappings(mapper: Client) -> None:
    make_refresh(state="failed", message="ConnectWise is busy.", finished_at=timezone.now())

    assert "ConnectWise is busy. Every mapping is kept." in mapper.get(PROGRESS).text


def test_a_dismissed_result_stays_away(mapper: Client) -> None:
    make_refresh(state="failed", message="Wrong key.", finished_at=timezone.now())
    later = (timezone.now() + timedelta(seconds=1)).isoformat()

    assert "Wrong key." in mapper.get(PROGRESS).text
    assert "Wrong key." not in mapper.get(PROGRESS, {"since": later}).text


@pytest.mark.parametrize("tab", [ORGANIZATIONS, PRODUCTS], ids=lambda tab: tab.key)
def test_the_page_disables_its_button_while_one_is_under_way(mapper: Client, tab: Any) -> None:
    make_refresh()

    page = mapper.get(reverse(f"mapping:{tab.key}")).text

    assert "In progress" in page
    assert "?running=1" in page


def test_the_page_says_when_it_was_refreshed(mapper: Client) -> None:
    make_refresh(state="done", finished_at=timezone.now() - timedelta(hours=2))

    assert "Synced 2\xa0hours ago" in mapper.get(reverse("mapping:organizations")).text

    make_refresh(state="done", finished_at=timezone.now())

    assert "Synced just now" in mapper.get(reverse("mapping:organizations")).text


def test_best_practices_are_six_rules(mapper: Client) -> None:
    page = mapper.get("/mapping/best-practices/").text

    assert page.count("<li>") == 6
