"""The Platform's reporting API: read-only, paged by cursors. Knows no Django."""

from collections.abc import Iterator
from datetime import date

from platform_client.schemas import InvoiceLine, Offer, Organization, Page, Seller


class PlatformClient:
    """One Seller's view of the Platform; raises `wire.errors.RemoteError`s only."""

    def __init__(self, *, base_url: str, api_key: str, timeout: float = 60.0) -> None:
        self.timeout = timeout

    def ping(self) -> Seller:
        """Who the key belongs to: the connection test."""
        raise NotImplementedError

    def organizations(self) -> Iterator[Page[Organization]]:
        """Every customer of the Seller."""
        raise NotImplementedError

    def offers(self, *, date_from: date, date_to: date) -> Iterator[Page[Offer]]:
        """Offers on invoice lines dated in the window, both ends included."""
        raise NotImplementedError

    def invoice_lines(
        self, *, date_from: date, date_to: date, limit: int = 1000
    ) -> Iterator[Page[InvoiceLine]]:
        """Invoice lines dated in the window, both ends included; the first page has the total."""
        raise NotImplementedError
