"""The Platform's reporting API: read-only, paged by cursors. Knows no Django."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import TypeAdapter

from platform_client import schemas
from platform_client.errors import SERVICE, broken_page, refusal, unreadable
from platform_client.schemas import InvoiceLine, Offer, Organization, Page, Seller
from wire.address import checked, sendable
from wire.decimal_json import whole_number
from wire.items import read_item, read_page
from wire.session import Answer, RemoteSession

T = TypeVar("T")

API = "/api/v1"
# The most records that the Platform gives on a page.
LIMIT = 1000


class PlatformClient:
    """One Seller's view of the Platform; raises `wire.errors.RemoteError`s only."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        timeout: float = 60.0,
        throttle: Callable[[], None] | None = None,
        pause: Callable[[float], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        checked(base_url, service=SERVICE)
        sendable({"API key": api_key}, service=SERVICE)
        # People copy the address with or without the path.
        self._root = base_url.strip().rstrip("/").removesuffix(API) + API
        self._session = RemoteSession(
            service=SERVICE,
            timeout=timeout,
            headers={"X-Api-Key": api_key, "Accept": "application/json"},
            secrets=(api_key,),
            throttle=throttle,
            pause=pause,
            sleep=sleep,
        )

    def __repr__(self) -> str:
        return f"<PlatformClient at {self._root}>"

    def ping(self) -> Seller:
        """Who the key belongs to: the connection test."""
        answer = self._get("/ping", {}, what="this Seller")
        try:
            return read_item(schemas.SELLER, _parsed(answer))
        except ValueError as error:
            raise unreadable(answer, what="this Seller") from error

    def organizations(self) -> Iterator[Page[Organization]]:
        """Every customer of the Seller."""
        return self._pages(
            schemas.ORGANIZATION, "/organizations", {"limit": LIMIT}, what="organizations"
        )

    def offers(self, *, date_from: date, date_to: date) -> Iterator[Page[Offer]]:
        """Offers on invoice lines dated in the window, both ends included."""
        window = _window(date_from, date_to) | {"limit": LIMIT}
        return self._pages(schemas.OFFER, "/offers", window, what="offers")

    def invoice_lines(
        self, *, date_from: date, date_to: date, limit: int = LIMIT
    ) -> Iterator[Page[InvoiceLine]]:
        """Invoice lines dated in the window, both ends included; the first page has the total."""
        window = _window(date_from, date_to) | {"limit": limit}
        return self._pages(schemas.INVOICE_LINE, "/invoice-lines", window, what="invoice lines")

    def _pages(
        self, adapter: TypeAdapter[T], path: str, params: Mapping[str, str | int], *, what: str
    ) -> Iterator[Page[T]]:
        """Page after page; what was read is handed out before a broken sequel raises."""
        seen: set[str] = set()
        wanted = dict(params)
        while True:
            body = self._page(path, wanted, what=what)
            total = body.get("total")
            items = body["items"]
            yield read_page(adapter, items, total=total if isinstance(total, int) else None)
            # Only null ends the list: a page without the field is broken, and the rest would be lost.
            cursor = body.get("nextCursor", ...)
            if cursor is None:
                return
            if not isinstance(cursor, str) or not cursor:
                raise broken_page(what, "it doesn't say how the list goes on")
            if cursor in seen:
                raise broken_page(what, "the list goes in a circle")
            seen.add(cursor)
            wanted["cursor"] = cursor

    def _page(self, path: str, params: Mapping[str, str | int], *, what: str) -> dict[str, Any]:
        answer = self._get(path, params, what=what)
        try:
            body = _parsed(answer)
        except ValueError as error:
            raise unreadable(answer, what=what) from error
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise broken_page(what, "it holds no items")
        return body

    def _get(self, path: str, params: Mapping[str, str | int], *, what: str) -> Answer:
        answer = self._session.request("GET", f"{self._root}{path}", params=params)
        if answer.status != 200:
            raise refusal(answer, what=what)
        return answer


def _parsed(answer: Answer) -> Any:
    # Decimals are strings here: a JSON number stays a float, which the schemas refuse.
    try:
        return json.loads(answer.body, parse_int=whole_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _window(date_from: date, date_to: date) -> dict[str, str | int]:
    return {"invoiceDateFrom": date_from.isoformat(), "invoiceDateTo": date_to.isoformat()}
