"""A new installation with nothing but its compose file's variables, set up in Chromium.

The first Administrator, the credentials, a green test, the agreement type, the first rule, and the
first load that the schedule makes.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from integration import probes
from invoices.models import InvoiceLine, Load, ScheduledJob
from invoices.tasks.schedule import do_schedule
from psa_connectwise.sandbox import Keys
from tests.browser.conftest import TOASTS_STAY
from tests.e2e.conftest import IN_PROCESS
from tests.e2e.installation import API_KEY, Installation, installation
from tests.e2e.waiting import wait_until

PATIENCE = 60_000  # milliseconds, for what workers do
TOKEN = "a-token-of-prometheus"
PASSWORD = "a-good-password-of-mine"


@pytest.fixture
def bare(transactional_db: None, tmp_path: Path) -> Iterator[Installation]:
    """Both stand-ins run, and nobody has told the product of them."""
    with installation(tmp_path) as running:
        running.environment |= dict.fromkeys(IN_PROCESS, "")
        running.start_worker()
        running.start_beat()
        yield running


def test_the_first_hour(
    bare: Installation,
    live_server: LiveServer,
    page: Page,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(probes, "WORKERS_SECONDS", 20.0)  # a busy machine's worker answers late
    page.add_init_script(TOASTS_STAY)
    page.goto(live_server.url)
    _become_the_first_administrator(bare, page)
    _save_the_credentials(bare, page)
    _choose_the_agreement_type(page)
    _see_every_check_green(page)
    _make_the_first_rule(page)
    _switch_the_monthly_load_on(page)
    before = _scraped(live_server)
    _see_what_the_schedule_loaded(page)
    _see_the_workers_requests(before, _scraped(live_server))
    _see_who_changed_what(page)


def _become_the_first_administrator(bare: Installation, page: Page) -> None:
    expect(page.get_by_role("heading", name="The first Administrator")).to_be_visible()
    page.get_by_label("Setup code").fill(bare.command("setup_code").stdout.strip())
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def _save_the_credentials(bare: Installation, page: Page) -> None:
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link", name="Dashboard")).to_be_disabled()
    keys = Keys()
    theirs = page.get_by_role("region", name="ConnectWise PSA")
    theirs.get_by_label("API URL").fill(bare.connectwise.url)
    theirs.get_by_label("Company ID").fill(keys.company_id)
    theirs.get_by_label("Public key").fill(keys.public)
    theirs.get_by_label("Private key").fill(keys.private)
    theirs.get_by_label("Client ID").fill(keys.client_id)
    platform = page.get_by_role("region", name="Platform", exact=True)
    platform.get_by_label("API URL").fill(bare.platform.url)
    platform.get_by_label("API key").fill(API_KEY)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-item")).to_contain_text("Saved:")
    expect(navigation.get_by_role("link", name="System Logs")).to_be_enabled()


def _choose_the_agreement_type(page: Page) -> None:
    expect(page.locator(".banner")).to_contain_text("select an Agreement Type")
    page.get_by_role("link", name="Open Configuration").click()
    page.get_by_role("button", name="Read agreement types from ConnectWise").click()
    page.get_by_label("Default Agreement Type").select_option("Cloud Subscriptions")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner")).to_have_count(0)


def _see_every_check_green(page: Page) -> None:
    page.get_by_role("link", name="Authentication").click()
    wait_until(probes.last_knock, "a worker hears beat")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#checks li")).to_have_count(13, timeout=PATIENCE)
    expect(page.locator("#checks li:not(.is-ok)")).to_have_count(0)


def _make_the_first_rule(page: Page) -> None:
    page.get_by_role("link", name="Configuration").click()
    page.get_by_role("link", name="Charge-date rules").click()
    page.get_by_role("link", name=re.compile("Add charge-date rule")).first.click()
    page.get_by_label("Charge type").select_option("Usage Fee")
    page.get_by_label(re.compile("^Date")).select_option("Charge End Date")
    page.get_by_label("What to do").select_option("Last day of the invoice month")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")


def _switch_the_monthly_load_on(page: Page) -> None:
    page.goto(f"{page.url.split('/admin/')[0]}/settings/configuration/")
    page.get_by_label("Monthly load", exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-item")).to_contain_text("Monthly load")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator("dl.schedule")).to_contain_text("next on")
    expect(page.get_by_role("heading", name="Nothing has been loaded yet")).to_be_visible()


def _see_what_the_schedule_loaded(page: Page) -> None:
    """A month passes: the job looks as if it had been switched on before its last slot."""
    ScheduledJob.objects.update_or_create(
        name="monthly_load", defaults={"since": timezone.now() - timedelta(days=40)}
    )
    do_schedule.delay()
    wait_until(lambda: Load.objects.filter(state="done").exists(), "the schedule loads a month")
    page.reload()
    row = page.locator("table.recent tbody tr")
    expect(row).to_contain_text("schedule")
    expect(row).to_contain_text(re.compile(r"\d+ new"))
    by_the_rule = InvoiceLine.objects.filter(charge_end_date_source="system")
    assert set(by_the_rule.values_list("charge_type", flat=True)) == {"Usage Fee"}


def _scraped(live_server: LiveServer) -> dict[str, float]:
    """What Prometheus reads of the web server, by name and labels."""
    answer = requests.get(
        f"{live_server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
    )
    rows = (line.rpartition(" ") for line in answer.text.splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in rows}


def _see_the_workers_requests(before: dict[str, float], after: dict[str, float]) -> None:
    """Made by a process that the web server knows nothing of."""
    made = 'linebridge_remote_requests_total{method="GET",outcome="2xx",remote="platform"}'
    took = 'linebridge_remote_request_seconds_count{method="GET",remote="platform"}'
    for name in (made, took):
        assert after[name] > before[name] > 0
    assert sum(n for name, n in after.items() if name.startswith("linebridge_lines{")) > 300
    assert after["linebridge_queue_tasks"] >= 0
    assert after["linebridge_beat_heard_timestamp_seconds"] > 0
    assert after['linebridge_answered{part="remotes"}'] == 1


def _see_who_changed_what(page: Page) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="History").click()
    changes = page.locator("#changes")
    expect(changes).to_contain_text("Monthly load: off → on")
    expect(changes).to_contain_text("What to do: Last day of the invoice month")
    expect(changes).to_contain_text("private key: changed")
    expect(changes).to_contain_text("by the setup code")
