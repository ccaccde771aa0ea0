"""A small HTTP/1.1 server for loopback: keep-alive, no delay, and a connection can be cut on purpose."""

import contextlib
import socket
import socketserver
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from sandbox_kit import exact_json
from sandbox_kit.dial import Dial, Fault

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class Request:
    """One request as it came: `path` without its query, `target` with it."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    target: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True)
class Response:
    """What leaves; `truncated` sends half of the body and cuts the connection."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    truncated: bool = False


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """An answer with decimals kept exact; `Retry_After=…` becomes a header of that name."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, exact_json.dump_bytes(value), headers=named)


class Cut(Exception):
    """Close the connection without an answer."""


class App(Protocol):
    """What a stand-in offers to the server."""

    dial: Dial

    def is_api(self, path: str) -> bool: ...
    def admin(self, request: Request) -> Response: ...
    def answer(self, request: Request, fault: Fault) -> Response: ...
    def fault_response(self, fault: Fault) -> Response: ...


class LateWrites:
    """Writes whose reply was lost and that land later; tests land them at once instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[threading.Timer, Callable[[], object]]] = {}
        self._count = 0

    def add(self, seconds: float, write: Callable[[], object]) -> None:
        """Run `write` once the time is over, unless it is landed or forgotten before."""
        with self._lock:
            self._count += 1
            number = self._count
            timer = threading.Timer(seconds, self._land_one, (number,))
            timer.daemon = True
            self._waiting[number] = (timer, write)
        timer.start()

    def _land_one(self, number: int) -> None:
        """Popped before it is run: the timer and a test may both come for it, and it is written once."""
        with self._lock:
            _, write = self._waiting.pop(number, (None, None))
        if write:
            write()

    def land(self) -> int:
        """Let all that waits be written now; says how many."""
        numbers = self.numbers()
        for number in numbers:
            self._land_one(number)
        return len(numbers)

    def numbers(self) -> list[int]:
        """Which writes still wait."""
        with self._lock:
            return list(self._waiting)

    def forget(self) -> None:
        """Drop all that waits: after a reset it would be written into the new data."""
        with self._lock:
            for timer, _ in self._waiting.values():
                timer.cancel()
            self._waiting.clear()


class Meter:
    """Counts what benchmarks and tests of concurrency ask about."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.requests, self.in_flight, self.max_in_flight = 0, 0, 0
        self.by_status: Counter[str] = Counter()
        self.by_method: Counter[str] = Counter()

    def enter(self, method: str) -> None:
        """One more request under way."""
        with self._lock:
            self.requests += 1
            self.by_method[method] += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self, status: str) -> None:
        """The request ended with this status, or with `cut`."""
        with self._lock:
            # A reset while requests are under way begins at nothing; those requests still leave.
            self.in_flight = max(self.in_flight - 1, 0)
            self.by_status[status] += 1

    def as_dict(self) -> dict[str, Any]:
        """The counts as JSON shows them."""
        with self._lock:
            return {
                "requests": self.requests,
                "inFlight": self.in_flight,
                "maxInFlight": self.max_in_flight,
                "byStatus": dict(self.by_status),
                "byMethod": dict(self.by_method),
            }


class LoopbackServer(ThreadingHTTPServer):
    """Serves one stand-in until it is stopped; every open connection ends with it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host: str, port: int, app: App) -> None:
        if host not in LOOPBACK:
            raise ValueError(f"a stand-in listens on loopback only, not on {host!r}")
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.app, self.meter, self.late = app, Meter(), LateWrites()
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name server for our full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop listening, then cut what is open: a kept connection would still be answered."""
        self.shutdown()
        self.late.forget()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def respond(self, request: Request) -> Response:
        """The stand-in's answer, or what the dial makes of it."""
        if not self.app.is_api(request.path):
            return self.app.admin(request)
        self.meter.enter(request.method)
        outcome = "cut"
        try:
            response = self._meeting_faults(request)
            outcome = str(response.status)
            return response
        finally:
            self.meter.leave(outcome)

    def _meeting_faults(self, request: Request) -> Response:
        fault = self.app.dial.decide(request.method, request.target, request.body)
        if self.app.dial.settings.latency_ms:  # even a sleep of nothing gives the processor away
            time.sleep(self.app.dial.settings.latency_ms / 1000)
        if fault.name == "before_write":
            return self.app.fault_response(fault)
        if fault.name == "drop":
            raise Cut
        if fault.name == "late_write":
            self.late.add(fault.seconds, lambda: self.app.answer(request, fault))
            time.sleep(self.app.dial.settings.hang_seconds)
            raise Cut
        response = self.app.answer(request, fault)
        if fault.name in ("lost_reply", "hang"):
            time.sleep(fault.seconds)
            raise Cut
        if fault.name == "after_write":
            return self.app.fault_response(fault)
        response.truncated = fault.name == "truncated"
        return response


class _Handler(BaseHTTPRequestHandler):
    """One connection, on a thread of its own."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    timeout = 120

    def handle_one_request(self) -> None:
        if self._dropped_unread():
            self.close_connection = True
            return
        super().handle_one_request()

    def _dropped_unread(self) -> bool:
        """Peeked at, not read: the stand-in's own pages are never dropped."""
        dial = self.server.app.dial
        if not dial.settings.share_drop:
            return False
        start = self.connection.recv(512, socket.MSG_PEEK).split(b" ")
        path = start[1].decode("latin-1") if len(start) > 1 else "/"
        return self.server.app.is_api(urlsplit(path).path) and dial.drops_connection()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        request = Request(self.command, split.path, query, self.headers, body, self.path)
        try:
            response = self.server.respond(request)
        except Cut:
            self.close_connection = True
            return
        self._send(request, response)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _send(self, request: Request, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
        head = {"Date": self.date_time_string(), "Content-Length": str(len(response.body))}
        if response.body:
            head["Content-Type"] = response.content_type
        if response.status == 204:
            del head["Content-Length"]
        lines += [f"{name}: {value}" for name, value in {**head, **response.headers}.items()]
        body = b"" if request.method == "HEAD" else response.body
        if response.truncated:
            body, self.close_connection = body[: len(body) // 2], True
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the ledger is the record."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
