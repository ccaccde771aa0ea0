"""Loading a month: what comes in, what stays, what is flagged (P14–P19)."""

from datetime import date
from decimal import Decimal

import pytest

from invoices.models import InvoiceLine
from tests.invoices.loading.fake_platform import FakePlatform, load, make_platform_line

pytestmark = pytest.mark.django_db


def line(number: int = 1) -> InvoiceLine:
    return InvoiceLine.objects.get(platform_id=f"LINE-{number}")


def test_a_new_line_has_every_value_of_the_platform() -> None:
    result = load(FakePlatform().put(make_platform_line()))
    row = line()
    assert (result.state, result.new, result.complete) == ("done", 1, True)
    assert row.period == date(2026, 5, 1)
    assert (row.quantity, row.unit_cost) == (Decimal("3"), Decimal("8.125"))
