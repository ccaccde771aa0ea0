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
    chain = _causes(error)
    never = attempt.never_connected or isinstance(error, NEVER_SENT)
    untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain)
    return Unanswered(_why(chain, timeout), sent=not never, untrusted=untrusted)


def _why(chain: list[BaseException], timeout: float) -> str:
    kinds = tuple(type(cause) for cause in chain)
    if any(issubclass(kind, urllib3.exceptions.NameResolutionError) for kind in kinds):
        return "the name does not resolve"
    if any(issubclass(kind, ConnectionRefusedError) for kind in kinds):
        return "the connection was refused"
    if any(issubclass(kind, TooLarge) for kind in kinds):
        return str(next(cause for cause in chain if isinstance(cause, TooLarge)))
    if any(issubclass(kind, TimeoutError | requests.Timeout) for kind in kinds):
        return f"no complete answer within {timeout:g} seconds"
    return "the connection broke off"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what lies beneath it, outermost first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain
