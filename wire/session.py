"""A requests session with our rule of what may be sent again.

Sent again without asking: a GET, a connection that never came about, a 429. A write whose fate is
open is never repeated: it raises `OutcomeUnknown`.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar

from wire import decimal_json
from wire.errors import ConfigError, OutcomeUnknown, TransientError
from wire.failures import BROKEN, TooLarge, Unanswered, unanswered
from wire.redact import redact, remember
from wire.transport import Attempt, DeadlineAdapter, attempting
from wire.watching import tell

logger = logging.getLogger(__name__)

# Within a task's minute: what fails longer is the caller's to put off.
TRIES = 4
BACKOFF_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 30.0
# Of a 429 that doesn't say how long.
RETRY_AFTER_SECONDS = 30.0
# However long one answer asks for, all workers together are not stopped for longer than this.
LONGEST_PAUSE_SECONDS = 300.0
# What a request waits for 429s in all; beyond it, its caller comes back when it was told to.
WAIT_BUDGET_SECONDS = 60.0
# Far above a page of 1000 records: an endless answer must not fill the worker's memory.
MAX_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
# What a remote is told to be that no connection came about with.
UNREACHABLE = "could not be reached"
# A gateway says so of what it has passed on, too: like a server error, it tells nothing about a write.
REQUEST_TIMEOUT = 408
REQUEST_ID_HEADERS = ("x-cw-request-id", "x-request-id")

Params = Mapping[str, str | int]
OnSend = Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer that is neither a 429 nor a 408 nor a server error."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The remote's own id of this request, for its support."""
        found = (self.headers.get(name) for name in REQUEST_ID_HEADERS)
        return next((value for value in found if value), None)

    def json(self) -> object:
        """The body with exact decimals; raises ValueError when it isn't JSON."""
        return decimal_json.loads(self.body)

    def problem(self) -> Mapping[str, object]:
        """The object that tells what is wrong; empty where the body is none."""
        try:
            told = self.json()
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, however often it is attempted."""

    method: str
    url: str
    params: Params | None
    body: bytes | None
    headers: Mapping[str, str]
    on_send: OnSend
    timeout: float
    tries: int

    @property
    def repeatable(self) -> bool:
        """Doing it twice is the same as doing it once."""
        return self.method == "GET"


class RemoteSession:
    """Sends requests to one remote under one total time-out per attempt.

    `throttle` is called before every attempt and may wait; `on_send` right before the bytes go
    out, and what it raises stops the sending; `pause` hears of every 429. A request with all its
    attempts is made inside `turn`, a lock where several threads share one place.
    """

    def __init__(
        self,
        *,
        service: str,
        timeout: float,
        headers: Mapping[str, str],
        secrets: tuple[str, ...] = (),
        throttle: Callable[[], None] | None = None,
        pause: Callable[[float], None] | None = None,
        turn: AbstractContextManager[object] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
        tries: int = TRIES,
        wait_budget: float = WAIT_BUDGET_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        remember(*secrets)
        self.service = service
        self.timeout = timeout
        self._throttle = throttle or _nothing
        self._pause = pause or _no_pause
        self._turn = turn or nullcontext()
        self._sleep = sleep
        self._jitter = jitter
        self._tries = tries
        self._wait_budget = wait_budget
        self._max_bytes = max_bytes
        self._http = _http_session(headers)

    def __repr__(self) -> str:
        return f"<RemoteSession {self.service}>"

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        on_send: OnSend = None,
        timeout: float | None = None,
        tries: int | None = None,
    ) -> Answer:
        """The remote's answer below 500 (and no 408), or a RemoteError that says what to do next."""
        sent_headers = dict(headers or {})
        if json is not None:
            sent_headers["Content-Type"] = "application/json"
        call = Call(
            method=method,
            url=url,
            params=params,
            body=None if json is None else decimal_json.dumps(json).encode(),
            headers=sent_headers,
            on_send=on_send,
            timeout=timeout or self.timeout,
            tries=tries or self._tries,
        )
        with self._turn:
            return self._persist(call)

    def _persist(self, call: Call) -> Answer:
        failures, waited = 0, 0.0
        while True:
            # The wait first, the stamp last: what is stamped as sent goes out at once.
            self._throttle()
            try:
                with attempting(call.timeout) as attempt:
                    # The time-out runs from the stamp on: who was held up since, for longer, sends
                    # nothing any more. By then the request counts as lost, and is made once more.
                    if call.on_send is not None:
                        call.on_send()
                    answer = self._attempt(call, attempt)
            except Unanswered as failure:
                error = self._unanswered(call, failure)
                error.__cause__ = failure
            else:
                if answer.status == 429:
                    # Nothing was done there, so even a write may come again; waiting is no failure.
                    waited = self._obey(answer, waited)
                    continue
                if answer.status < 500 and answer.status != REQUEST_TIMEOUT:
                    return answer
                error = self._server_error(call, answer)
            failures += 1
            if failures >= call.tries:
                raise error
            self._sleep(self._backoff(failures))

    def _attempt(self, call: Call, attempt: Attempt) -> Answer:
        started = time.monotonic()
        try:
            answer = self._exchange(call, attempt)
        except BROKEN as error:
            tell(self.service, call.method, None, time.monotonic() - started)
            raise unanswered(error, attempt, call.timeout) from error
        seconds = time.monotonic() - started
        tell(self.service, call.method, answer.status, seconds)
        logger.debug(
            "%s %s %s: %s in %.0f ms (request %s)",
            self.service,
            call.method,
            urlsplit(call.url).path,
            answer.status,
            seconds * 1000,
            answer.request_id,
        )
        return answer

    def _exchange(self, call: Call, attempt: Attempt) -> Answer:
        with self._http.request(
            call.method,
            call.url,
            params=call.params,
            data=call.body,
            headers=call.headers,
            timeout=attempt.left(),
            # Followed, a write would become a GET, and the keys would travel where an answer says.
            allow_redirects=False,
            # Read below, in parts, where a limit holds for its length.
            stream=True,
        ) as response:
            try:
                body = self._read(response)
            except BROKEN:
                # A refusal is known by its status; only its words are lost.
                if not 400 <= response.status_code < 500:
                    raise
                body = b""
            return Answer(response.status_code, response.headers, body)

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_bytes:
                raise TooLarge(f"its answer is longer than {self._max_bytes} bytes")
        return bytes(body)

    def _obey(self, answer: Answer, waited: float) -> float:
        """Wait as the remote asks; returns the seconds waited so far, raises beyond the budget."""
        asked = retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
        # Told before this one gives up, too: the other workers are to wait all the same.
        self._pause(min(asked, LONGEST_PAUSE_SECONDS))
        if waited + asked > self._wait_budget:
            raise TransientError(
                f"{self.service} takes no more requests for now (429). "
                f"Try again in {asked:.0f} seconds.",
                service=self.service,
                status=429,
                request_id=answer.request_id,
                retry_after=asked,
            )
        logger.info("%s asks to wait %.0f seconds (429)", self.service, asked)
        self._sleep(asked)
        return waited + asked

    def _backoff(self, failures: int) -> float:
        """Full jitter: workers that failed together don't come back together."""
        return self._jitter(0.0, min(BACKOFF_CAP_SECONDS, BACKOFF_SECONDS * 2**failures))

    def _unanswered(self, call: Call, failure: Unanswered) -> TransientError:
        """What to raise once the tries are used up; raises at once where trying again is wrong."""
        host = urlsplit(call.url).netloc
        why = redact(failure.why)
        if failure.untrusted:
            raise ConfigError(
                f"{self.service} at {host} shows a certificate that is not trusted. "
                "Check the address.",
                service=self.service,
            )
        if not failure.sent:
            return TransientError(
                f"{self.service} {UNREACHABLE} at {host}: {why}. "
                "Check the address and the network.",
                service=self.service,
            )
        if not call.repeatable:
            raise self._unknown(why)
        return TransientError(
            f"{self.service} did not answer properly: {why}. Try again later.",
            service=self.service,
        )

    def _server_error(self, call: Call, answer: Answer) -> TransientError:
        if not call.repeatable:
            raise self._unknown(
                f"it answered with a server error ({answer.status})",
                status=answer.status,
                request_id=answer.request_id,
            )
        return TransientError(
            f"{self.service} has a problem of its own (server error {answer.status}). "
            "Try again later.",
            service=self.service,
            status=answer.status,
            request_id=answer.request_id,
        )

    def _unknown(
        self, why: str, *, status: int | None = None, request_id: str | None = None
    ) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self.service} did not confirm the change: {why}. It may or may not have been made.",
            service=self.service,
            status=status,
            request_id=request_id,
        )


def retry_after(value: str | None, *, now: datetime) -> float:
    """Seconds to wait by a Retry-After header, given in seconds or as an HTTP date."""
    text = (value or "").strip()
    try:
        # At least a second: a 0 that is always answered would make this a loop without a pause.
        if text.replace(".", "", 1).isdecimal():
            return max(1.0, float(text))
        return max(1.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return RETRY_AFTER_SECONDS


def _http_session(headers: Mapping[str, str]) -> requests.Session:
    session = requests.Session()
    # No proxy and no .netrc of the machine: where requests go, and with which keys, is ours to say.
    session.trust_env = False
    # Nor any cookie kept: each request stands by its keys alone, whatever was answered before.
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(headers)
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter())
    return session


def _nothing() -> None:
    pass


def _no_pause(seconds: float) -> None:
    pass
