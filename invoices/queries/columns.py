"""The columns of the Invoices grid, in their order (P21, P22)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column; `field` is the line's column that it shows, sorts and filters by."""

    key: str  # in the URL
    label: str
    group: str
    field: str
    filters: bool = False
    # Sorted as people read, capitals beside small letters.
    folds_case: bool = False
    # Counted from an index alone (`InvoiceLine`'s TALLIES), which finds any page at once.
    tallied: bool = False
    # Of numbers, whole ones are counted: prices alone are too many to be told apart quickly.
    is_number: bool = False
    # Shown only to those who choose it.
    optional: bool = False
    css: str = ""
    hint: str = ""
    width: int = 120  # in pixels, until a user drags it

    @property
    def is_editable(self) -> bool:
        """Edited in the row, so it is always shown."""
        return "editable" in self.css


END_DATE_HINT = (
    "When no rules in settings are configured or manual overrides are applied, Charge End dates "
    "are automatically adjusted during sync. Non-recurring invoice lines use the last day of the "
    "start month as the end date. Recurring invoice lines sync without an end date."
)
# Room for a date, its badge, and the input that edits it.
DATED = 224
NARROWEST, WIDEST = 56, 800

COLUMNS = (
    Column(
        key="invoice_date",
        label="Invoice Date",
        group="Platform",
        field="invoice_date",
        css="date",
        width=112,
    ),
    Column(
        key="invoice_number",
        label="Invoice Number",
        group="Platform",
        field="invoice_number",
        optional=True,
        width=140,
    ),
    Column(
        key="organization",
        label="Organization Name",
        group="Platform",
        field="organization_name",
        folds_case=True,
        tallied=True,
        width=200,
    ),
    Column(
        key="reference",
        label="Organization Reference #",
        group="Platform",
        field="organization_reference",
        tallied=True,
        width=188,
    ),
    Column(
        key="contract",
        label="Contract ID",
        group="Platform",
        field="contract_id",
        filters=True,
        tallied=True,
        width=136,
    ),
    Column(
        key="offer",
        label="Offer Name",
        group="Platform",
        field="offer_name",
        filters=True,
        folds_case=True,
        tallied=True,
        width=220,
    ),
    Column(
        key="offer_id",
        label="Offer ID",
        group="Platform",
        field="offer_platform_id",
        tallied=True,
        width=136,
    ),
    Column(
        key="subscription",
        label="Subscription",
        group="Platform",
        field="subscription_name",
        folds_case=True,
        optional=True,
        width=200,
    ),
    Column(
        key="vendor",
        label="Vendor Name",
        group="Platform",
        field="vendor_name",
        filters=True,
        folds_case=True,
        tallied=True,
        width=144,
    ),
    Column(
        key="billing_cycle",
        label="Billing Cycle",
        group="Platform",
        field="billing_cycle",
        filters=True,
        tallied=True,
        width=132,
    ),
    Column(
        key="commitment_term",
        label="Commitment Term",
        group="Platform",
        field="commitment_term",
        filters=True,
        tallied=True,
        width=166,
    ),
    Column(
        key="quantity",
        label="Quantity",
        group="Platform",
        field="quantity",
        css="num",
        tallied=True,
        is_number=True,
        width=96,
    ),
    Column(
        key="cost",
        label="Cost",
        group="Platform",
        field="unit_cost",
        css="num",
        tallied=True,
        is_number=True,
    ),
    Column(
        key="revenue",
        label="Revenue",
        group="Platform",
        field="unit_price",
        css="num",
        tallied=True,
        is_number=True,
    ),
    Column(
        key="total_cost",
        label="Total Cost",
        group="Platform",
        field="total_cost",
        css="num",
        tallied=True,
        is_number=True,
        optional=True,
        width=132,
    ),
    Column(
        key="total_revenue",
        label="Total Revenue",
        group="Platform",
        field="total_price",
        css="num",
        tallied=True,
        is_number=True,
        optional=True,
        width=132,
    ),
    Column(
        key="start",
        label="Charge Start Date",
        group="Charge",
        field="charge_start_date",
        tallied=True,
        css="date editable",
        width=DATED,
    ),
    Column(
        key="end",
        label="Charge End Date",
        group="Charge",
        field="charge_end_date",
        tallied=True,
        css="date editable",
        hint=END_DATE_HINT,
        width=DATED,
    ),
    Column(
        key="charge_type",
        label="Charge Type",
        group="Charge",
        field="charge_type",
        tallied=True,
        width=144,
    ),
    Column(
        key="company",
        label="PSA Organization Name",
        group="ConnectWise",
        field="company_name",
        folds_case=True,
        tallied=True,
        css="editable",
        width=216,
    ),
    Column(
        key="company_id",
        label="PSA Organization ID",
        group="ConnectWise",
        field="company_connectwise_id",
        tallied=True,
        css="num",
        width=156,
    ),
    Column(
        key="agreement",
        label="PSA Agreement Name",
        group="ConnectWise",
        field="agreement_name",
        folds_case=True,
        tallied=True,
        css="editable",
        width=236,
    ),
    Column(
        key="product",
        label="PSA Product Name",
        group="ConnectWise",
        field="product_name",
        folds_case=True,
        tallied=True,
        css="editable",
        width=216,
    ),
    Column(
        key="product_id",
        label="PSA Product ID",
        group="ConnectWise",
        field="product_connectwise_id",
        tallied=True,
        css="num",
        width=132,
    ),
    Column(
        key="mapping",
        label="Mapping Status",
        group="Status",
        field="is_mapped",
        filters=True,
        tallied=True,
        width=160,
    ),
    Column(
        key="status",
        label="Status in PSA",
        group="Status",
        field="psa_status",
        filters=True,
        tallied=True,
        width=260,
    ),
)
# Filters that no head offers: links from elsewhere lead to one line, or to all of one cause.
HIDDEN = (
    Column(key="line", label="Line", group="", field="platform_id", filters=True),
    Column(key="cause", label="Cause", group="", field="error_code", filters=True),
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
    return max(NARROWEST, min(width, WIDEST))
