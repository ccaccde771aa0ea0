"""Keeps the local directory of ConnectWise's records up to date.

Each refresh reads a whole list page by page, writes each page at once, and only when the list came
to its end marks what it did not see as missing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from psa_connectwise import schemas
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import (
    Agreement,
    AgreementType,
    Company,
    ConnectWiseSettings,
    DirectoryRecord,
    Product,
)
from psa_connectwise.schemas import BadItem, Page
from psa_connectwise.text import normalise

logger = logging.getLogger(__name__)

T = TypeVar("T")
Values = dict[str, Any]
# Told after each page how many records were read so far and, where known, how many there are.
OnPage = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a refresh found; `missing` are those it newly no longer saw."""

    seen: int = 0
    created: int = 0
    missing: int = 0
    bad: int = 0


def _ignore(_read: int, _total: int | None) -> None:
    pass


def refresh_companies(*, client: ConnectWiseClient, on_page: OnPage = _ignore) -> Counts:
    """Deleted and inactive ones too: mappings point at them. Raises `wire.errors.RemoteError`."""
    return _refresh(Company, _told(client.companies(), on_page), _companies, what="company")


def refresh_products(*, client: ConnectWiseClient, on_page: OnPage = _ignore) -> Counts:
    """The whole catalog, bundles and inactive products too. Raises `wire.errors.RemoteError`."""
    return _refresh(Product, _told(client.products(), on_page), _products, what="product")


def refresh_agreement_types(*, client: ConnectWiseClient, on_page: OnPage = _ignore) -> Counts:
    """Also chooses the default type that the environment names, once."""
    pages = _told(client.agreement_types(), on_page)
    counts = _refresh(AgreementType, pages, _agreement_types, what="type")
    seed_default_agreement_type()
    return counts


def refresh_agreements(*, client: ConnectWiseClient, on_page: OnPage = _ignore) -> Counts:
    """After companies and types, to which agreements point; parents are linked at the end."""
    parents: dict[int, int] = {}

    def noting_parents(
        pages: Iterator[Page[schemas.Agreement]],
    ) -> Iterator[Page[schemas.Agreement]]:
        for page in pages:
            parents.update({item.id: item.parent_id for item in page.items if item.parent_id})
            yield page

    pages = noting_parents(_told(client.agreements(), on_page))
    counts = _refresh(Agreement, pages, _agreements, what="agreement")
    _link_parents(parents)
    return counts


def record_agreement(*, agreement: schemas.Agreement) -> Agreement:
    """Take one agreement into the directory, as a create or a look at it returned it."""
    with transaction.atomic():
        _upsert(Agreement, _agreements([agreement]), seen_at=timezone.now())
        return Agreement.objects.get(connectwise_id=agreement.id)


def seed_default_agreement_type() -> None:
    """Apply DEFAULT_AGREEMENT_TYPE (a name or an id) unless a type was ever chosen."""
    saved = ConnectWiseSettings.load()
    wanted: str = settings.DEFAULT_AGREEMENT_TYPE.strip()
    if saved.default_type_seeded or (not wanted and not saved.default_agreement_type):
        return
    if saved.default_agreement_type is None:
        saved.default_agreement_type = _agreement_type(wanted)
    if saved.default_agreement_type is None:
        logger.warning(
            "ConnectWise has no active agreement type %s. Choose one under Settings → Configuration.",
            wanted,
        )
        return
    saved.default_type_seeded = True
    saved.save(update_fields=["default_agreement_type", "default_type_seeded", "updated_at"])


def _agreement_type(wanted: str) -> AgreementType | None:
    offered = AgreementType.objects.filter(inactive=False, missing=False)
    # The name first: a type may be called by a number.
    by_name = offered.filter(name__iexact=wanted).first()
    if by_name is None and _is_id(wanted):
        return offered.filter(connectwise_id=int(wanted)).first()
    return by_name


def _is_id(text: str) -> bool:
    # None of ConnectWise's has more digits; of endless ones Python makes no number at all.
    return text.isdecimal() and len(text) <= 10


def _told(pages: Iterable[Page[T]], on_page: OnPage) -> Iterator[Page[T]]:
    """The pages; `on_page` hears of each once it was written."""
    read, total = 0, None
    for page in pages:
        yield page
        read += len(page.items) + len(page.bad)
        total = total if page.total is None else page.total
        on_page(read, total)


def _refresh(
    model: type[DirectoryRecord],
    pages: Iterable[Page[T]],
    convert: Callable[[Iterable[T]], dict[int, Values]],
    *,
    what: str,
) -> Counts:
    # Which of them the list has to show. Not by when they were written: clocks jump, and differ.
    manager = model._default_manager
    unseen = set(manager.filter(missing=False).values_list("connectwise_id", flat=True))
    seen = created = 0
    bad: list[BadItem] = []
    for page in pages:
        rows = convert(page.items)
        # Page by page: a refresh that breaks off has still brought what it read.
        created += _upsert(model, rows, seen_at=timezone.now())
        seen += len(rows)
        unseen -= rows.keys()
        bad.extend(page.bad)
    for item in bad:
        logger.warning("ConnectWise's %s %s can't be read: %s", what, item.item_id, item.reason)
    missing = _mark_missing(model, unseen, bad)
    return Counts(seen=seen, created=created, missing=missing, bad=len(bad))


def _upsert(model: type[DirectoryRecord], rows: dict[int, Values], *, seen_at: datetime) -> int:
    """Write the rows by their ConnectWise id; returns how many are new."""
    if not rows:
        return 0
    manager = model._default_manager
    known = manager.filter(connectwise_id__in=rows).count()
    records = [
        model(connectwise_id=number, updated_at=seen_at, missing=False, **values)
        for number, values in rows.items()
    ]
    fields = [*next(iter(rows.values())), "updated_at", "missing"]
    manager.bulk_create(
        records, update_conflicts=True, unique_fields=["connectwise_id"], update_fields=fields
    )
    return len(rows) - known


def _mark_missing(model: type[DirectoryRecord], unseen: set[int], bad: list[BadItem]) -> int:
    """What a complete list did not show; an unreadable record is there all the same."""
    ids = [int(item.item_id) for item in bad if item.item_id and _is_id(item.item_id)]
    if len(ids) < len(bad):
        # A bad one without an id may be any of those that weren't seen: none is said to be missing.
        return 0
    gone = model._default_manager.filter(connectwise_id__in=unseen.difference(ids))
    return gone.update(missing=True)


def _link_parents(parents: dict[int, int]) -> None:
    keys = dict(
        Agreement.objects.filter(connectwise_id__in={*parents, *parents.values()}).values_list(
            "connectwise_id", "pk"
        )
    )
    changed = []
    for agreement in Agreement.objects.filter(missing=False).only("connectwise_id", "parent_id"):
        parent = keys.get(parents.get(agreement.connectwise_id, 0))
        if agreement.parent_id != parent:
            agreement.parent_id = parent
            changed.append(agreement)
    Agreement.objects.bulk_update(changed, ["parent_id"], batch_size=1000)


def _cut(model: type[DirectoryRecord], values: Values) -> Values:
    """Longer than the column: shown shortened, rather than not at all."""
    for name, value in values.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        if longest and isinstance(value, str):
            values[name] = value[:longest]
    return values


def _companies(items: Iterable[schemas.Company]) -> dict[int, Values]:
    return {
        item.id: _cut(
            Company,
            {
                "identifier": item.identifier,
                "name": item.name,
                "search_name": normalise(item.name, item.identifier),
                "status": item.status,
                "inactive": item.status.casefold() == "inactive",
                "deleted": item.deleted,
                "city": item.city,
                "currency_id": item.currency_id,
                "currency_code": item.currency_code,
                "default_contact_id": item.default_contact_id,
                "site_id": item.site_id,
            },
        )
        for item in items
    }


def _products(items: Iterable[schemas.Product]) -> dict[int, Values]:
    return {
        item.id: _cut(
            Product,
            {
                "identifier": item.identifier,
                "name": item.description or item.identifier,
                "search_name": normalise(item.description, item.identifier),
                "inactive": item.inactive,
                "taxable": item.taxable,
                "product_class": item.product_class,
            },
        )
        for item in items
    }


def _agreement_types(items: Iterable[schemas.AgreementType]) -> dict[int, Values]:
    return {
        item.id: _cut(
            AgreementType,
            {
                "name": item.name,
                "search_name": normalise(item.name),
                "inactive": item.inactive,
                "prorate": item.prorate,
                "billing_cycle": item.billing_cycle,
            },
        )
        for item in items
    }


def _agreements(items: Iterable[schemas.Agreement]) -> dict[int, Values]:
    listed = list(items)
    companies = _keys(Company, {item.company_id for item in listed})
    types = _keys(AgreementType, {item.type_id for item in listed})
    return {
        item.id: _agreement(item, companies.get(item.company_id), types.get(item.type_id))
        for item in listed
    }


def _agreement(item: schemas.Agreement, company: int | None, kind: int | None) -> Values:
    return _cut(
        Agreement,
        {
            "name": item.name,
            "search_name": normalise(item.name),
            "company_id": company,
            "agreement_type_id": kind,
            "status": item.status,
            "cancelled": item.cancelled,
            "start_date": item.start_date,
            "end_date": item.end_date,
            "no_end": item.no_end,
            "bill_start_date": item.bill_start_date,
            "next_invoice_date": item.next_invoice_date,
            "prorate": item.prorate,
            "currency_id": item.currency_id,
            "currency_code": item.currency_code,
            "billing_cycle": item.billing_cycle,
        },
    )


def _keys(model: type[DirectoryRecord], ids: Iterable[int | None]) -> dict[int | None, int]:
    """ConnectWise ids → our primary keys."""
    found = model._default_manager.filter(connectwise_id__in=[number for number in ids if number])
    return dict(found.values_list("connectwise_id", "pk"))
