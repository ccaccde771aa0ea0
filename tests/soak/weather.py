"""ConnectWise's stand-in without a network: each request meets what the seed has for it.

The stand-in's own code answers; only the wire is played, so that a cut, a time-out or a late write
costs no real second.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from psa_connectwise.sandbox import ConnectWiseStandIn, Keys
from sandbox_kit.dial import OK, Fault
from sandbox_kit.http import Request, Response
from tests.soak.boundaries import Boundary, Tally
from tests.soak.crew import Crew, Killed, current
from wire.errors import TransientError

TIMEOUT_SECONDS = 60.0
SETTLE_SECONDS = 300.0
# Some land while we still wait, some before and some after it was sent again, one very late.
LATE_SECONDS = (20.0, 200.0, 350.0, 500.0, 2500.0, 3650.0, 40_000.0)
NAPS = (14.0, 70.0, 400.0, 1500.0)
LONGEST_WAIT = 60.0

B = Boundary
KILLED_AT = {
    "plan": B.KILLED_PLANNING,
    "claim": B.KILLED_CLAIMING,
    "stamped": B.KILLED_STAMPED,
    "replied": B.KILLED_REPLIED,
    "recording": B.KILLED_RECORDING,
    "recorded": B.KILLED_RECORDED,
    "sweep": B.KILLED_SWEEPING,
}


@dataclass
class Climate:
    """How much of what there is of; shares of requests, of hooks (kills, naps) and of statements."""

    faults: dict[Boundary, float] = field(default_factory=dict)
    kill: float = 0.0
    kill_statement: float = 0.0
    nap: float = 0.0
    agreements_lost: float = 0.0


CALM = Climate()


class Weather(BaseAdapter):
    """Carries requests to the stand-in, or doesn't."""

    def __init__(self, crew: Crew, app: ConnectWiseStandIn, tally: Tally) -> None:
        super().__init__()
        self.crew, self.app, self.tally = crew, app, tally
        self.climate = CALM
        self.undoing = False
        self.paused_until = 0.0
        self.unreachable_until = 0.0
        # Whose fate it was, for the tally of a late write that lands after the second sending.
        crew.on_statement = self.on_statement

    def calm(self) -> None:
        self.climate = CALM
        self.unreachable_until = 0.0
        self.give_back()
        self.app.dial.set(search_lag_seconds=0)

    @property
    def keys_are_wrong(self) -> bool:
        return self.app.keys != Keys()

    def take_away(self, what: str) -> None:
        """A right, or the keys."""
        if what == "keys":
            self.app.keys = Keys(private="another one")
        else:
            self.app.dial.set(denied=[what])

    def give_back(self) -> None:
        self.app.keys = Keys()
        self.app.dial.set(denied=[])

    def hit(self, boundary: Boundary) -> None:
        self.tally.hit(boundary)
        if self.undoing:
            self.tally.hit(B.UNDO_FAULT)

    # -- the rate limit all workers share ----------------------------------------------------------

    def __call__(self) -> None:
        """A place under the rate limit; raises as the product's own does where it takes too long."""
        while self.paused_until > self.crew.now:
            wait = self.paused_until - self.crew.now
            if wait > LONGEST_WAIT:
                raise TransientError("paused", service="ConnectWise", retry_after=wait)
            self.crew.pause(wait)

    def pause(self, seconds: float) -> None:
        # A little more than was asked: not to the very moment something is tried again at.
        self.paused_until = max(self.paused_until, self.crew.now + seconds + 10)

    # -- what befalls a worker ----------------------------------------------------------------------

    def mishap(self, phase: str) -> None:
        """Here the worker may die, sleep long, or let another go first."""
        member = current()
        if member is None:
            return
        member.phase = "sweep" if member.phase == "sweep" else phase
        roll = self.crew.random.random()
        if roll < self.climate.kill:
            self._kill(member.phase)
        elif roll < self.climate.kill + self.climate.nap:
            self.crew.pause(self.crew.random.choice(NAPS))
        else:
            self.crew.pause()

    def _kill(self, phase: str) -> None:
        member = current()
        assert member
        self.hit(KILLED_AT[phase])
        member.dying = True
        raise Killed

    def on_statement(self, member: Any, *, in_transaction: bool) -> None:
        roll = self.crew.random.random()
        if roll < self.climate.kill_statement and member.phase in KILLED_AT:
            inside = member.phase == "replied" and in_transaction
            self._kill("recording" if inside else member.phase)
        if roll > 0.9 and not in_transaction:
            self.crew.pause()

    def around(self, stamp: Callable[[], None]) -> Callable[[], None]:
        """The moments before a write is stamped as sent, and between that and its first byte."""

        def stamped() -> None:
            self.mishap("claim")
            before = self.crew.now
            try:
                stamp()
            except Exception:
                self.hit(B.WOKE_LATE)
                raise
            before = self.crew.now
            self.mishap("stamped")
            if self.crew.now - before > TIMEOUT_SECONDS + SETTLE_SECONDS:
                self.hit(B.SENT_LATE)

        return stamped

    # -- the wire -------------------------------------------------------------------------------------

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        asked = _asked(request)
        fault = self._fate(asked)
        answer = self._meet(fault, asked)
        return _response(request, answer, cut_short=fault == B.CUT_SHORT)

    def close(self) -> None:
        """Nothing is open."""

    def _fate(self, asked: Request) -> Boundary | None:
        writes = asked.method != "GET"
        if self.crew.now < self.unreachable_until:
            return B.NEVER_SENT
        if (
            self.app.dial.settings.search_lag_seconds
            and not writes
            and not asked.query.get("conditions")
        ):
            self.tally.hit(B.LAG)
        roll = self.crew.random.random()
        if (
            _makes_agreement(asked) or _changes_agreement(asked)
        ) and roll < self.climate.agreements_lost:
            return self.crew.random.choice([B.NO_REPLY, B.LATE, B.ERROR_AFTER])
        for fault, share in self.climate.faults.items():
            if fault in WRITES_ONLY and not writes:
                continue
            if roll < share:
                return fault
            roll -= share
        return None

    def _meet(self, fault: Boundary | None, asked: Request) -> Response:
        if fault is None:
            return self._answer(asked, OK)
        self.hit(fault)
        if fault in LOSSES and _makes_agreement(asked):
            self.tally.hit(B.AGREEMENT_LOST)
        if fault in LOSSES and _changes_agreement(asked):
            self.tally.hit(B.BILLING_LATE if fault == B.LATE else B.BILLING_LOST)
        return MEETINGS[fault](self, asked)

    def _answer(self, asked: Request, fault: Fault) -> Response:
        if not self.app.is_api(asked.path):
            return self.app.admin(asked)
        response = self.app.answer(asked, fault)
        if response.status in REFUSALS:
            self.hit(REFUSALS[response.status])
        if response.status == 200 and _changes_agreement(asked):
            self.tally.hit(B.BILLING_MOVED)
        return response

    def _never_sent(self, asked: Request) -> Response:
        raise requests.ConnectTimeout("played")

    def _cut_unread(self, asked: Request) -> Response:
        raise requests.ConnectionError("played")

    def _error_before(self, asked: Request) -> Response:
        return self.app.fault_response(Fault("before_write", self.crew.random.choice([500, 503])))

    def _no_reply(self, asked: Request) -> Response:
        self._answer(asked, Fault("lost_reply"))
        self._wait_in_vain()
        raise requests.ConnectionError("played")

    def _cut_short(self, asked: Request) -> Response:
        return self._answer(asked, Fault("truncated"))

    def _error_after(self, asked: Request) -> Response:
        self._answer(asked, Fault("after_write", 500))
        return self.app.fault_response(Fault("after_write", self.crew.random.choice([500, 502])))

    def _late(self, asked: Request) -> Response:
        seconds = self.crew.random.choice(LATE_SECONDS)
        if seconds > TIMEOUT_SECONDS + SETTLE_SECONDS:
            self.hit(B.LATER_STILL)
        self.crew.at(seconds, lambda: self._land(asked))
        self._wait_in_vain()
        raise requests.ConnectionError("played")

    def _land(self, asked: Request) -> None:
        """Written at last: beside what was sent again meanwhile, perhaps."""
        self._answer(asked, Fault("late_write"))
        made = self.app.store.ledger[-1] if self.app.store.ledger else {}
        if asked.method != "POST" or made.get("path") != asked.path:
            return
        kind, record = made["kind"], made["record"]
        named = "serialNumber" if kind == "additions" else "name"
        alike = [one for one in self.app.store.all(kind) if one.get(named) == record[named]]
        if len(alike) > 1:
            self.tally.hit(B.ADDITION_TWICE if kind == "additions" else B.AGREEMENT_TWICE)

    def _storm(self, asked: Request) -> Response:
        wait = self.crew.random.choice([3, 7, 34, 95])
        return self.app.fault_response(Fault("before_write", 429, wait))

    def _in_use(self, asked: Request) -> Response:
        return self.app.fault_response(Fault("before_write", 409))

    def _wait_in_vain(self) -> None:
        if self.crew.random.random() < 0.5:
            self.crew.pause(TIMEOUT_SECONDS)


MEETINGS: dict[Boundary, Callable[[Weather, Request], Response]] = {
    B.NEVER_SENT: Weather._never_sent,
    B.CUT_UNREAD: Weather._cut_unread,
    B.ERROR_BEFORE: Weather._error_before,
    B.NO_REPLY: Weather._no_reply,
    B.CUT_SHORT: Weather._cut_short,
    B.ERROR_AFTER: Weather._error_after,
    B.LATE: Weather._late,
    B.STORM: Weather._storm,
    B.IN_USE: Weather._in_use,
}
REFUSALS = {401: B.WRONG_KEYS, 403: B.DENIED}
LOSSES = frozenset({B.NO_REPLY, B.CUT_SHORT, B.ERROR_AFTER, B.LATE})
WRITES_ONLY = LOSSES | {B.IN_USE}


def _makes_agreement(asked: Request) -> bool:
    return asked.method == "POST" and asked.path.endswith("/agreements")


def _changes_agreement(asked: Request) -> bool:
    return asked.method == "PATCH" and asked.path.split("/")[-2] == "agreements"


def _asked(request: requests.PreparedRequest) -> Request:
    split = urlsplit(str(request.url))
    headers = Message()
    for name, value in request.headers.items():
        headers[name] = value if isinstance(value, str) else value.decode("latin-1")
    body = request.body or b""
    return Request(
        method=str(request.method),
        path=split.path,
        query=dict(parse_qsl(split.query, keep_blank_values=True)),
        headers=headers,
        body=body if isinstance(body, bytes) else str(body).encode(),
        target=f"{split.path}?{split.query}",
    )


def _response(
    request: requests.PreparedRequest, answer: Response, *, cut_short: bool
) -> requests.Response:
    made = requests.Response()
    made.status_code = answer.status
    made.headers = CaseInsensitiveDict({"Content-Type": answer.content_type, **answer.headers})
    body = answer.body[: len(answer.body) // 2] if cut_short else answer.body
    made.raw = io.BytesIO(body)
    made.url = str(request.url)
    made.request = request
    return made
