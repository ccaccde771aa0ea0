"""The columns of the Invoices grid, in their order (P21)."""

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
    css: str = ""
    hint: str = ""

    @property
    def starts_group(self) -> bool:
        return self in GROUP_STARTS

    @property
    def head_css(self) -> str:
        return f"{self.css} group-start" if self.starts_group else self.css


END_DATE_HINT = (
    "When no rules in settings are configured or manual overrides are applied, Charge End dates "
    "are automatically adjusted during sync. Non-recurring invoice lines use the last day of the "
    "start month as the end date. Recurring invoice lines sync without an end date."
)

COLUMNS = (
    Column(
        key="invoice_date",
        label="Invoice Date",
        group="Platform",
        field="invoice_date",
        css="date",
    ),
    Column(
        key="organization",
        label="Organization Name",
        group="Platform",
        field="organization_name",
        folds_case=True,
    ),
    Column(
        key="reference",
        label="Organization Reference #",
        group="Platform",
        field="organization_reference",
    ),
    Column(
        key="contract", label="Contract ID", group="Platform", field="contract_id", filters=True
    ),
    Column(
        key="offer",
        label="Offer Name",
        group="Platform",
        field="offer_name",
        filters=True,
        folds_case=True,
    ),
    Column(key="offer_id", label="Offer ID", group="Platform", field="offer_platform_id"),
    Column(
        key="vendor",
        label="Vendor Name",
        group="Platform",
        field="vendor_name",
        filters=True,
        folds_case=True,
    ),
    Column(
        key="billing_cycle",
        label="Billing Cycle",
        group="Platform",
        field="billing_cycle",
        filters=True,
    ),
    Column(
        key="commitment_term",
        label="Commitment Term",
        group="Platform",
        field="commitment_term",
        filters=True,
    ),
    Column(key="quantity", label="Quantity", group="Platform", field="quantity", css="num"),
    Column(key="cost", label="Cost", group="Platform", field="unit_cost", css="num"),
    Column(key="revenue", label="Revenue", group="Platform", field="unit_price", css="num"),
    Column(
        key="start",
        label="Charge Start Date",
        group="Charge",
        field="charge_start_date",
        css="date editable",
    ),
    Column(
        key="end",
        label="Charge End Date",
        group="Charge",
        field="charge_end_date",
        css="date editable",
        hint=END_DATE_HINT,
    ),
    Column(key="charge_type", label="Charge Type", group="Charge", field="charge_type"),
    Column(
        key="company",
        label="PSA Organization Name",
        group="ConnectWise",
        field="company_name",
        folds_case=True,
        css="editable",
    ),
    Column(
        key="company_id",
        label="PSA Organization ID",
        group="ConnectWise",
        field="company_connectwise_id",
        css="num",
    ),
    Column(
        key="agreement",
        label="PSA Agreement Name",
        group="ConnectWise",
        field="agreement_name",
        folds_case=True,
        css="editable",
    ),
    Column(
        key="product",
        label="PSA Product Name",
        group="ConnectWise",
        field="product_name",
        folds_case=True,
        css="editable",
    ),
    Column(
        key="product_id",
        label="PSA Product ID",
        group="ConnectWise",
        field="product_connectwise_id",
        css="num",
    ),
    Column(key="mapping", label="Mapping Status", group="Status", field="is_mapped", filters=True),
    Column(key="status", label="Status in PSA", group="Status", field="psa_status", filters=True),
)
# Filters that no head offers: links from elsewhere lead to one line, or to all of one cause.
HIDDEN = (
    Column(key="line", label="Line", group="", field="platform_id", filters=True),
    Column(key="cause", label="Cause", group="", field="error_code", filters=True),
)
BY_KEY = {column.key: column for column in COLUMNS}
FILTER_COLUMNS = BY_KEY | {column.key: column for column in HIDDEN}
FILTERS = tuple(column.key for column in FILTER_COLUMNS.values() if column.filters)
DEFAULT_SORT = "invoice_date"

_GROUPED = [(name, list(columns)) for name, columns in groupby(COLUMNS, lambda c: c.group)]
# The thin row over the heads: name and how many columns it spans.
GROUPS = tuple((name, len(columns)) for name, columns in _GROUPED)
GROUP_STARTS = frozenset(columns[0] for _, columns in _GROUPED)
