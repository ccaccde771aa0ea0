"""What the rows of a mapping file choose, by the Platform's and ConnectWise's ids."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import OuterRef

from invoices.mapping_rows import NEW, Fault, MappingRow
from invoices.models import OwnAgreement
from mapping.models import AgreementDefault, Offer, Organization
from mapping.queries.history import pictures_now
from mapping.services.choices import (
    AgreementChoice,
    CompanyChoice,
    MappingRefused,
    ProductChoice,
    is_same,
)
from psa_connectwise.models import Agreement, Company, DirectoryRecord, Product

Record = TypeVar("Record", bound=DirectoryRecord)
Choice = CompanyChoice | ProductChoice | AgreementChoice


def choices_of(
    rows: Sequence[tuple[int, MappingRow]],
) -> tuple[list[tuple[int, Choice]], list[Fault]]:
    """What each row chooses, with its line, and why some can't be chosen."""
    directory = _Directory(row for _, row in rows)
    found: list[tuple[int, Choice]] = []
    faults: list[Fault] = []
    for line, row in rows:
        try:
            found.append((line, directory.choice(row)))
        except _Unknown as unknown:
            faults.append(Fault(line, str(unknown)))
    now = pictures_now(choice.where for _, choice in found)
    for line, choice in found:
        # What is mapped already may stay, even where nobody could choose it any more.
        if is_same(now[choice.where], choice.picture):
            continue
        try:
            choice.check()
        except MappingRefused as refused:
            faults.append(Fault(line, str(refused)))
    return found, faults


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

    def choice(self, row: MappingRow) -> Choice:
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
            raise _Unknown(f"no {what} {platform_id} is known here. {_fetch(what)}")
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
        number = row.connectwise_id
        raise _Unknown(f"ConnectWise has no {what} {number} that is known here. {_fetch(what)}")
    return known[row.connectwise_id]


def _fetch(what: str) -> str:
    """What to do about a record that isn't here."""
    button = "Load Products" if what in ("offer", "product") else "Sync Organizations"
    return f"Correct the ID; if it is new, press {button} first (or run refresh_directory)."
