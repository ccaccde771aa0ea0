"""One worker per load: taken once, kept by its token, taken over when its worker is gone (P18)."""

import threading
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from invoices.loading.claim import LoadLost, abandoned_loads, claimed
from invoices.loading.load import run_load
from invoices.loading.queries import LONGEST_SILENCE, WORKER_LOCK
from invoices.models import InvoiceLine, Load, Period
from invoices.tasks.loading import load_invoice_lines, sweep_loads
from platform_client.client import PlatformClient
from tests.invoices.loading.fake_platform import MAY, FakePlatform, make_platform_line


def make_load(**overrides: Any) -> Load:
    return Load.objects.create(**{"month": MAY, **overrides})


def running_since(age: timedelta) -> Load:
    return make_load(state="running", token=uuid4(), heartbeat=timezone.now() - age)


def two_lines() -> FakePlatform:
    return FakePlatform(page_size=1).put(make_platform_line(1), make_platform_line(2))


def work_on(load: Load, platform: FakePlatform) -> bool:
    return run_load(load_id=load.pk, make_client=lambda: cast(PlatformClient, platform))


@pytest.mark.django_db
def test_a_load_that_is_done_is_not_done_again() -> None:
    load, platform = make_load(), two_lines()
    assert work_on(load, platform)
    assert not work_on(load, platform)
    assert len(platform.windows) == 1


@pytest.mark.django_db
def test_a_load_in_good_hands_is_left_alone() -> None:
    load = running_since(timedelta(seconds=5))
    assert not work_on(load, two_lines())
    assert abandoned_loads() == []


@pytest.mark.django_db
def test_a_load_of_a_killed_worker_is_taken_over_and_finished() -> None:
    """No session holds its lock: the worker that took it is gone."""
    load = running_since(timedelta(minutes=1))
    assert abandoned_loads() == [load.pk]
    assert work_on(load, two_lines())
    load.refresh_from_db()
    assert (load.state, load.new, InvoiceLine.objects.count()) == ("done", 2, 2)


@pytest.mark.django_db
def test_a_silent_worker_that_lives_keeps_its_load_for_a_while() -> None:
    patient, hanging = timedelta(minutes=1), LONGEST_SILENCE + timedelta(minutes=1)
    load = running_since(patient)
    with psycopg.connect(**connection.get_connection_params()) as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(%s, %s)", [WORKER_LOCK, load.pk])
        assert abandoned_loads() == []
        Load.objects.update(heartbeat=timezone.now() - hanging)
        assert abandoned_loads() == [load.pk]


@pytest.mark.django_db
def test_a_worker_that_lost_its_load_changes_nothing() -> None:
    load, platform = make_load(), two_lines()
    pages = platform.invoice_lines

    def taken_over_meanwhile(**window: Any) -> Any:
        for page in pages(**window):
            yield page
            Load.objects.update(token=uuid4())

    platform.invoice_lines = taken_over_meanwhile  # type: ignore[method-assign]
    assert work_on(load, platform)
    load.refresh_from_db()
    assert (load.state, load.read) == ("running", 1)
    assert not InvoiceLine.objects.exists()
    assert not Period.objects.exists()


@pytest.mark.django_db
def test_the_lock_of_a_worker_ends_with_its_work() -> None:
    load = make_load()
    with claimed(load.pk) as claim:
        assert claim
        assert held_locks() == [load.pk]
        Load.objects.update(token=uuid4())
        with pytest.raises(LoadLost):
            claim.update(read=1)
    assert held_locks() == []


def held_locks() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid::int FROM pg_locks WHERE classid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [WORKER_LOCK],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
def test_a_bug_ends_the_load_in_words_and_is_raised() -> None:
    load, platform = make_load(), two_lines()
    platform.once = {"LINE-2": cast(Any, ZeroDivisionError())}
    with pytest.raises(ZeroDivisionError):
        work_on(load, platform)
    load.refresh_from_db()
    assert load.state == "failed"
    assert "An error of ours" in load.message
    assert not InvoiceLine.objects.exists()


@pytest.mark.django_db
def test_the_sweep_rings_for_queued_and_abandoned_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(load_invoice_lines, "delay", rung.append)
    queued = make_load(month=MAY.replace(month=1))
    dead = make_load(
        month=MAY.replace(month=2),
        state="running",
        heartbeat=timezone.now() - timedelta(minutes=1),
    )
    make_load(month=MAY.replace(month=3), state="done")
    make_load(month=MAY.replace(month=4), state="running", heartbeat=timezone.now())
    sweep_loads()
    assert sorted(rung) == [queued.pk, dead.pk]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_load_a_month_once() -> None:
    load, platform = make_load(), two_lines()
    first_page_read, go_on = threading.Event(), threading.Event()
    pages = platform.invoice_lines

    def slowly(**window: Any) -> Any:
        for page in pages(**window):
            yield page
            first_page_read.set()
            go_on.wait(10)

    platform.invoice_lines = slowly  # type: ignore[method-assign]

    def worker() -> None:
        try:
            work_on(load, platform)
        finally:
            connection.close()

    thread = threading.Thread(target=worker)
    thread.start()
    assert first_page_read.wait(10)
    assert not work_on(load, platform)
    assert not InvoiceLine.objects.exists()  # nobody sees half a month
    go_on.set()
    thread.join(10)
    load.refresh_from_db()
    assert (load.state, load.new, len(platform.windows)) == ("done", 2, 1)
