"""The monthly loop by commands only, with a worker in another process."""

import csv
import io
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from invoices.loading.queries import business_today
from invoices.models import InvoiceLine, Operation
from invoices.months import month_of
from invoices.sync import run
from invoices.tasks.sync import ring
from tests.e2e.installation import Installation
from tests.e2e.judge import PLANTED, assert_every_line_is_accounted_for
from tests.e2e.waiting import wait_until

Status = InvoiceLine.Status


def mappings(whole: Installation, folder: Path) -> str:
    """The mapping that the invented reseller means, as a file."""
    file = folder / "mappings.csv"
    meant = requests.get(f"{whole.connectwise.url}/_sandbox/mappings.csv", timeout=10)
    file.write_bytes(meant.content)
    return str(file)


@pytest.fixture
def loaded(whole: Installation, tmp_path: Path) -> Installation:
    whole.result("refresh_directory")
    whole.result("import_mappings", mappings(whole, tmp_path))
    whole.result("load_invoices", "--period", "current")
    return whole


def test_a_month_by_commands_and_each_again_changes_nothing(
    loaded: Installation, tmp_path: Path
) -> None:
    loaded.start_worker()

    first = loaded.result("sync_invoices", "--period", "current", exit_code=1)

    planted = InvoiceLine.objects.filter(error_code__in=PLANTED).count()
    assert first["errors"] == planted > 0
    assert first["posted"] == InvoiceLine.objects.filter(psa_status=Status.SYNCED).count() > 200
    assert_every_line_is_accounted_for(loaded)
    _each_again_changes_nothing(loaded, tmp_path)
    _export_tells_the_same(loaded)


def _each_again_changes_nothing(whole: Installation, folder: Path) -> None:
    versions = dict(InvoiceLine.objects.values_list("pk", "version"))
    writes = len(whole.connectwise.app.store.ledger)

    assert whole.result("refresh_directory")["companies"]["new"] == 0
    assert whole.result("import_mappings", mappings(whole, folder))["changed"] == 0
    (load,) = whole.result("load_invoices", "--period", "current")["loads"]
    assert (load["new"], load["updated"]) == (0, 0)
    again = whole.result("sync_invoices", "--period", "current", exit_code=1)

    assert again["posted"] == 0
    assert len(whole.connectwise.app.store.ledger) == writes
    assert dict(InvoiceLine.objects.values_list("pk", "version")) == versions


def _export_tells_the_same(whole: Installation) -> None:
    done = whole.command("export_lines", "--period", "current")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.lstrip("\ufeff"))))
    assert len(rows) == InvoiceLine.objects.count()
    told = {row["platform_id"]: row["addition_id"] for row in rows if row["addition_id"]}
    assert told == {
        line.platform_id: str(line.addition_id)
        for line in InvoiceLine.objects.filter(psa_status=Status.SYNCED)
    }


def test_a_worker_killed_in_the_middle_with_replies_lost_doubles_and_loses_nothing(
    loaded: Installation,
) -> None:
    loaded.connectwise.faults.set(share_lost_reply=0.15, latency_ms=20)
    loaded.start_worker()
    loaded.start_beat()
    this_month = month_of(business_today(timezone.now()))
    ring(run.start_run(period=this_month, line_ids=None, user=None))
    wait_until(lambda: len(loaded.additions()) > 40, "a good part of the month is posted")
    loaded.kill_worker()
    assert Operation.objects.filter(state="planned").exists()

    loaded.start_worker()

    wait_until(_quiet, "the run is over and nothing is unknown")
    assert_every_line_is_accounted_for(loaded)


def _quiet() -> bool:
    open_states = ("planned", "claimed", "unknown")
    return not Operation.objects.filter(state__in=open_states).exists()


@pytest.mark.parametrize(
    ("changes", "arguments", "words"),
    [
        ({"PLATFORM_API_KEY": "wrong"}, ("refresh_directory",), "API key"),
        ({"CONNECTWISE_PRIVATE_KEY": "wrong"}, ("refresh_directory",), "ConnectWise"),
        ({"CONNECTWISE_URL": "http://127.0.0.1:9"}, ("refresh_directory",), "reach"),
        ({"PLATFORM_URL": "http://127.0.0.1:9"}, ("load_invoices", "--period", "current"), "reach"),
        ({"DATABASE_URL": ""}, ("refresh_directory",), "DATABASE_URL"),
        ({"REDIS_URL": "nonsense"}, ("refresh_directory",), "REDIS_URL"),
        ({}, ("load_invoices", "--period", "2026-13"), "2026-13"),
    ],
)
def test_what_can_not_run_says_why_in_one_sentence(
    whole: Installation, changes: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    done = whole.command(*arguments, **changes)

    told = [line for line in done.stderr.splitlines() if not line.startswith("20")]
    assert done.returncode == 2, done.stderr
    assert len(told) == 1, done.stderr
    assert words in told[0]
    assert "Traceback" not in done.stderr


def test_a_page_with_one_broken_line_loses_only_that_line(whole: Installation) -> None:
    whole.result("refresh_directory")
    broken = f"line-{business_today(timezone.now()):%Y%m}-000007"
    assert whole.platform.app.book.change(broken, set={"quantity": "many"})

    (load,) = whole.result("load_invoices", "--period", "current", exit_code=1)["loads"]

    assert load["bad"] == 1
    assert load["complete"] is False
    assert not InvoiceLine.objects.filter(platform_id=broken).exists()
    assert InvoiceLine.objects.count() == load["new"] > 300
