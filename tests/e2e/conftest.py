"""The whole installation, for tests that look at it from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.e2e.installation import Installation, installation

IN_PROCESS = (
    "PLATFORM_URL",
    "PLATFORM_API_KEY",
    "CONNECTWISE_URL",
    "CONNECTWISE_COMPANY_ID",
    "CONNECTWISE_PUBLIC_KEY",
    "CONNECTWISE_PRIVATE_KEY",
    "CONNECTWISE_CLIENT_ID",
    "DEFAULT_AGREEMENT_TYPE",
)


@pytest.fixture
def finished_setup() -> None:
    """The real gate: these tests begin where a new installation does."""


@pytest.fixture
def whole(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as running:
        for name in IN_PROCESS:
            setattr(settings, name, running.environment[name])
        settings.CONNECTWISE_TIMEOUT_SECONDS = 3.0
        settings.CONNECTWISE_SETTLE_SECONDS = 1.0
        settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE = 600_000
        yield running
