"""The stand-in's own page: its Additions, newest first, and the fault dial."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox_kit.http import Response
from sandbox_kit.pages import html_page, search_form, table

if TYPE_CHECKING:
    from psa_connectwise.sandbox.server import ConnectWiseStandIn

SHOWN = 500
HEADS = ["Id", "Company", "Agreement", "Reference (serialNumber)", "Product", "Invoice description", "From",
         "Until", "Quantity", "Unit price", "Price", "Cost", "", "Last updated"]  # fmt: skip
TOTALS = ["Currency", "Price", "Cost", "Margin"]
ADDRESSES = ("ledger", "state", "faults", "additions", "mappings.csv")


def render(standin: "ConnectWiseStandIn", wanted: str, dial: str) -> Response:
    """The page; sums are over all that match, the table stops at `SHOWN`."""
    rows = [_row(standin, addition) for addition in standin.store.all("additions")]
    words = wanted.casefold().split()
    rows = [row for row in rows if all(word in _text(row) for word in words)]
    rows.sort(key=lambda row: int(row[0]), reverse=True)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        sums[row[12]] = [sums[row[12]][0] + row[10], sums[row[12]][1] + row[11]]
    totals = [
        [currency, price, cost, price - cost] for currency, (price, cost) in sorted(sums.items())
    ]
    links = " ".join(f'<a href="/_sandbox/{name}">{name}</a>' for name in ADDRESSES)
    return html_page(
        "ConnectWise stand-in",
        f'<p class="note">{len(standin.store.ledger)} writes accepted · {links}</p>',
        dial,
        f"<h2>Additions ({len(rows)}, newest first)</h2>",
        search_form(wanted, "company, agreement, reference, product, text"),
        f'<div class="totals">{table(TOTALS, totals, (1, 2, 3))}</div>',
        table(HEADS, rows[:SHOWN], (8, 9, 10, 11)),
    )


def _row(standin: "ConnectWiseStandIn", addition: dict[str, Any]) -> list[Any]:
    agreement = standin.store.find("agreements", addition["agreementId"]) or {}
    company = agreement.get("company", {})
    return [
        addition["id"],
        f"{company.get('name')} ({company.get('id')})",
        f"{agreement.get('name')} ({agreement.get('id')})",
        addition.get("serialNumber"),
        addition["product"]["identifier"],
        addition.get("invoiceDescription"),
        str(addition.get("effectiveDate", ""))[:10],
        str(addition.get("cancelledDate", ""))[:10],
        addition["quantity"],
        addition["unitPrice"],
        Decimal(addition["extPrice"]),
        Decimal(addition["extCost"]),
        agreement.get("currency", {}).get("currencyCode", ""),
        addition["_info"]["lastUpdated"],
    ]


def _text(row: list[Any]) -> str:
    return " ".join(str(cell) for cell in row).casefold()
