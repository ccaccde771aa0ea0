"""/metrics: only with the token, and what it says."""

from datetime import date, timedelta

import pytest
import redis
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from integration.metrics import figures
from integration.metrics import requests as remote_requests
from invoices.models import Load, Operation, Period, SyncRun
from tests.factories import make_line

pytestmark = pytest.mark.django_db
TOKEN = "prometheus-0123456789"
MAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def token(settings: LazySettings) -> None:
    settings.METRICS_TOKEN = TOKEN
    redis.Redis.from_url(settings.REDIS_URL).delete(remote_requests.KEY, figures.QUEUE)
    remote_requests.forget()


def figures_of(client: Client) -> dict[str, float]:
    """Name with labels → value."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    rows = (row.rsplit(" ", 1) for row in answer.text.splitlines() if not row.startswith("#"))
    return {name: float(value) for name, value in rows}


def test_only_counters_are_called_totals(client: Client) -> None:
    """What Prometheus' own `promtool check metrics` refuses."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    kinds = [row.split()[2:] for row in answer.text.splitlines() if row.startswith("# TYPE")]
    totals = {kind for name, kind in kinds if name.endswith("_total")}
    assert (len(kinds) > 10, totals) == (True, {"counter"})


def test_without_a_token_in_the_environment_there_is_no_such_page(
    client: Client, settings: LazySettings
) -> None:
    settings.METRICS_TOKEN = ""
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer é"]
)
def test_a_wrong_token_is_told_nothing(client: Client, given: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer.content) == (401, b"")


def test_lines_by_status_of_the_two_newest_periods(client: Client) -> None:
    for month in (date(2026, 3, 1), date(2026, 4, 1), MAY):
        Period.objects.create(month=month)
        make_line(period=month)
    make_line(period=MAY, psa_status="error")
    found = {name: value for name, value in figures_of(client).items() if "_lines{" in name}
    assert found == {
        'linebridge_lines{period="2026-05",status="not_synced"}': 1,
        'linebridge_lines{period="2026-05",status="synced"}': 0,
        'linebridge_lines{period="2026-05",status="error"}': 1,
        'linebridge_lines{period="2026-04",status="not_synced"}': 1,
        'linebridge_lines{period="2026-04",status="synced"}': 0,
        'linebridge_lines{period="2026-04",status="error"}': 0,
    }


def test_operations_by_outcome_without_previews(client: Client) -> None:
    Period.objects.create(month=MAY)
    done = SyncRun.objects.create(period=MAY, state="finished")
    preview = SyncRun.objects.create(period=MAY, state="draft")
    for run, state in ((done, "done"), (done, "done"), (done, "failed"), (preview, "planned")):
        Operation.objects.create(run=run, kind="create", state=state)
    found = {name: value for name, value in figures_of(client).items() if "_operations{" in name}
    assert found == {
        'linebridge_operations{kind="create",outcome="done"}': 2,
        'linebridge_operations{kind="create",outcome="failed"}': 1,
    }


def test_unconfirmed_postings_and_the_oldest_ones_age(client: Client) -> None:
    assert figures_of(client)["linebridge_oldest_unconfirmed_seconds"] == 0
    run = SyncRun.objects.create(period=MAY, state="running", total=2)
    for minutes in (5, 20):
        sent = timezone.now() - timedelta(minutes=minutes)
        Operation.objects.create(run=run, kind="create", state="unknown", sent_at=sent)
    found = figures_of(client)
    assert found["linebridge_unconfirmed_postings"] == 2
    assert 1200 <= found["linebridge_oldest_unconfirmed_seconds"] < 1260


def test_the_live_run(client: Client) -> None:
    assert figures_of(client)["linebridge_run_live"] == 0
    run = SyncRun.objects.create(period=MAY, state="running", total=10)
    for state in ("done", "done", "failed", "planned"):
        Operation.objects.create(run=run, kind="create", state=state)
    found = figures_of(client)
    assert found["linebridge_run_live"] == 1
    assert (found["linebridge_run_lines_done"], found["linebridge_run_lines"]) == (3, 10)


def test_loads_queue_and_remotes(client: Client, settings: LazySettings) -> None:
    Load.objects.create(month=MAY, state="failed")
    redis.Redis.from_url(settings.REDIS_URL).rpush(figures.QUEUE, "a", "b")
    remote_requests.note("ConnectWise", "POST", 201, 0.2)
    remote_requests.note("ConnectWise", "POST", 500, 70.0)
    found = figures_of(client)
    redis.Redis.from_url(settings.REDIS_URL).delete(figures.QUEUE)

    assert found['linebridge_loads{state="failed"}'] == 1
    assert found["linebridge_queue_tasks"] == 2
    name, labels = "linebridge_remote_request_seconds", 'method="POST",remote="connectwise"'
    ours = {key: value for key, value in found.items() if key.startswith(name)}
    assert sorted(ours.values()) == [0, 0, *[1] * 7, 1, 2, 2, 70.2]
    assert (
        found['linebridge_remote_requests_total{method="POST",outcome="5xx",remote="connectwise"}']
        == 1
    )
    assert f'{name}_bucket{{le="0.25",{labels}}}' in ours


def test_a_part_that_fails_leaves_the_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_now: object) -> list[object]:
        raise OperationalError("secret connection string")

    monkeypatch.setitem(figures.PARTS, "lines", broken)
    found = figures_of(client)
    assert found['linebridge_answered{part="lines"}'] == 0
    assert found['linebridge_answered{part="queue"}'] == 1
    assert "linebridge_run_live" in found


def test_it_needs_no_finished_setup_and_no_more_queries_with_more_lines(
    client: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(10):
        make_line()
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        figures_of(client)
