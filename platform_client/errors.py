"""What only the Platform can answer with; the rest of the taxonomy is `wire.errors`."""

from wire.errors import TransientError


class CursorExpired(TransientError):
    """The snapshot a cursor reads lived its 30 minutes: start the listing again."""
