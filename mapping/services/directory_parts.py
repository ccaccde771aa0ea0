"""The parts of a directory refresh: what each one reads, and whose it is."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeVar

import platform_client.conf
import psa_connectwise.conf
from mapping.ports import Renamed, lines
from mapping.services.records import Saved, save_offers, save_organizations
from psa_connectwise import directory
from psa_connectwise.models import Agreement, Company, DirectoryRecord, Product
from wire.items import Page

logger = logging.getLogger(__name__)

Part = Literal["organizations", "offers", "agreement_types", "companies", "products", "agreements"]
# Agreements point at companies and types, so the order matters.
PARTS: tuple[Part, ...] = (
    "organizations",
    "offers",
    "agreement_types",
    "companies",
    "products",
    "agreements",
)
PLATFORM_PARTS = frozenset({"organizations", "offers"})
SYNC_ORGANIZATIONS: tuple[Part, ...] = (
    "organizations",
    "agreement_types",
    "companies",
    "agreements",
)
LOAD_PRODUCTS: tuple[Part, ...] = ("offers", "products")
WINDOWS = (1, 2, 3, 6, 12)

OnPage = Callable[[int, int | None], None]
T = TypeVar("T")

# Records whose names are copied on lines.
NAMED: dict[Part, tuple[Renamed, type[DirectoryRecord]]] = {
    "companies": ("company", Company),
    "products": ("product", Product),
    "agreements": ("agreement", Agreement),
}


@dataclass(frozen=True, kw_only=True)
class PartCounts:
    """What a part found."""

    read: int
    new: int
    changed: int = 0
    missing: int = 0
    bad: int = 0


def window(*, today: date, months: int) -> tuple[date, date]:
    """From this day `months` months ago to the end of this month: invoices may be dated ahead."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    # On the 31st "a month ago" is the last day of a shorter month.
    start = min(first + timedelta(days=today.day - 1), _last_day(first))
    return start, _last_day(today)


def _last_day(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def refresh_part(
    part: Part, *, today: date, months: int, resumed: bool, on_page: OnPage
) -> PartCounts:
    """Read one part whole; raises `RemoteError` when its remote fails, keeping what was written."""
    if part == "organizations":
        organizations = platform_client.conf.get_client().organizations()
        return _platform_part(organizations, save_organizations, on_page, what="organization")
    if part == "offers":
        since, until = window(today=today, months=months)
        offers = platform_client.conf.get_client().offers(date_from=since, date_to=until)
        return _platform_part(offers, save_offers, on_page, what="offer")
    return _connectwise_part(part, resumed=resumed, on_page=on_page)


def _platform_part(
    pages: Iterable[Page[T]], save: Callable[[Iterable[T]], Saved], on_page: OnPage, *, what: str
) -> PartCounts:
    read = new = changed = bad = 0
    total = None
    for page in pages:
        saved = save(page.items)
        for item in page.bad:
            logger.warning(
                "The Platform's %s %s can't be read: %s", what, item.item_id, item.reason
            )
        read, bad = read + len(page.items), bad + len(page.bad)
        new, changed = new + saved.new, changed + saved.changed
        total = total if page.total is None else page.total
        on_page(read + bad, total)
    return PartCounts(read=read, new=new, changed=changed, bad=bad)


def _connectwise_part(part: Part, *, resumed: bool, on_page: OnPage) -> PartCounts:
    # Names before and after are compared here: the directory doesn't know of the copies on lines.
    refresh = {
        "agreement_types": directory.refresh_agreement_types,
        "companies": directory.refresh_companies,
        "products": directory.refresh_products,
        "agreements": directory.refresh_agreements,
    }[part]
    before = _names(part)
    counts = refresh(client=psa_connectwise.conf.get_client(), on_page=on_page)
    after = _names(part)
    # A killed worker may have written names without copying them: then all are compared.
    renamed = [pk for pk, name in after.items() if resumed or before.get(pk, name) != name]
    if part in NAMED:
        lines().refresh_names(NAMED[part][0], renamed)
    return PartCounts(
        read=counts.seen,
        new=counts.created,
        changed=len([pk for pk, name in after.items() if before.get(pk, name) != name]),
        missing=counts.missing,
        bad=counts.bad,
    )


def _names(part: Part) -> dict[int, str]:
    if part not in NAMED:
        return {}
    return dict(NAMED[part][1]._default_manager.values_list("pk", "name"))
