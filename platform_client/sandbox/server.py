"""The invented Platform's API, exactly as its contract says, and the page of its stand-in."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from platform_client.sandbox.book import Book, Changes, Window
from platform_client.sandbox.lines import Line
from sandbox_kit.app import Route, Running, StandIn, posted
from sandbox_kit.dial import Fault
from sandbox_kit.http import Request, Response, json_response
from sandbox_kit.pages import html_page, search_form, table

ROOT = "/api/v1"
CURSOR_LIVES = 30 * 60.0
DEFAULT_LIMIT, MAX_LIMIT = 500, 1000


class ProblemError(Exception):
    """Becomes an RFC 9457 answer."""

    def __init__(self, status: int, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


@dataclass(frozen=True)
class Snapshot:
    """What a cursor reads on in: the data as they were when its first page was asked for."""

    made: float
    query: tuple[str, str, str]
    changes: Changes


class PlatformStandIn(StandIn):
    """Read-only for its client; its lines can be changed through `/_sandbox/lines`."""

    takes_writes = False

    def __init__(
        self, *, api_key: str, book: Book, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.api_key, self.book, self.clock = api_key, book, clock
        self._snapshots: dict[str, Snapshot] = {}
        self._lock = threading.Lock()

    # -- API -----------------------------------------------------------------------------------

    def is_api(self, path: str) -> bool:
        return path.startswith("/api/")

    def fault_response(self, fault: Fault) -> Response:
        titles = {429: "Too many requests", 503: "Service unavailable"}
        answer = _problem(
            ProblemError(fault.status, titles.get(fault.status, "Internal error")), ""
        )
        if fault.status == 429:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer

    def answer(self, request: Request, fault: Fault) -> Response:
        resources = {
            "/ping": self._ping,
            "/organizations": self._organizations,
            "/offers": self._offers,
            "/invoice-lines": self._invoice_lines,
        }
        try:
            self._authorize(request)
            resource = resources.get(request.path.removeprefix(ROOT))
            if not resource or not request.path.startswith(ROOT):
                raise ProblemError(404, "Not found", f"There is no {request.path}")
            if request.method != "GET":
                raise ProblemError(405, "Method not allowed", "This API is read-only")
            return _json(resource(request))
        except ProblemError as error:
            return _problem(error, request.id)

    def _authorize(self, request: Request) -> None:
        key = request.headers.get("X-Api-Key")
        if key != self.api_key:
            raise ProblemError(401, "Unauthorized", "X-Api-Key is missing or wrong")
        name = request.path.removeprefix(ROOT + "/")
        if name in self.dial.settings.denied:
            raise ProblemError(403, "Forbidden", f"This key has no right to read {name}")

    def _ping(self, request: Request) -> Line:
        return {
            "sellerId": "seller-77",
            "sellerName": "Kontor Cloud Services GmbH",
            "serverTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _organizations(self, request: Request) -> Line:
        found = self.book.organizations()
        return self._page(request, ("organizations", "", ""), lambda _: len(found), _after(found))

    def _offers(self, request: Request) -> Line:
        window = _window(request)
        found = self.book.offers(window)
        query = ("offers", str(window.start), str(window.end))
        return self._page(request, query, lambda _: len(found), _after(found))

    def _invoice_lines(self, request: Request) -> Line:
        window = _window(request)
        return self._page(
            request,
            ("invoice-lines", str(window.start), str(window.end)),
            lambda changes: self.book.total(window, changes),
            lambda changes, after: self.book.read(window, changes, after),
        )

    # -- pages -----------------------------------------------------------------------------------

    def _page(
        self,
        request: Request,
        query: tuple[str, str, str],
        total: Callable[[Changes], int],
        read: Callable[[Changes, str], Iterable[Line]],
    ) -> Line:
        limit = _limit(request)
        token = request.query.get("cursor")
        name, after, snapshot = self._resume(token, query) if token else self._begin(query)
        # One more than asked for tells whether there is a next page without counting them all.
        items = list(islice(read(snapshot.changes, after), limit + 1))
        more = len(items) > limit
        items = items[:limit]
        page: Line = {"items": items, "nextCursor": None}
        if more:
            page["nextCursor"] = _token(name, str(items[-1]["id"]))
        if not token:
            page["total"] = total(snapshot.changes)
        return page

    def _begin(self, query: tuple[str, str, str]) -> tuple[str, str, Snapshot]:
        snapshot = Snapshot(self.clock(), query, self.book.snapshot())
        with self._lock:
            self._forget_old()
            name = f"{len(self._snapshots)}-{time.monotonic_ns():x}"
            self._snapshots[name] = snapshot
        return name, "", snapshot

    def _resume(self, token: str, query: tuple[str, str, str]) -> tuple[str, str, Snapshot]:
        try:
            name, after = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (ValueError, TypeError):
            raise ProblemError(
                400, "Bad cursor", "The cursor was not made by this server"
            ) from None
        with self._lock:
            self._forget_old()
            snapshot = self._snapshots.get(name)
        if not snapshot:
            raise ProblemError(410, "Cursor expired", "Start again without a cursor")
        # A cursor carries no filter of its own: another window would silently lose lines.
        if snapshot.query != query:
            raise ProblemError(400, "Bad cursor", "The cursor belongs to another query")
        return name, after, snapshot

    def _forget_old(self) -> None:
        oldest = self.clock() - CURSOR_LIVES
        for name in [name for name, kept in self._snapshots.items() if kept.made <= oldest]:
            del self._snapshots[name]

    def expire_cursors(self) -> None:
        """As if half an hour had passed for every cursor given out."""
        with self._lock:
            self._snapshots.clear()

    # -- beside the API ------------------------------------------------------------------------

    def routes(self) -> dict[tuple[str, str], Route]:
        return super().routes() | {
            ("POST", "/_sandbox/lines"): self._change_line,
            ("POST", "/_sandbox/expire-cursors"): self._expire,
        }

    def _expire(self, request: Request) -> Response:
        self.expire_cursors()
        return json_response({"ok": True})

    def _change_line(self, request: Request) -> Response:
        """{"id", "set": {…}, "unset": […], "removed": true} or {"id", "line": {…}}."""
        body, _ = posted(request)
        allowed = {"set", "unset", "removed", "line"}
        if not body.keys() <= allowed | {"id"}:
            raise ValueError(f"only id, {', '.join(sorted(allowed))} are understood")
        return json_response(self.book.change(str(body.pop("id")), **body))

    def reset_data(self) -> None:
        self.book.reset()
        self.expire_cursors()

    def close(self) -> None:
        self.book.close()

    def state(self) -> dict[str, Any]:
        counts = {f"{month.first:%Y-%m}": self.book.count(month) for month in self.book.months()}
        return super().state() | {
            "months": counts,
            "organizations": len(self.book.organizations()),
            "changedLines": len(self.book.changes),
            "anchor": self.book.anchor.isoformat(),
        }

    def page(self, request: Request) -> Response:
        wanted = request.query.get("q", "")
        newest = self.book.months()[-1]
        window = Window(self.book.months()[0].first, date(9999, 12, 31))
        rows = (
            _row(line)
            for month in reversed(self.book.months())
            for line in self.book.read(
                Window(month.first, window.end), self.book.snapshot(), f"line-{month.first:%Y%m}-"
            )
            if line["id"].startswith(f"line-{month.first:%Y%m}") and _matches(line, wanted)
        )
        heads = ["Line", "Invoice", "Date", "Status", "Customer", "Contract", "Subscription", "Offer",
                 "Type", "Quantity", "Price", "Total", "", "Start", "End"]  # fmt: skip
        return html_page(
            "Platform stand-in",
            f'<p class="note">Newest month {newest.first:%Y-%m}; an invented reseller.</p>',
            self.dial_form(),
            "<h2>Invoice lines</h2>",
            search_form(wanted, "customer, contract, offer, type, id"),
            table(heads, islice(rows, 300), (9, 10, 11)),
        )


def _row(line: Line) -> list[Any]:
    subscription = line.get("subscription") or {}
    names = ("chargeType", "quantity", "unitPrice", "totalPrice", "currency")
    return [
        line["id"], line.get("invoiceId"), line.get("invoiceDate"), line.get("invoiceStatus"),
        (line.get("organization") or {}).get("name"), line.get("contractId"),
        subscription.get("name"), (line.get("offer") or {}).get("name"),
        *(line.get(name) for name in names),
        line.get("chargeStartDate"), line.get("chargeEndDate"),
    ]  # fmt: skip


def _matches(line: Line, wanted: str) -> bool:
    text = " ".join(str(cell) for cell in _row(line)).casefold()
    return all(word in text for word in wanted.casefold().split())


def _after(found: list[Line]) -> Callable[[Changes, str], Iterable[Line]]:
    return lambda _, after: (item for item in found if item["id"] > after)


def _token(name: str, after: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, after]).encode()).decode()


def _window(request: Request) -> Window:
    found = []
    for name in ("invoiceDateFrom", "invoiceDateTo"):
        text = request.query.get(name, "")
        try:
            if len(text) != 10:
                raise ValueError(text)
            found.append(date.fromisoformat(text))
        except ValueError:
            raise ProblemError(400, "Bad window", f"{name} must be a date YYYY-MM-DD") from None
    if found[0] > found[1]:
        raise ProblemError(400, "Bad window", "invoiceDateFrom is after invoiceDateTo")
    return Window(*found)


def _limit(request: Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise ProblemError(400, "Bad limit", f"limit must be 1 to {MAX_LIMIT}")
    return int(text)


def _json(value: Line) -> Response:
    # The standard encoder is quick, and every decimal here is a string already.
    return Response(200, json.dumps(value, default=str).encode())


def _problem(error: ProblemError, request_id: str) -> Response:
    body: Line = {"type": "about:blank", "title": error.title, "status": error.status}
    if error.detail:
        body["detail"] = error.detail
    if request_id:
        body["requestId"] = request_id
    return Response(error.status, json.dumps(body).encode(), "application/problem+json")


def start(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    api_key: str = "sandbox-key",
    state_file: Path | None = None,
    today: date | None = None,
    seed: int = 1,
    lines: int | None = None,
) -> Running[PlatformStandIn]:
    """Answering at once; use as a context manager or call `stop()`."""
    book = Book(lambda: today or datetime.now(UTC).date(), seed, lines, state_file)
    return Running(PlatformStandIn(api_key=api_key, book=book), host, port)
