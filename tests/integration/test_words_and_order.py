"""What stands where, in the specification's own words (P1, P2, P4, P5, P6, P7, P51, P53)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from integration.celery import app
from integration.system_log.models import LogEntry
from invoices.models import ChargeDateRule, InvoiceSettings
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import make_agreement_type

MAPPING = [f"/mapping/{tab}/" for tab in ("organizations", "products", "invoices")]
CONFIGURATION = "/settings/configuration/"


def part(page: str, beginning: str, end: str) -> str:
    return page.partition(beginning)[2].partition(end)[0]


def in_order(text: str, *words: str) -> bool:
    places = [text.index(f">{word}<") for word in words]
    return places == sorted(places)


@pytest.mark.parametrize("address", MAPPING)
def test_mapping_has_three_tabs_in_the_order_of_the_work(
    open_gate: ConnectWiseSettings, operator: Client, address: str
) -> None:
    tabs = part(operator.get(address).text, 'aria-label="Mapping"', "</nav>")
    assert re.findall(r'href="([^"]+)"', tabs) == MAPPING
    assert re.findall(r">\s*(Organizations|Products|Invoices)\b", tabs) == [
        "Organizations",
        "Products",
        "Invoices",
    ]


def test_settings_has_three_tabs(open_gate: ConnectWiseSettings, administrator: Client) -> None:
    tabs = part(administrator.get("/settings/").text, 'aria-label="Settings"', "</nav>")
    assert in_order(tabs, "Authentication", "Configuration", "Dictionary")


@pytest.mark.parametrize(
    ("saved", "disabled"),
    [(False, ["Dashboard", "Mapping", "System Logs"]), (True, ["Dashboard", "Mapping"])],
)
def test_the_menu_is_off_for_what_is_closed(
    open_gate: ConnectWiseSettings,
    settings: LazySettings,
    administrator: Client,
    saved: bool,
    disabled: list[str],
) -> None:
    open_gate.default_agreement_type = None
    if not saved:
        settings.CONNECTWISE_URL = open_gate.url = ""
    open_gate.save()

    menu = part(administrator.get("/settings/").text, 'aria-label="Main"', "</nav>")

    off = re.findall(r'aria-disabled="true".*?class="words">([^<]+)<', menu)
    assert off == disabled


@pytest.mark.parametrize("address", MAPPING)
def test_best_practices_are_at_hand_on_each_tab(
    open_gate: ConnectWiseSettings, operator: Client, address: str
) -> None:
    actions = part(operator.get(address).text, 'class="page-actions"', "</header>")
    assert "Best Practices</button>" in actions
    assert 'hx-get="/mapping/best-practices/"' in actions


def test_best_practices_are_these_six(open_gate: ConnectWiseSettings, operator: Client) -> None:
    rules = re.findall(r"<li>(.*?)</li>", operator.get("/mapping/best-practices/").text)
    assert rules == [
        "Map organizations and products first.",
        "Load products in windows of 1–3 months.",
        "Run Sync Organizations after onboarding customers.",
        "A Response Error badge is a temporary ConnectWise problem: refresh later.",
        "Post after month-end, once all invoices have arrived.",
        "Automated Daily Sync on when most lines are mapped, off while re-mapping.",
    ]


def test_authentication_asks_for_seven_things_and_tells_how_to_get_them(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    page = administrator.get("/settings/").text
    labels = re.findall(r"<label for=\"id_(?:connectwise|platform)[^>]*>([^<]+)<", page)
    assert labels == [
        *("API URL", "Company ID", "Public key", "Private key", "Client ID"),
        *("API URL", "API key"),
    ]
    assert re.search(
        r'<details class="card-box">\s*<summary>How to obtain API credentials</summary>', page
    )


def test_a_new_installation_counts_its_months_in_utc(db: None) -> None:
    assert InvoiceSettings.load().time_zone == "UTC"


def test_everything_that_configuration_offers_is_kept(
    open_gate: ConnectWiseSettings, administrator: Client
) -> None:
    agreement_type = make_agreement_type(name="Cloud")
    chosen: dict[str, Any] = {
        "default_agreement_type": agreement_type.pk,
        "time_zone": "Europe/Berlin",
        "daily_sync": "on",
        "daily_sync_hour": "6",
        "monthly_load": "on",
        "monthly_load_day": "4",
        "monthly_load_hour": "7",
        "cancellation_policy": "apply",
        "cancellation_share": "15",
        "end_long_cycles": "on",
        "reference_field": "Linebridge key",
        "price_decimals": "2",
    }

    assert administrator.post(CONFIGURATION, chosen).status_code == 302

    ours, remote = InvoiceSettings.load(), ConnectWiseSettings.load()
    kept = {name: getattr(ours, name, getattr(remote, name, None)) for name in chosen}
    assert kept == {
        **chosen,
        **dict.fromkeys(("daily_sync", "monthly_load", "end_long_cycles"), True),
        **{name: int(value) for name, value in chosen.items() if str(value).isdigit()},
        "default_agreement_type": agreement_type,
    }


def test_configuration_leads_on_to_rules_and_names(
    open_gate: ConnectWiseSettings, admin_client: Client
) -> None:
    page = admin_client.get(CONFIGURATION).text
    assert '<a href="/admin/invoices/chargedaterule/">Charge-date rules</a>' in page
    assert '<a href="/admin/invoices/chargetypename/">Charge-type display names</a>' in page


def test_a_rule_offers_these_nine_choices_for_either_date() -> None:
    assert [str(kind.label) for kind in ChargeDateRule.Kind] == [
        "Platform's date",
        "First day of the start month",
        "First day of the following month",
        "First day of the invoice month",
        "Last day of the invoice month",
        "Last day of the start month",
        "Last day of the end month",
        "Fixed day of month",
        "No date (end only)",
    ]


def test_the_log_is_of_the_last_thirty_days_also_before_it_is_pruned(
    open_gate: ConnectWiseSettings, viewer: Client
) -> None:
    for days, words in ((29, "nearly a month ago"), (31, "more than a month ago")):
        when = timezone.now() - timedelta(days=days)
        LogEntry.objects.create(level=20, created_at=when, logger="invoices", summary=words)

    page = viewer.get("/logs/").text

    assert "nearly a month ago" in page
    assert "more than a month ago" not in page
    assert 'aria-label="Refresh"' in page


@pytest.mark.parametrize(
    "task",
    [
        "invoices.tasks.schedule.do_schedule",
        "invoices.tasks.sync.settle_postings",
        "integration.system_log.tasks.prune_logs",
    ],
)
def test_beat_knocks_for(task: str) -> None:
    app.loader.import_default_modules()
    planned = {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert task in planned
    assert planned <= set(app.tasks)
