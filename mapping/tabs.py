"""The Organizations and the Products tab: one grid twice, told apart by this description (P9, P10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mapping.models import Offer, OfferSuggestion, Organization, OrganizationSuggestion
from mapping.names import Kind
from mapping.ports import Part, WaitingColumn
from psa_connectwise.models import Company, Product

Mapped = Organization | Offer
Target = Company | Product
Field = Literal["company", "product"]
# The column with the revenue of unsynced lines that lack this mapping.
WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the Platform's side: where it comes from, and what it is called."""

    key: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Tab:
    """What differs between the two tabs; `field` is the mapping, `noun` its word in sentences."""

    key: str
    noun: str
    plural: str
    title: str
    model: type[Organization] | type[Offer]
    target_model: type[Company] | type[Product]
    field: Field
    target_noun: str
    target_name: str
    target_id: str
    columns: tuple[Column, ...]
    pick_url: str
    # Which lines a mapping fills, and which of their values.
    line_column: WaitingColumn
    part: Part
    icon: str
    search_label: str
    refreshed_words: str
    empty_words: str
    # Suggestions: what is compared with a target's identifier, and whether two may have one target.
    kind: Kind
    suggestion_model: type[OrganizationSuggestion] | type[OfferSuggestion]
    code_field: str
    code_name: str
    shares_targets: bool

    @property
    def sorts(self) -> Mapping[str, str]:
        """Column key → what it is ordered by."""
        return {
            **{column.key: column.key for column in self.columns},
            "target": f"{self.field}__name",
            "target_id": f"{self.field}__connectwise_id",
            "status": "mapping_status",
            WAITING: WAITING,  # what it is ordered by, the lines know
        }

    # Templates ask for addresses by these names.
    @property
    def progress_url(self) -> str:
        return f"mapping:{self.key}_progress"

    @property
    def row_url(self) -> str:
        return f"mapping:{self.key}_row"

    @property
    def edit_url(self) -> str:
        return f"mapping:{self.key}_edit"

    @property
    def effect_url(self) -> str:
        return f"mapping:{self.key}_effect"

    @property
    def unmap_url(self) -> str:
        return f"mapping:{self.key}_unmap"

    @property
    def accept_all_url(self) -> str:
        return f"mapping:{self.key}_accept_all"


ORGANIZATIONS = Tab(
    key="organizations",
    noun="organization",
    plural="organizations",
    title="Organizations",
    model=Organization,
    target_model=Company,
    field="company",
    target_noun="company",
    target_name="PSA Organization Name",
    target_id="PSA Organization ID",
    columns=(
        Column(key="name", label="Organization Name"),
        Column(key="reference_number", label="Reference #"),
    ),
    pick_url="mapping:pick_company",
    line_column="organization_id",
    part="customer",
    icon="building",
    search_label="Search organizations",
    refreshed_words="Synced",
    empty_words=(
        "Your customers on the Platform will be here, each to be mapped to its company in "
        "ConnectWise. They have not been fetched yet."
    ),
    kind="organization",
    suggestion_model=OrganizationSuggestion,
    code_field="reference_number",
    code_name="Reference #",
    shares_targets=False,
)
PRODUCTS = Tab(
    key="products",
    noun="offer",
    plural="offers",
    title="Products",
    model=Offer,
    target_model=Product,
    field="product",
    target_noun="product",
    target_name="PSA Product Name",
    target_id="PSA Product ID",
    columns=(
        Column(key="name", label="Offer Name"),
        Column(key="platform_id", label="Offer ID"),
        Column(key="vendor_name", label="Vendor"),
    ),
    pick_url="mapping:pick_product",
    line_column="offer_id",
    part="product",
    icon="box",
    search_label="Search offers",
    refreshed_words="Loaded",
    empty_words=(
        "The offers on your invoices will be here, each to be mapped to its product in "
        "ConnectWise. They have not been loaded yet."
    ),
    kind="offer",
    suggestion_model=OfferSuggestion,
    code_field="sku",
    code_name="SKU",
    shares_targets=True,
)
