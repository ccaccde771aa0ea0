"""Additions of subscriptions that are gone, as a preview lists them to be ticked (P49)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from django.db.models import QuerySet

from invoices.amounts import to_cents
from invoices.models import Operation, SyncRun
from invoices.sync.states import AGREEMENT_KINDS, Intent
from mapping.grid import Page

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class End:
    """One of them: whose it is, and what it bills each time."""

    operation: Operation
    name: str
    customer: str
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Ticks:
    """How many of them are ticked, on all pages."""

    keys: Sequence[str]
    total: int

    @property
    def count(self) -> int:
        return len(self.keys)

    @property
    def mark(self) -> str:
        """What a page was shown with; it differs once somebody ticks."""
        return mark_of(self.keys)


@dataclass(frozen=True, slots=True)
class Ends:
    """One page of them."""

    rows: Sequence[End]
    page: Page
    ticks: Ticks


def ends_of_preview(run: SyncRun) -> QuerySet[Operation]:
    """Ticked or not; also those that nobody is asked for."""
    return run.operations.filter(
        line=None, undoes=None, intent__in=(Intent.END, Intent.REMOVE), posting__isnull=False
    ).exclude(kind__in=AGREEMENT_KINDS)


def page_of_ends(run: SyncRun, number: int = 1) -> Ends:
    """By customer, for that is how people know them."""
    ticks = ticks_of(run)
    # Rounded up; none at all is still one page.
    pages = max(1, -(-ticks.total // PAGE_SIZE))
    page = Page(number=max(1, min(number, pages)), size=PAGE_SIZE, total=ticks.total)
    related = ends_of_preview(run).select_related("organization", "posting__line", "agreement")
    shown = related.order_by("organization__name", "pk")[page.offset : page.offset + page.size]
    return Ends([_end(one) for one in shown], page, ticks)


def ticks_of(run: SyncRun) -> Ticks:
    """Of all pages: what is ticked on one stays while another is shown."""
    told = ends_of_preview(run).values_list("key", "ticked")
    return Ticks([key for key, ticked in told if ticked], len(told))


def mark_of(keys: Iterable[str]) -> str:
    """The same for the same ticks: what is confirmed is what was on the screen."""
    return blake2b("\n".join(sorted(keys)).encode(), digest_size=8).hexdigest()


def _end(one: Operation) -> End:
    line = one.posting.line if one.posting else None
    image = one.before or {}
    amount = Decimal(image["quantity"]) * Decimal(image["unit_price"]) if image else None
    return End(
        operation=one,
        name=(line.subscription_name or line.offer_name) if line else one.subscription_id,
        customer=one.organization.name if one.organization else "",
        amount=None if amount is None else to_cents(amount),
        currency=one.agreement.currency_code if one.agreement else "",
    )
