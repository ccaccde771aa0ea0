"""The columns of the Invoices grid, in their order (P21, P22)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby


class Kind(StrEnum):
    """What stands in a column: how it is sorted, counted and aligned."""

    TEXT = "text"
    NAME = "name"  # sorted as people read, capitals beside small letters
    DATE = "date"
    NUMBER = "number"
    ID = "id"


ALIGNED = {Kind.DATE: "date", Kind.NUMBER: "num", Kind.ID: "num"}


@dataclass(frozen=True)
class Column:
    """One column; `field` is the line's column that it shows, sorts and filters by."""

    key: str  # in the URL
    label: str
    field: str
    width: int = 120  # in pixels, until a user drags it
    kind: Kind = Kind.TEXT
    group: str = ""
    filters: bool = False
    is_editable: bool = False  # in the row, so it is always shown
    optional: bool = False  # shown only to those who choose it
    # Counted from an index alone (`InvoiceLine`'s TALLIES), which finds any page at once.
    tallied: bool = True
    hint: str = ""

    @property
    def css(self) -> str:
        """The classes of its head and cells."""
        names = (ALIGNED.get(self.kind), "editable" if self.is_editable else None)
        return " ".join(filter(None, names))


def _grouped(group: str, *columns: Column) -> Iterator[Column]:
    return (replace(column, group=group) for column in columns)


END_DATE_HINT = (
    "When no rules in settings are configured or manual overrides are applied, Charge End dates "
    "are automatically adjusted during sync. Non-recurring invoice lines use the last day of the "
    "start month as the end date. Recurring invoice lines sync without an end date."
)
# Room for a date, its badge, and the input that edits it.
DATED = 224
NARROWEST, WIDEST = 56, 800
TEXT, NAME, DATE, NUMBER, ID = Kind

COLUMNS = (
    *_grouped(
        "Platform",
        Column("invoice_date", "Invoice Date", "invoice_date", 112, DATE, tallied=False),
        Column("invoice_number", "Invoice Number", "invoice_number", 140, optional=True),
        Column("organization", "Organization Name", "organization_name", 200, NAME),
        Column("reference", "Organization Reference #", "organization_reference", 188),
        Column("contract", "Contract ID", "contract_id", 136, filters=True),
        Column("offer", "Offer Name", "offer_name", 220, NAME, filters=True),
        Column("offer_id", "Offer ID", "offer_platform_id", 136),
        Column(
            "subscription",
            "Subscription",
            "subscription_name",
            200,
            NAME,
            optional=True,
            tallied=False,  # nearly each line has one of its own
        ),
        Column("vendor", "Vendor Name", "vendor_name", 144, NAME, filters=True),
        Column("billing_cycle", "Billing Cycle", "billing_cycle", 132, filters=True),
        Column("commitment_term", "Commitment Term", "commitment_term", 166, filters=True),
        Column("quantity", "Quantity", "quantity", 96, NUMBER),
        Column("cost", "Cost", "unit_cost", kind=NUMBER),
        Column("revenue", "Revenue", "unit_price", kind=NUMBER),
        Column("total_cost", "Total Cost", "total_cost", 132, NUMBER, optional=True),
        Column("total_revenue", "Total Revenue", "total_price", 132, NUMBER, optional=True),
    ),
    *_grouped(
        "Charge",
        Column("start", "Charge Start Date", "charge_start_date", DATED, DATE, is_editable=True),
        Column(
            "end",
            "Charge End Date",
            "charge_end_date",
            DATED,
            DATE,
            is_editable=True,
            hint=END_DATE_HINT,
        ),
        Column("charge_type", "Charge Type", "charge_type", 144),
    ),
    *_grouped(
        "ConnectWise",
        Column("company", "PSA Organization Name", "company_name", 216, NAME, is_editable=True),
        Column("company_id", "PSA Organization ID", "company_connectwise_id", 156, ID),
        Column("agreement", "PSA Agreement Name", "agreement_name", 236, NAME, is_editable=True),
        Column("product", "PSA Product Name", "product_name", 216, NAME, is_editable=True),
        Column("product_id", "PSA Product ID", "product_connectwise_id", 132, ID),
    ),
    *_grouped(
        "Status",
        Column("mapping", "Mapping Status", "is_mapped", 160, filters=True),
        Column("status", "Status in PSA", "psa_status", 284, filters=True),
    ),
)
# Filters that no head offers: links from elsewhere lead to one line, or to all of one cause.
HIDDEN = (
    Column("line", "Line", "platform_id", filters=True),
    Column("cause", "Cause", "error_code", filters=True),
)
BY_KEY = {column.key: column for column in COLUMNS}
FILTER_COLUMNS = BY_KEY | {column.key: column for column in HIDDEN}
FILTERS = tuple(column.key for column in FILTER_COLUMNS.values() if column.filters)
SHOWN = tuple(column.key for column in COLUMNS if not column.optional)
DEFAULT_SORT = "invoice_date"


@dataclass(frozen=True, kw_only=True)
class ShownColumn:
    """A column as one user sees it."""

    column: Column
    width: int
    starts_group: bool

    @property
    def css(self) -> str:
        return f"{self.column.css} group-start".lstrip() if self.starts_group else self.column.css


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns that a user sees, and the thin row over the heads: names and what they span."""

    columns: Sequence[ShownColumn]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Each name, and how many columns it spans."""
        names = (one.column.group for one in self.columns)
        return [(name, len(list(same))) for name, same in groupby(names)]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.column.key for one in self.columns)


def layout_of(keys: Collection[str], widths: dict[str, int]) -> Layout:
    """Those columns and the editable ones, in their order; those of P21 where there are no keys."""
    keys = keys or SHOWN
    chosen = [column for column in COLUMNS if column.key in keys or column.is_editable]
    before = [None, *chosen]
    return Layout(
        columns=[
            ShownColumn(
                column=column,
                width=clamped(widths.get(column.key, column.width)),
                starts_group=last is None or last.group != column.group,
            )
            for last, column in zip(before, chosen, strict=False)
        ]
    )


def clamped(width: int) -> int:
    """A column's width in pixels, however it was dragged or asked for."""
    return max(NARROWEST, min(width, WIDEST))
