"""Filling lines for the tests of what they are filled with."""

from typing import Any

from invoices.services.prefill import count_prefill, prefill_lines


def fill(**scope: Any) -> int:
    """Counts first, fills, and shows that both agree and that a second time changes nothing."""
    counted = count_prefill(where="true", **scope)
    filled = sum(prefill_lines(where="true", **scope).values())
    assert filled == counted
    assert prefill_lines(where="true", **scope) == {}
    return filled
