"""Imports and exports mappings by their CSV file: taken whole or not at all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef

from invoices.mapping_rows import NEW, BadMappingFile, MappingRow, read_rows, write_rows
from invoices.models import OwnAgreement
from mapping.models import (
    AgreementDefault,
    MappingChange,
    Offer,
    Organization,
    OrganizationOffer,
)
from mapping.services.choices import (
    AgreementChoice,
    By,
    CompanyChoice,
    MappingRefused,
    ProductChoice,
)
from mapping.services.mappings import set_agreements, set_companies, set_products
from psa_connectwise.models import Agreement, Company, DirectoryRecord, Product

Record = TypeVar("Record", bound=DirectoryRecord)
Choice = CompanyChoice | ProductChoice | AgreementChoice


@dataclass(frozen=True, kw_only=True)
class Imported:
    """How many rows there were, how many mappings changed, and how many lines each kind filled."""

    rows: int
    organizations: int
    offers: int
    agreements: int
    organization_lines: int
    offer_lines: int
    agreement_lines: int

    @property
    def changed(self) -> int:
        return self.organizations + self.offers + self.agreements


def import_mappings(*, text: str, user: User | None, dry_run: bool = False) -> Imported:
    """Map what the file says and fill the lines; raises `BadMappingFile` and changes nothing then."""
    rows = read_rows(text)
    choices = _Directory(row for _, row in rows).choices(rows)
    by = By(user=user, origin=MappingChange.Origin.IMPORT, batch=uuid4())
    with transaction.atomic():
        companies = set_companies([c for c in choices if isinstance(c, CompanyChoice)], by=by)
        products = set_products([c for c in choices if isinstance(c, ProductChoice)], by=by)
        agreements = set_agreements([c for c in choices if isinstance(c, AgreementChoice)], by=by)
        if dry_run:
            transaction.set_rollback(True)
    return Imported(
        rows=len(rows),
        organizations=len(companies),
        offers=len(products),
        agreements=len(agreements),
        organization_lines=_lines(companies),
        offer_lines=_lines(products),
        agreement_lines=_lines(agreements),
    )


def _lines(changes: Iterable[MappingChange]) -> int:
    return sum(change.lines_affected for change in changes)


class _Unknown(Exception):
    """A row names what is not here; the text says what, and what to do."""


class _Directory:
    """Everything that the rows name, read at once."""

    def __init__(self, rows: Iterable[MappingRow]) -> None:
        listed = list(rows)
        organizations = {row.organization for row in listed if row.organization}
        offers = {row.offer for row in listed if row.offer}
        self.organizations = dict(
            Organization.objects.filter(platform_id__in=organizations).values_list(
                "platform_id", "pk"
            )
        )
        self.offers = dict(
            Offer.objects.filter(platform_id__in=offers).values_list("platform_id", "pk")
        )
        self.companies = _known(Company, [r for r in listed if r.kind == "organization"])
        self.products = _known(Product, [r for r in listed if r.kind == "offer"])
        self.agreements = _known(Agreement, [r for r in listed if r.kind == "agreement"])
        self.made = _made_agreements({row.contract_id for row in listed})

    def choices(self, rows: Iterable[tuple[int, MappingRow]]) -> list[Choice]:
        """What the rows choose; raises `BadMappingFile` with every row that can't be."""
        choices: list[Choice] = []
        errors = []
        for line, row in rows:
            try:
                choice = self._choice(row)
                choice.check()
                choices.append(choice)
            except (_Unknown, MappingRefused) as error:
                errors.append(f"line {line}: {error}")
        if errors:
            raise BadMappingFile(errors)
        return choices

    def _choice(self, row: MappingRow) -> Choice:
        organization_id = self._id("organization", self.organizations, row.organization)
        offer_id = self._id("offer", self.offers, row.offer)
        if row.kind == "offer" and offer_id is not None:
            product = _found("product", self.products, row)
            return ProductChoice(
                offer_id=offer_id, product=product, organization_id=organization_id
            )
        assert organization_id is not None  # rows of the other kinds name one
        if row.kind == "organization":
            company = _found("company", self.companies, row)
            return CompanyChoice(organization_id=organization_id, company=company)
        agreement = (
            self.made.get((organization_id, row.contract_id, offer_id))
            if row.connectwise_id == NEW
            else _found("agreement", self.agreements, row)
        )
        return AgreementChoice(
            organization_id=organization_id,
            contract_id=row.contract_id,
            offer_id=offer_id,
            agreement=agreement,
            create_agreement=agreement is None,
        )

    @staticmethod
    def _id(what: str, known: dict[str, int], platform_id: str) -> int | None:
        """None where the row names none; raises `_Unknown` for one that isn't here."""
        if not platform_id:
            return None
        if platform_id not in known:
            raise _Unknown(f"no {what} {platform_id} is known here: run refresh_directory")
        return known[platform_id]


def _known(model: type[Record], rows: Iterable[MappingRow]) -> dict[str, Record]:
    ids = {int(row.connectwise_id) for row in rows if row.connectwise_id != NEW}
    found = model._default_manager.filter(connectwise_id__in=ids)
    return {str(record.connectwise_id): record for record in found}


def _made_agreements(contracts: set[str]) -> dict[tuple[int, str, int | None], Agreement]:
    """Where "new" was made already: saying "new" again means that one, not another (P46)."""
    made = AgreementDefault.objects.filter(
        contract_id__in=contracts,
        agreement__status=Agreement.Status.ACTIVE,
        agreement__missing=False,
        agreement__in=OwnAgreement.objects.filter(contract_id=OuterRef("contract_id")).values(
            "agreement"
        ),
    ).select_related("agreement")
    return {
        (default.organization_id, default.contract_id, default.offer_id): default.agreement
        for default in made
        if default.agreement
    }


def _found(what: str, known: dict[str, Record], row: MappingRow) -> Record:
    if row.connectwise_id not in known:
        raise _Unknown(
            f"ConnectWise has no {what} {row.connectwise_id} that is known here: "
            "run refresh_directory"
        )
    return known[row.connectwise_id]


def export_mappings() -> tuple[str, int]:
    """Every mapping as a file that `import_mappings` takes, and how many there are."""
    rows = [*_organization_rows(), *_offer_rows(), *_own_offer_rows(), *_agreement_rows()]
    return write_rows(rows), len(rows)


def _organization_rows() -> Iterator[MappingRow]:
    mapped = Organization.objects.filter(company__isnull=False).order_by("platform_id")
    for platform_id, number in mapped.values_list("platform_id", "company__connectwise_id"):
        yield MappingRow(kind="organization", platform_id=platform_id, connectwise_id=str(number))


def _offer_rows() -> Iterator[MappingRow]:
    mapped = Offer.objects.filter(product__isnull=False).order_by("platform_id")
    for platform_id, number in mapped.values_list("platform_id", "product__connectwise_id"):
        yield MappingRow(kind="offer", platform_id=platform_id, connectwise_id=str(number))


def _own_offer_rows() -> Iterator[MappingRow]:
    rows = OrganizationOffer.objects.order_by("offer__platform_id", "organization__platform_id")
    for offer, organization, number in rows.values_list(
        "offer__platform_id", "organization__platform_id", "product__connectwise_id"
    ):
        yield MappingRow(
            kind="offer",
            platform_id=offer,
            organization_id=organization,
            connectwise_id=str(number),
        )


def _agreement_rows() -> Iterator[MappingRow]:
    rows = AgreementDefault.objects.order_by(
        "organization__platform_id", "contract_id", "offer__platform_id"
    )
    for organization, contract_id, offer, number in rows.values_list(
        "organization__platform_id",
        "contract_id",
        "offer__platform_id",
        "agreement__connectwise_id",
    ):
        yield MappingRow(
            kind="agreement",
            platform_id=organization,
            contract_id=contract_id,
            offer_id=offer or "",
            connectwise_id=NEW if number is None else str(number),
        )
