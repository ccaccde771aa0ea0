"""What both stand-ins have beside their API: the dial's page and JSON, state, reset, start and stop."""

import json
import os
import signal
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from sandbox_kit import exact_json
from sandbox_kit.dial import ABOUT_WRITES, Dial, Fault
from sandbox_kit.http import LoopbackServer, Request, Response, json_response
from sandbox_kit.pages import dial_form

Route = Callable[[Request], Response]


class StandIn:
    """Base of both: subclasses add `answer`, `fault_response`, `is_api`, `reset_data` and `page`."""

    server: LoopbackServer
    takes_writes = True

    def __init__(self) -> None:
        self.dial = Dial()

    def is_api(self, path: str) -> bool:
        """Whether the dial may touch a request for this path; the stand-in's own pages never meet a fault."""
        raise NotImplementedError

    def answer(self, request: Request, fault: Fault) -> Response:
        """What the API says; a write that met `fault` is on record with it."""
        raise NotImplementedError

    def fault_response(self, fault: Fault) -> Response:
        """The fault's status in this API's own form of an error."""
        raise NotImplementedError

    def reset_data(self) -> None:
        """Data as on the first day."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the state file."""
        raise NotImplementedError

    def page(self, request: Request) -> Response:
        """The page a person opens in a browser."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What came in and what still waits, for tests and benchmarks."""
        late = len(self.server.late.numbers())
        return {"lateWritesWaiting": late, **self.server.meter.as_dict()}

    def routes(self) -> dict[tuple[str, str], Route]:
        """Everything beside the API, by method and path."""
        return {
            ("GET", "/"): self.page,
            ("GET", "/_sandbox/state"): lambda _: json_response(self.state()),
            ("GET", "/_sandbox/faults"): lambda _: json_response(self.dial.as_dict()),
            ("POST", "/_sandbox/faults"): self._set_faults,
            ("POST", "/_sandbox/land"): lambda _: json_response(
                {"landed": self.server.late.land()}
            ),
            ("POST", "/_sandbox/reset"): self._reset,
        }

    def admin(self, request: Request) -> Response:
        """Pages and JSON outside the API; another site's page in the same browser is kept out."""
        # A stand-in has no keys on these pages: without this check any site open in the developer's
        # browser could post a reset to the loopback address.
        origin = request.headers.get("Origin")
        if origin and origin != f"http://{request.headers.get('Host')}":
            return json_response({"error": "cross-site request refused"}, 403)
        route = self.routes().get((request.method, request.path))
        if not route:
            return json_response({"error": f"no such page: {request.method} {request.path}"}, 404)
        try:
            return route(request)
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": str(error)}, 400)

    def _set_faults(self, request: Request) -> Response:
        changes, from_form = posted(request)
        if changes.pop("reset", None):
            self.dial.reset()
        self.dial.set(**changes)
        if from_form:
            return Response(303, headers={"Location": "/"})
        return json_response(self.dial.as_dict())

    def _reset(self, request: Request) -> Response:
        """Data as on the first day and no faults; {"faults": false} keeps the dial, {"data": false} the data."""
        wanted, from_form = posted(request)
        if wanted.get("faults", True):
            self.dial.reset()
        if wanted.get("data", True):
            self.server.late.forget()
            self.reset_data()
        self.server.meter.reset()
        return (
            Response(303, headers={"Location": "/"}) if from_form else json_response({"ok": True})
        )

    def dial_form(self) -> str:
        """The dial for the page, without what only writes can meet where there are none."""
        shown = self.dial.as_dict()
        if not self.takes_writes:
            shown = {name: value for name, value in shown.items() if name not in ABOUT_WRITES}
        return dial_form(shown)


def posted(request: Request) -> tuple[dict[str, Any], bool]:
    """The body as a dictionary, and whether a form sent it."""
    if "form" in (request.headers.get("Content-Type") or ""):
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True)), True
    value = exact_json.loads(request.body or b"{}")
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return value, False


AppT = TypeVar("AppT", bound=StandIn)


class Running(Generic[AppT]):
    """A stand-in that answers; leaving the `with` block stops it and flushes its data."""

    def __init__(self, app: AppT, host: str, port: int) -> None:
        self.app = app
        self.server = app.server = LoopbackServer(host, port, app)
        self.faults = app.dial
        shown = f"[{host}]" if ":" in host else host
        self.port = int(self.server.server_address[1])
        self.url = f"http://{shown}:{self.port}"
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def land_late_writes(self) -> int:
        """Write now what the dial put off; says how many."""
        return self.server.late.land()

    def stop(self) -> None:
        """Stop answering and close the data; a second call does nothing."""
        if self._thread.is_alive():
            self.server.stop()
            self._thread.join()
            self.app.close()

    def __enter__(self) -> "Running[AppT]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def common_options(parser: ArgumentParser) -> ArgumentParser:
    """The options that both stand-ins take."""
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--state-file", type=Path, help="keeps the data over a restart")
    parser.add_argument("--today", type=date.fromisoformat, metavar="YYYY-MM-DD",
                        help="the stand-in's present day (default: the real one)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="another seed, other figures")
    parser.add_argument("--ready-file", type=Path,
                        help="written once it answers: JSON with url, port and pid")  # fmt: skip
    return parser


def serve(running: "Running[Any]", options: Namespace, name: str) -> None:
    """Say where it listens, then wait for SIGTERM or SIGINT and end at once."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if options.ready_file:
        ready = {"url": running.url, "port": running.port, "pid": os.getpid()}
        # A script that waits for the file must never read half of it.
        draft = options.ready_file.with_name(options.ready_file.name + ".new")
        draft.write_text(json.dumps(ready), encoding="utf-8")
        draft.replace(options.ready_file)
    sys.stdout.write(f"{name} stand-in listens on {running.url}\n")
    sys.stdout.flush()
    ended.wait()
    running.app.close()
    os._exit(0)  # no waiting for open connections: what was answered is in the state file
