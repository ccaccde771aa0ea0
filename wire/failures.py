"""What became of an attempt that brought no complete answer: could it have arrived, and why not."""

import http.client
import ssl

import requests
import urllib3.exceptions

from wire.transport import Attempt

BROKEN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)
NO_CONNECTION = "no connection came about in time"
# Raised before a connection is used, also where a test stands in for the adapter.
NEVER_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


class TooLarge(OSError):
    """The answer is longer than we are willing to hold."""


class Unanswered(Exception):
    """An attempt without a complete answer; `sent` is False when nothing can have arrived."""

    def __init__(self, why: str, *, sent: bool, untrusted: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.untrusted = untrusted


def unanswered(error: Exception, attempt: Attempt, timeout: float) -> Unanswered:
    """Reads off the exception what became of the attempt; `timeout` (seconds) is told in its words."""
    chain = _causes(error)
    never = attempt.never_connected or isinstance(error, NEVER_SENT)
    untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain)
    return Unanswered(_why(chain, timeout, never=never), sent=not never, untrusted=untrusted)


def _why(chain: list[BaseException], timeout: float, *, never: bool) -> str:
    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in chain)

    if has(urllib3.exceptions.NameResolutionError):
        return "the name does not resolve"
    if has(ConnectionRefusedError):
        return "the connection was refused"
    if has(TooLarge):
        return next(str(cause) for cause in chain if isinstance(cause, TooLarge))
    if has(TimeoutError, requests.Timeout):
        return f"no complete answer within {timeout:g} seconds" if not never else NO_CONNECTION
    return "the connection broke off"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what lies beneath it, outermost first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    # Exceptions can be each other's cause; then the chain would have no end.
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain
