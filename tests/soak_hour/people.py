"""Several people at once: sessions of their own, who look at the grid, edit rows and load months."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from random import Random
from typing import Any

import requests

GRID = "/mapping/invoices/"
QUERIES = (
    "", "&sort=offer", "&sort=-total_price", "&q=monthly", "&status=not_synced",
    "&per_page=200", "&page=2", "&status=error",
)  # fmt: skip
HTMX = {"HX-Request": "true"}


class Inputs(HTMLParser):
    """The rows of a page, and the inputs of a row that is edited."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.values: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "tr" and given.get("id", "").startswith("line-"):
            self.lines.append(given["id"].removeprefix("line-"))
        if tag == "input" and given.get("name"):
            self.values[given["name"]] = given.get("value", "")


class Crowd:
    """Everybody who works until `stop` is set; what they did and what went wrong."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self.address, self.login, self.password = address.rstrip("/"), login, password
        self.stop = threading.Event()
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        # Of each line the version that was edited last, and the end date it was given.
        self.saved: dict[int, tuple[int, str]] = {}
        self._times: list[float] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Again and again, until the end; the first error of each kind is kept."""

        def go_on() -> None:
            while not self.stop.is_set():
                try:
                    work()
                except Exception as error:
                    self.wrong.append(f"{name}: {error!r}"[:300])
                    self.stop.wait(1)

        thread = threading.Thread(target=go_on, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(300)
            if thread.is_alive():
                self.wrong.append(f"{thread.name} came to no end")

    def take_times(self) -> list[float]:
        """Seconds of the requests since it was asked last."""
        with self._lock:
            taken, self._times = self._times, []
            return taken

    def keep(self, line: int, version: int, end: str) -> None:
        """An answer may come later than that to a later edit: the version decides."""
        with self._lock:
            self.saved[line] = max(self.saved.get(line, (0, "")), (version, end))

    def note(self, what: str, seconds: float) -> None:
        with self._lock:
            self.done[what] += 1
            self._times.append(seconds)


class Person:
    """One signed-in browser."""

    def __init__(self, crowd: Crowd, seed: int) -> None:
        self.crowd, self.random = crowd, Random(seed)
        self.month = time.strftime("%Y-%m")
        self.session = requests.Session()
        where = f"{crowd.address}/accounts/login/"
        self.session.get(where, timeout=60).raise_for_status()
        self._send("signed in", "POST", "/accounts/login/",
                   data={"username": crowd.login, "password": crowd.password})  # fmt: skip

    def look(self) -> None:
        query = self.random.choice(QUERIES)
        page = self._send("looked", "GET", f"{GRID}?period={self.month}{query}", headers=HTMX)
        lines = Inputs(page.text).lines
        if lines and self.random.random() < 0.5:
            self.edit(self.random.choice(lines))
        self.crowd.stop.wait(self.random.uniform(0.1, 0.6))

    def edit(self, line: str) -> None:
        """Another end date; a line that was posted or is in flight meanwhile refuses it."""
        where = f"{GRID}lines/{line}/edit/"
        values = Inputs(self._send("opened a row", "GET", where, headers=HTMX).text).values
        if "charge_start_date" not in values:
            return
        wanted = ("version", "opened", "was", "company", "agreement", "product")
        sent = {name: values.get(name, "") for name in wanted}
        start = values["charge_start_date"]
        # A save that changes nothing leaves the version as it is: it could not be told from a later one.
        ends = {f"{start[:8]}{day}" for day in range(20, 29)} - {values["charge_end_date"]}
        end = self.random.choice(sorted(ends))
        sent |= {"charge_start_date": start, "charge_end_date": end}
        answer = self._send("saved a row", "POST", where, headers=HTMX, data=sent)
        if answer.status_code == 200:
            self.crowd.keep(int(line), int(sent["version"]), end)
        self.crowd.done[f"  answered {answer.status_code}"] += 1

    def load(self) -> None:
        """Not one after the other: while a month is loaded, nobody may sync it."""
        self._send(
            "asked for a load", "POST", f"{GRID}load/", headers=HTMX, data={"periods": self.month}
        )
        self.crowd.stop.wait(self.random.uniform(10, 20))

    def _send(self, what: str, verb: str, path: str, **more: Any) -> requests.Response:
        """A refusal (409, 422) is an answer like others; 5xx and others are what this looks for."""
        if verb == "POST":
            token = self.session.cookies.get("csrftoken", "")
            more["headers"] = {**more.get("headers", {}), "X-CSRFToken": token}
        began = time.monotonic()
        answer = self.session.request(verb, self.crowd.address + path, timeout=60, **more)
        self.crowd.note(what, time.monotonic() - began)
        if answer.status_code not in (200, 204, 302, 409, 422):
            raise RuntimeError(f"{what}: {answer.status_code} from {path}")
        return answer
