"""Waiting for what other processes do: for a condition, never for a time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def wait_until(
    condition: Callable[[], object], what: str, *, at_most: float = PATIENCE_SECONDS
) -> None:
    """Asks again and again; fails with `what` when it never comes true."""
    until = time.monotonic() + at_most
    while not condition():
        assert time.monotonic() < until, f"waited {at_most:.0f} s in vain: {what}"
        time.sleep(0.05)
