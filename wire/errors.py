"""What can go wrong with a remote, sorted by what has to happen next.

Every message is one sentence for a user: it names the remote, what it said, and the fix.
"""


class RemoteError(Exception):
    """Base of all; `words` are the remote's own, where it gave any."""

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int | None = None,
        request_id: str | None = None,
        words: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.status = status
        self.request_id = request_id
        self.words = words


class TransientError(RemoteError):
    """Nothing was done; try again later, after `retry_after` seconds where the remote said so."""

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int | None = None,
        request_id: str | None = None,
        words: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            message, service=service, status=status, request_id=request_id, words=words
        )
        self.retry_after = retry_after


class PermanentError(RemoteError):
    """The remote refused; a person must look before it is sent again."""


class ConfigError(RemoteError):
    """Wrong address, keys or rights: every further call would fail alike, so stop the run."""


class OutcomeUnknown(RemoteError):
    """A write went out and nobody knows whether it was done: look before sending it again."""


class NotFound(PermanentError):
    """The record is gone; the remote is otherwise well."""


class Conflict(TransientError):
    """The record is in use there (409): once more, later."""


class NotConfigured(ConfigError):
    """Settings are missing; nothing was sent."""

    def __init__(self, missing: list[str], *, service: str) -> None:
        super().__init__(
            f"{service} is not set up: {', '.join(missing)} missing. "
            "Fill it in under Settings → Authentication.",
            service=service,
        )
        self.missing = missing
