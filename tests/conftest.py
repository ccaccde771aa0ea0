"""Fixtures for every test: so far the browser."""

import os
from typing import Any

import pytest

from integration.launch.machine import NO_CHROMIUM, find_chromium

# Playwright keeps an event loop in the test's thread, which Django takes for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium that is there; without one the tests fail, and say what to install."""
    program = find_chromium()
    if program is None:
        pytest.fail(f"{NO_CHROMIUM}\n`make test` does it where it can.")
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses root its sandbox
    quiet = ["--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": program, "args": [*sandbox, *quiet]}
