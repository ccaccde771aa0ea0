"""Compares what stands in ConnectWise's stand-in with what the Platform's lines say."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

from invoices.models import InvoiceLine
from tests.e2e.installation import Installation

CENT = Decimal("0.01")
# What the demo's data plants, by the code that groups errors.
PLANTED = {"product_inactive", "agreement_not_active", "currency_differs"}


def assert_every_line_is_accounted_for(whole: Installation) -> None:
    """Each line Synced with its own Addition and its money to the cent, a planted Error, or Unmapped."""
    lines = list(InvoiceLine.objects.all())
    additions = {one["id"]: one for one in whole.additions()}
    synced = [line for line in lines if line.psa_status == InvoiceLine.Status.SYNCED]
    assert Counter(line.addition_id for line in synced) == Counter(additions.keys())
    for line in synced:
        addition = additions[line.addition_id or 0]
        assert _cents(addition["quantity"], addition["unitPrice"]) == line.total_price, line
        assert _cents(addition["quantity"], addition["unitCost"]) == line.total_cost, line
        assert Decimal(str(addition["extPrice"])) == line.total_price, line
    for line in lines:
        if line.psa_status == InvoiceLine.Status.ERROR:
            assert line.error_code in PLANTED, (line, line.error)
        elif line.psa_status == InvoiceLine.Status.NOT_SYNCED:
            assert not line.is_mapped, line
        assert not line.in_flight, line


def _cents(quantity: object, price: object) -> Decimal:
    return (Decimal(str(quantity)) * Decimal(str(price))).quantize(CENT, ROUND_HALF_UP)
