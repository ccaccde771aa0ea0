"""Fixtures for every test: the browser, a finished setup, an empty log queue."""

import os
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import expect
from pytest_django import DjangoDbBlocker

from integration.launch.machine import NO_CHROMIUM, find_chromium
from integration.system_log import handler
from tests import flush

# Playwright keeps an event loop in the test's thread, which Django takes for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
flush.install()
# A busy machine is no failure: what never comes true still fails, only later.
expect.set_options(timeout=20_000)
# Likewise one example of many that took longer than Hypothesis' 200 ms, or was long in the making.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

LONGEST = (
    *("tests/e2e/", "tests/launch/test_demo", "tests/soak/", "tests/browser/"),
    "tests/integration/test_",
)
# Each window's address bar, which nobody sees, loads two pages of its own: a third of what a test costs.
ADDRESS_BAR_POPUPS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
# A process made ready for the next window, which here never takes it.
SPARE_PROCESS = ("SpareRendererForSitePerProcess",)
# What Playwright switches off itself: of two such lists Chromium reads the last.
PLAYWRIGHT_DISABLES = (
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades"),
    *("LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints"),
    *("PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning"),
)


def _broker_of_its_own() -> None:
    """Each of the processes that share the tests empties and fills only its own broker."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if number:
        url = urlsplit(settings.REDIS_URL)._replace(path=f"/{int(number) + 1}").geturl()
        os.environ["REDIS_URL"] = settings.REDIS_URL = settings.CELERY_BROKER_URL = url
        settings.CACHES["default"]["LOCATION"] = url


_broker_of_its_own()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes that share the tests take the long files first: neither waits for the other's last."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: [not item.nodeid.startswith(one) for one in LONGEST])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hostile text that a test logged travels between the processes as what UTF-8 can say."""
    report = yield
    report.sections = [
        (name, text.encode(errors="replace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium that is there; without one the tests fail, and say what to install."""
    program = find_chromium()
    if program is None:
        pytest.fail(f"{NO_CHROMIUM}\n`make test` does it where it can.")
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses root its sandbox
    features = ",".join((*PLAYWRIGHT_DISABLES, *ADDRESS_BAR_POPUPS, *SPARE_PROCESS))
    quiet = ["--disable-gpu", "--disable-background-networking", f"--disable-features={features}"]
    return {**browser_type_launch_args, "executable_path": program, "args": [*sandbox, *quiet]}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A thread that answered the last page may hold its connection still: it is dropped all the same."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True, scope="session")
def static_files_on_demand() -> None:
    """Each test client starts the middlewares anew: without this, each lists every static file."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> None:
    """The real hash is slow on purpose, a third of a second for each password set or tried."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def finished_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate is open; `tests/integration`, which tests it, takes this back."""
    monkeypatch.setattr("integration.gate.read_gate", lambda: None)


@pytest.fixture(autouse=True)
def empty_log_queue() -> Iterator[None]:
    """What a test logged inside a transaction never reaches the next one."""
    handler.discard()
    yield
    handler.discard()
