"""What ConnectWise's refusals mean (docs/connectwise.md, "Errors").

Its bodies come in several shapes: inner errors or none, `error` in place of `code`, HTML, nothing.
"""

from psa_connectwise.address import SERVICE
from wire.errors import ConfigError, Conflict, OutcomeUnknown, PermanentError, RemoteError
from wire.redact import redact
from wire.session import Answer

WORDS_LENGTH = 1000
CHECK_KEYS = "Check Company ID, public and private key under Settings → Authentication."
CHECK_ROLE = "Check the security role of the API member and the client ID."
CHECK_URL = "Check the API URL and the Company ID under Settings → Authentication."


def refusal(answer: Answer, *, what: str) -> RemoteError:
    """The error for an answer that is neither a success nor a 404."""
    told = words(answer)
    status, said = answer.status, f": {told}" if told else ""
    lowered = told.lower()
    if status == 401:
        return _config(answer, f"refused the keys (401){said}", CHECK_KEYS)
    if "ssl is required" in lowered:
        return _config(answer, f"does not take API calls at this host{said}", CHECK_URL)
    # A wrong client ID comes as a 400 too (docs/connectwise.md, "Errors"): every call would fail alike.
    if status == 403 or (status == 400 and "clientid" in lowered.replace(" ", "")):
        return _config(answer, f"denied access to {what} ({status}){said}", CHECK_ROLE)
    if 300 <= status < 400:
        return _config(answer, f"answers with a redirect ({status})", CHECK_URL)
    message = f"{SERVICE} refused {what} ({status}){said or ': no reason given'}."
    kind = Conflict if status == 409 else PermanentError
    return kind(message, service=SERVICE, status=status, request_id=answer.request_id, words=told)


def wrong_address(answer: Answer) -> ConfigError:
    """A 404 that isn't believed: the API itself does not answer."""
    return _config(answer, "does not know this address (404)", CHECK_URL)


def web_page(answer: Answer) -> ConfigError:
    """A page for people where data should be."""
    return _config(answer, "answers with a web page instead of data", CHECK_URL)


def unreadable_write(answer: Answer) -> OutcomeUnknown:
    """It says it was done, but not what."""
    return OutcomeUnknown(
        f"{SERVICE} did not confirm the change: its answer ({answer.status}) can't be read. "
        "It was probably made.",
        service=SERVICE,
        status=answer.status,
        request_id=answer.request_id,
    )


def words(answer: Answer) -> str:
    """ConnectWise's own words, inner errors joined; "" where it has none."""
    body = answer.problem()
    inner = body.get("errors")
    told = (
        [_inner(error) for error in inner if isinstance(error, dict)]
        if isinstance(inner, list)
        else []
    )
    # `error` stands in place of `code` on a 429 (docs/connectwise.md, "Errors").
    outer = body.get("message") or body.get("code") or body.get("error") or ""
    detail = "; ".join(text for text in told if text)
    parts = [str(outer).strip().rstrip("."), detail]
    return redact(": ".join(part for part in parts if part))[:WORDS_LENGTH].rstrip(".")


def _inner(error: dict[str, object]) -> str:
    message = str(error.get("message") or error.get("code") or "").strip()
    field = str(error.get("field") or "")
    return f"{message} ({field})" if field and field not in message else message


def _config(answer: Answer, problem: str, fix: str) -> ConfigError:
    return ConfigError(
        f"{SERVICE} {problem}. {fix}",
        service=SERVICE,
        status=answer.status,
        request_id=answer.request_id,
        words=words(answer),
    )
