"""What a mapping is set to, by whom and why; and how history pictures it. Queries nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from mapping.models import AgreementDefault, MappingChange
from mapping.queries.history import Picture, Where
from psa_connectwise.models import Agreement, Company, DirectoryRecord, Product

Kind = MappingChange.Kind


class MappingRefused(Exception):
    """A mapping that may not be; its text names the thing and the fix."""


@dataclass(frozen=True, kw_only=True)
class By:
    """Who changes mappings and how; `fills_lines` is False where only new lines shall have them."""

    user: User | None
    origin: MappingChange.Origin
    batch: UUID | None = None
    fills_lines: bool = True


@dataclass(frozen=True, kw_only=True)
class CompanyChoice:
    """`company` None unmaps."""

    organization_id: int
    company: Company | None

    @property
    def where(self) -> Where:
        """Which mapping it is about."""
        return (Kind.ORGANIZATION, self.organization_id, None, "")

    @property
    def picture(self) -> Picture:
        """As history keeps it."""
        return picture(self.company)

    def check(self) -> None:
        """Raises `MappingRefused` for a company that is no more."""
        if self.company is not None and (self.company.deleted or self.company.missing):
            raise MappingRefused(
                f"{described(self.company)} was deleted in ConnectWise. Choose another company."
            )


@dataclass(frozen=True, kw_only=True)
class ProductChoice:
    """For every organization where `organization_id` is None; `product` None unmaps.

    An inactive product may be named: the plan refuses its lines with the reason.
    """

    offer_id: int
    product: Product | None
    organization_id: int | None = None

    @property
    def where(self) -> Where:
        """Which mapping it is about."""
        return (Kind.OFFER, self.organization_id, self.offer_id, "")

    @property
    def picture(self) -> Picture:
        """As history keeps it."""
        return picture(self.product)

    def check(self) -> None:
        """Raises `MappingRefused` for a product that is no more."""
        if self.product is not None and self.product.missing:
            raise MappingRefused(
                f"{described(self.product)} is not in ConnectWise any more. Choose another product."
            )


@dataclass(frozen=True, kw_only=True)
class AgreementChoice:
    """For every offer of the contract where `offer_id` is None; neither of the two unmaps."""

    organization_id: int
    contract_id: str
    agreement: Agreement | None
    create_agreement: bool = False
    offer_id: int | None = None

    @property
    def where(self) -> Where:
        """Which mapping it is about."""
        return (Kind.AGREEMENT, self.organization_id, self.offer_id, self.contract_id)

    @property
    def picture(self) -> Picture:
        """As history keeps it."""
        return agreement_picture(self)

    @property
    def value(self) -> Mapping[str, Any]:
        """As its default stores it."""
        return {"agreement": self.agreement, "create_agreement": self.create_agreement}

    def check(self) -> None:
        """Raises `MappingRefused` for an agreement that nobody could post into."""
        if self.agreement is not None and self.agreement.company_id is None:
            raise MappingRefused(
                f"{described(self.agreement)} belongs to no company. Refresh the directory first."
            )


def described(record: DirectoryRecord) -> str:
    """A record with the id that tells it from its namesakes: "Acme (ConnectWise ID 12)"."""
    return f"{record.name} (ConnectWise ID {record.connectwise_id})"


def picture(record: DirectoryRecord | None) -> Picture:
    """A record as history keeps it."""
    if record is None:
        return None
    return {"id": record.pk, "connectwise_id": record.connectwise_id, "name": record.name}


def agreement_picture(choice: AgreementChoice | AgreementDefault | None) -> Picture:
    """The agreement chosen, or {"create": True} for "Create new agreement"."""
    if choice is None:
        return None
    return {"create": True} if choice.create_agreement else picture(choice.agreement)


def is_same(one: Picture, other: Picture) -> bool:
    """Names may have changed; what they belong to is the same."""
    if one is None or other is None:
        return one is other
    return (one.get("id"), one.get("create")) == (other.get("id"), other.get("create"))
