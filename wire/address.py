"""Addresses of remotes: https everywhere, plain http only to this machine."""

from urllib.parse import SplitResult, urlsplit

from wire.errors import ConfigError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def checked(url: str, *, service: str) -> SplitResult:
    """The address taken apart; raises ConfigError where it can't be used or isn't safe."""
    try:
        parts = urlsplit(url.strip())
        # Reading the port checks it.
        usable = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = None
    if not usable or parts.username or parts.password:
        raise ConfigError(
            f"{service}'s address is malformed. Enter it like https://host.", service=service
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts)):
        raise ConfigError(f"{service}'s address must begin with https://.", service=service)
    return parts


def is_loopback(parts: SplitResult) -> bool:
    """The remote is a stand-in on this machine."""
    return parts.hostname in LOOPBACK


def sendable(values: dict[str, str], *, service: str) -> None:
    """Refuse credentials that can't travel in a header, by name; they are never shown."""
    for name, value in values.items():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise ConfigError(
                f"{service}'s {name} contains characters that can't be part of it. Enter it again.",
                service=service,
            )
