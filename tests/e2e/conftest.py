"""The whole installation, for tests that look at it from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, installation


@pytest.fixture
def whole(transactional_db: None, tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as running:
        yield running
