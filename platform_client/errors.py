"""What the Platform's refusals (RFC 9457 problems) mean; the taxonomy is `wire.errors`."""

from wire.errors import ConfigError, PermanentError, RemoteError, TransientError
from wire.redact import redact
from wire.session import Answer

SERVICE = "The Platform"
WORDS_LENGTH = 500
CHECK_KEY = "Check the key in Settings → Authentication."
CHECK_URL = "Check the API URL in Settings → Authentication."


class CursorExpired(TransientError):
    """The snapshot a cursor reads lived its 30 minutes: start the listing again."""


def refusal(answer: Answer, *, what: str) -> RemoteError:
    """The error for any answer but 200."""
    status, told = answer.status, words(answer)
    said = f": {told}" if told else ""
    kind: type[RemoteError] = PermanentError
    message = f"{SERVICE} refused to list {what} ({status}){said}."
    if status == 401:
        kind, message = ConfigError, f"{SERVICE} refused the API key (401). {CHECK_KEY}"
    elif status == 403:
        kind = ConfigError
        message = f"{SERVICE}'s API key has no right to read {what} (403). {CHECK_KEY}"
    elif status == 410:
        kind = CursorExpired
        message = f"{SERVICE}'s list of {what} expired while it was read (410). Load it again."
    elif status == 404 or 200 < status < 400:
        kind = ConfigError
        message = f"{SERVICE} does not answer at this address ({status}). {CHECK_URL}"
    return kind(message, service=SERVICE, status=status, request_id=answer.request_id, words=told)


def unreadable(answer: Answer, *, what: str) -> RemoteError:
    """A 200 that isn't data; a web page means that this isn't the Platform's API."""
    if answer.body.lstrip()[:1] == b"<":
        message = f"{SERVICE} answers with a web page instead of data. {CHECK_URL}"
        return ConfigError(message, service=SERVICE, status=answer.status)
    return TransientError(
        f"{SERVICE}'s answer to {what} can't be read. Try again later.",
        service=SERVICE,
        status=answer.status,
        request_id=answer.request_id,
    )


def broken_page(what: str, why: str) -> PermanentError:
    """A page that leaves the contract; what came before it stays valid."""
    return PermanentError(f"{SERVICE} sent a broken page of {what}: {why}.", service=SERVICE)


def words(answer: Answer) -> str:
    """The problem's title and detail; "" where there is none."""
    body = answer.problem()
    told = (str(body.get(name) or "").strip().rstrip(".") for name in ("title", "detail"))
    return redact(": ".join(text for text in told if text))[:WORDS_LENGTH]
